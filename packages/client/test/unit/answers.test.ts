/** Answers of nodes that are none, and requests of programs that are none. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { endpointOf, HoldfastError } from '@holdfast/protocol';
import type { OperationName } from '@holdfast/protocol';
import { Client } from '../../src/client.ts';
import { Connection } from '../../src/connection.ts';
import { Election } from '../../src/election.ts';
import { MultiLock } from '../../src/multi-lock.ts';
import type { Session } from '../../src/session.ts';
import { environmentOf, VirtualClock, VirtualNode } from '../virtual-nodes.ts';

describe('An answer that cannot be read (CLIENT-ANSWER-1)', () => {
  let clock: VirtualClock;
  let node: VirtualNode;
  let client: Client;
  beforeEach(() => {
    clock = new VirtualClock();
    node = new VirtualNode(clock, 'a');
    client = new Client({ endpoints: [node.url] }, environmentOf(clock, [node]));
  });
  const answering = (operation: string, answer: object): void => {
    node.handle = (asked) => {
      if (asked.operation === operation) asked.answer(answer);
      else node.serve(asked);
    };
  };
  const unread = (error: unknown): boolean =>
    error instanceof HoldfastError && error.code === 'internal' && error.effect === 'perhaps';

  const grants: Readonly<
    Record<string, readonly [(session: Session) => Promise<unknown>, object]>
  > = {
    acquire: [(session) => session.lock('x'), { fence_token: '7', mode: 'exclusive' }],
    acquire_permits: [(session) => session.permits('x', { limit: 1 }), { permits: 1 }],
    campaign: [(session) => new Election(session, 'x').campaign(), { fence_token: null }],
    acquire_many: [
      (session) => new MultiLock(session, ['x', 'y']).acquire(),
      { holds: [{ kind: 'lock', resource: 'x', fence_token: 1 }, { kind: 'lock' }] },
    ],
  };
  for (const [operation, [acquire, answer]] of Object.entries(grants))
    it(`makes no hold, and what it may have acquired is cancelled: ${operation}`, async () => {
      const session = await clock.settled(client.session());
      answering(operation, answer);
      await clock.settled(assert.rejects(acquire(session), unread));
      assert.deepEqual(session.holds, []);
      await clock.pass(1000);
      assert.equal(node.askedFor('cancel_request')[0]?.body['request_id'], 1);
      await clock.settled(client.close());
    });

  for (const answer of [{ session_id: 's1' }, { session_id: 's1', timeout: 'x' }, { timeout: 10 }])
    it(`makes no session: ${JSON.stringify(answer)}`, async () => {
      answering('create_session', answer);
      await clock.settled(assert.rejects(client.session(), unread));
      await clock.settled(client.close());
    });

  it('makes no deliveries', async () => {
    answering('queue_pop', { queue: 'default', messages: [{ id: 1, receipt: 'r' }] });
    await clock.settled(assert.rejects(client.queue().consume().next(), unread));
    await clock.settled(client.close());
  });

  for (const [kind, push] of [
    ['hold_ended', { session_id: 's1', kind: 'lock', resource: 'x' }],
    ['hold_ended', { kind: 'lock', resource: 'x', fence_token: 1 }],
    ['session_ended', { session: 's1' }],
  ] as const)
    it(`is no push: ${kind} ${JSON.stringify(push)}`, async () => {
      const session = await clock.settled(client.session());
      const hold = await clock.settled(session.lock('x'));
      node.push(kind, push);
      await clock.pass(100);
      assert.equal(node.triedAtMs.length, 2, 'the connection that says so is lost');
      assert.equal(hold.state, 'held');
      await clock.settled(client.close());
    });
});

describe('A request that is none (REQUEST-3)', () => {
  const clock = new VirtualClock();
  const node = new VirtualNode(clock, 'a');
  const anything = (value: unknown): never => value as never;
  const requests: Readonly<
    Record<string, readonly [operation: unknown, body: unknown, signal?: unknown]>
  > = {
    'no operation': [undefined, {}],
    'an operation that is not there': ['toString', {}],
    'no body': ['acquire', undefined],
    'null for a body': ['acquire', null],
    'a text for a body': ['lock_status', 'a'],
    'null for a signal': ['acquire', { name: 'a' }, null],
    'a signal that is none': ['acquire', { name: 'a' }, { aborted: false }],
  };
  for (const [what, [operation, body, signal]] of Object.entries(requests))
    it(`is refused by its promise: ${what}`, async () => {
      const client = new Client({ endpoints: [node.url] }, environmentOf(clock, [node]));
      const settings = signal === undefined ? {} : { signal: anything(signal) };
      const asked = client.call(operation as OperationName, anything(body), settings);
      await assert.rejects(asked, { code: 'invalid_request', effect: 'none' });
      const session = await clock.settled(client.session());
      await assert.rejects(session.request(anything('nothing'), anything({})), {
        code: 'invalid_request',
      });
      assert.equal(node.askedFor('acquire').length, 0);
      await clock.settled(client.close());
    });

  it('takes no room, however often it is asked, nor does one whose messages are none', async () => {
    const { openSocket } = environmentOf(clock, [node]);
    const connection = new Connection(
      [endpointOf(node.url)],
      clock,
      { openSocket, openHttp: undefined },
      () => undefined,
    );
    const settings = { timeoutMs: 1000 };
    for (let count = 0; count < 51_000; count++) {
      const body = count % 2 === 0 ? null : { messages: 5 };
      const asked = connection.call('queue_push_batch', anything(body), {
        ...settings,
        ...(count % 2 === 0 ? {} : { signal: anything(null) }),
      });
      await assert.rejects(asked, { code: 'invalid_request' });
    }
    await clock.settled(connection.call('lock_status', { name: 'a' }, settings));
    connection.close();
  });
});
