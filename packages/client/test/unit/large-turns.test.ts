/** Much at once, and what no node would read: after a connection was lost everything goes out in one turn. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { HoldfastError, longestMessageBytes } from '@holdfast/protocol';
import { Client } from '../../src/client.ts';
import { systemEnvironment } from '../../src/environment.ts';
import { Election, MultiLock } from '../../src/index.ts';
import { OutgoingRequests } from '../../src/outgoing.ts';
import type { OutgoingRequest } from '../../src/outgoing.ts';
import { Room } from '../../src/room.ts';
import { FakePeer } from '../fake-peer.ts';

const isCode = (code: string) => (error: unknown) =>
  error instanceof HoldfastError && error.code === code && error.effect === 'none';

const requestOf = (text: string, isOfHolders = false): OutgoingRequest => ({
  text: JSON.stringify(text),
  isOfHolders,
  sent: false,
  attempts: 0,
});
const textsIn = (messages: readonly string[]): readonly string[] =>
  messages.flatMap((message) => JSON.parse(message) as readonly string[]);

describe('What goes out in one turn', () => {
  it('is no message that a node would not read, whatever characters it has (OUTGOING-1)', () => {
    for (const sign of ['x', '€', '😀', '"']) {
      const turn = new OutgoingRequests<OutgoingRequest>();
      const all = Array.from({ length: 700 }, (_, n) => `${String(n)}${sign.repeat(900)}`);
      for (const text of all) turn.add(requestOf(text));
      const messages = turn.take();
      for (const message of messages) assert.ok(Buffer.byteLength(message) <= longestMessageBytes);
      assert.deepEqual(textsIn(messages), all);
      assert.ok(messages.length < 20, String(messages.length));
      assert.deepEqual(turn.take(), []);
    }
  });

  it('is one message in the order in which it was asked for, where that is enough', () => {
    const turn = new OutgoingRequests<OutgoingRequest>();
    const wants = requestOf('wants');
    for (const one of [wants, requestOf('keeps', true), wants, requestOf('wants too')])
      turn.add(one);
    assert.deepEqual(turn.take(), ['["wants","keeps","wants too"]']);
    assert.deepEqual([wants.sent, wants.attempts], [true, 1]);
  });

  it('begins with what keeps, cancels or gives back where it is more (OUTGOING-2)', () => {
    const turn = new OutgoingRequests<OutgoingRequest>();
    const gone = requestOf('gone');
    turn.add(gone);
    for (let n = 0; n < 1000; n++) turn.add(requestOf('w'.repeat(900)));
    turn.add(requestOf('keeps', true));
    turn.delete(gone);
    const texts = textsIn(turn.take());
    assert.equal(texts[0], 'keeps');
    assert.equal(texts.length, 1001);
  });
});

describe('What is unanswered', () => {
  it('is bounded in number and size, and who holds has room above that (ROOM-1, ROOM-2)', () => {
    for (const [fill, room] of [
      ['a', new Room(4, 1000)],
      ['a'.repeat(250), new Room(1000, 1000)],
    ] as const) {
      for (let n = 0; n < 4; n++) room.take(fill, false);
      assert.throws(() => room.take(fill, false), isCode('overloaded'));
      assert.doesNotThrow(() => room.take(fill, true));
      assert.throws(() => room.take(fill, true), isCode('overloaded'));
      for (let n = 0; n < 2; n++) room.leave(fill);
      room.take(fill, false);
    }
  });
});

describe('A client', () => {
  let peer: FakePeer;
  let client: Client;
  beforeEach(async () => {
    peer = await FakePeer.start();
    client = new Client({ endpoints: [peer.url], timeoutMs: 5000 });
  });
  afterEach(async () => {
    peer.handle = (request) => request.answer({});
    await client.close();
    await peer.close();
  });

  it('sends all that waits again over the next connection, in messages that a node reads', async () => {
    const lengths: number[] = [];
    const spied = new Client(
      { endpoints: [peer.url], timeoutMs: 20_000 },
      {
        ...systemEnvironment,
        openSocket: (url, events) => {
          const socket = systemEnvironment.openSocket(url, events);
          const send = (text: string): void => {
            lengths.push(Buffer.byteLength(text));
            socket.send(text);
          };
          return { send, close: () => socket.close() };
        },
      },
    );
    const session = await spied.session({ timeoutSeconds: 30 });
    peer.handle = () => undefined;
    const metadata = { why: 'm'.repeat(900) };
    const count = 400;
    const asked = Array.from({ length: count }, (_, n) =>
      session.lock(`l${String(n)}`, { waitMs: 20_000, metadata: { ...metadata, n } }),
    );
    asked.push(
      ...Array.from(
        { length: count },
        () =>
          spied.call('acquire', {
            name: 'own',
            client_id: 'own',
            ttl_seconds: 9,
            metadata: { why: '€'.repeat(900) },
          }) as never,
      ),
    );
    const settled = Promise.allSettled(asked);
    await peer.next('acquire', 2 * count);
    peer.handle = (request) => peer.answerNormally(request);
    peer.dropConnections();
    await peer.next('acquire', 3 * count);
    await settled;
    assert.ok(lengths.length > 4, String(lengths.length));
    for (const length of lengths) assert.ok(length <= longestMessageBytes, String(length));
    await spied.close();
  });

  it('refuses a request that is larger than a node reads before it is sent, and goes on (REQUEST-TEXT-1)', async () => {
    const session = await client.session();
    for (const sign of ['x', '€'])
      await assert.rejects(
        session.lock('a', { metadata: sign.repeat(longestMessageBytes / Buffer.byteLength(sign)) }),
        isCode('invalid_request'),
      );
    await (await session.lock('b')).release();
    assert.equal(peer.received.filter(({ operation }) => operation === 'acquire').length, 1);
  });

  it('sends a request again as it was asked for, whatever its caller changes meanwhile (REQUEST-TEXT-1)', async () => {
    const session = await client.session();
    peer.handle = () => undefined;
    const metadata = { step: 1 };
    const asked = session.lock('a', { metadata });
    await peer.next('acquire');
    metadata.step = 2;
    peer.handle = (request) => peer.answerNormally(request);
    peer.dropConnections();
    await asked;
    assert.deepEqual((await peer.next('acquire', 2)).body['metadata'], { step: 1 });
  });

  const circular: { self?: unknown } = {};
  circular.self = circular;
  const throwing = {
    toJSON: () => {
      throw new Error('toJSON of the caller');
    },
  };
  for (const [what, wrong] of Object.entries({ bigint: { n: 1n }, circular, throwing }))
    it(`refuses a value that is no JSON to whoever asked with it, and goes on: ${what} (REQUEST-TEXT-1)`, async () => {
      const value = wrong as never;
      const session = await client.session();
      const election = new Election(session, 'e');
      const leadership = await election.campaign();
      for (const asked of [
        () => session.lock('a', { metadata: value }),
        () => session.permits('a', { metadata: value }),
        () => new MultiLock(session, ['a', 'b']).acquire({ metadata: value }),
        () => election.campaign({ value }),
        () => leadership.proclaim(value),
        () => client.cache.set('a', value),
        () => client.queue('q').push('a', value),
        () => client.queue('q').pushAll([{ key: 'a', payload: value }]),
        () => client.call('list_locks', value),
      ])
        await assert.rejects(asked, isCode('invalid_request'), String(asked));
      await (await session.lock('b')).release();
      assert.equal(session.state, 'active');
    });
});
