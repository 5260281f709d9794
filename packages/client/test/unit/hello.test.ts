/** Connections of a client with a key: what the caller's function gives, and what a server says. */
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { Client, connect } from '../../src/client.ts';
import { helloId, readApiKey, withHello } from '../../src/hello.ts';
import type { ApiKey } from '../../src/hello.ts';
import { answersIn } from '../../src/messages.ts';
import type { SocketEvents } from '../../src/socket.ts';
import { FakePeer } from '../fake-peer.ts';

describe('The first message of a connection with a key', () => {
  it('is given on as it came where it is none, and nothing is thrown', () => {
    for (const text of [
      'welcome to another service',
      'null',
      '7',
      '{}',
      '[null]',
      '[[1,0,null]]',
    ]) {
      const told: string[] = [];
      const sent: string[] = [];
      const opened: SocketEvents[] = [];
      const open = withHello((_url, events) => {
        opened.push(events);
        return { send: (one) => void sent.push(one), close: () => undefined };
      }, 'hf_x');
      open('ws://127.0.0.1:1', {
        onOpen: () => undefined,
        onMessage: (one) => void told.push(one),
        onClose: () => undefined,
      });
      const [events] = opened;
      events?.onOpen();
      assert.equal(sent.length, 1);
      assert.doesNotThrow(() => events?.onMessage(text));
      assert.deepEqual(told, [text]);
    }
  });
});

describe('What a node answers to the key', () => {
  /** What is told of a first message, and why the connection ended by it. */
  function told(text: string): { readonly texts: string[]; readonly causes: unknown[] } {
    const texts: string[] = [];
    const causes: unknown[] = [];
    let opened: SocketEvents | undefined;
    const open = withHello((_url, events) => {
      opened = events;
      return { send: () => undefined, close: () => undefined };
    }, 'hf_x');
    open('ws://127.0.0.1:1', {
      onOpen: () => undefined,
      onMessage: (one) => void texts.push(one),
      onClose: (cause) => void causes.push(cause),
    });
    opened?.onOpen();
    opened?.onMessage(text);
    return { texts, causes };
  }

  it('is given on as it came, with all that came with it (KEYED-3)', () => {
    const cluster = '[0,"cluster",{"cluster_id":"c","node_id":"a","leader":null,"members":[]}]';
    for (const answer of ['0, {"identity":"worker"}', '1, {"code":"unauthorized"}']) {
      const text = `[ ${cluster}, [${String(helloId)}, ${answer}] ]`;
      assert.deepEqual(told(text), { texts: [text], causes: [] });
    }
  });

  it('ends the connection, with its cause, where it is no answer to it (KEYED-3)', () => {
    for (const answer of [
      '0,{}',
      '0,{"identity":7}',
      '1,{}',
      '1,{"code":7}',
      '"x",{"identity":"a"}',
    ]) {
      const { texts, causes } = told(`[[${String(helloId)},${answer}]]`);
      assert.deepEqual(texts, [], answer);
      assert.match(String(causes[0]), /answer to "hello" is not that of a Holdfast node/, answer);
    }
  });
});

/** What the caller's function may do beside giving a key. */
const faults: Readonly<Record<string, { readonly give: () => unknown; readonly why: RegExp }>> = {
  throws: {
    give: () => {
      throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    },
    why: /"apiKey" failed: ENOENT/,
  },
  'gives a promise that is rejected': {
    give: () => Promise.reject(new Error('later')),
    why: /"apiKey" gave a promise: it has to give its value at once/,
  },
  'gives no text': { give: () => 7, why: /"apiKey" gave a value of type number/ },
  'gives nothing': { give: () => null, why: /"apiKey" gave null/ },
};

describe('A function that gives the key', { timeout: 20_000 }, () => {
  for (const [what, { give, why }] of Object.entries(faults))
    for (const transport of ['stream', 'http'] as const)
      it(`and ${what} is told as the cause over ${transport}, and nothing is sent (KEYED-1, KEYED-2)`, async () => {
        const peer = await FakePeer.start();
        const apiKey = give as () => string;
        const wanted = connect({ endpoints: [peer.url], apiKey, timeoutMs: 300, transport });
        await assert.rejects(
          wanted,
          (error) =>
            error instanceof HoldfastError &&
            error.code === 'deadline_exceeded' &&
            why.test(error.message),
        );
        assert.deepEqual(peer.received, []);
        await peer.close();
      });

  it('is asked again for the next connection, and the client goes on (KEYED-2)', async () => {
    const peer = await FakePeer.start();
    let asked = 0;
    const apiKey = (): string => {
      asked += 1;
      if (asked === 2) throw new Error('the file is being replaced');
      return 'hf_x';
    };
    const client = new Client({ endpoints: [peer.url], apiKey, timeoutMs: 5000 });
    const session = await client.session();
    peer.dropConnections();
    await session.lock('a');
    assert.equal(asked, 3);
    await client.close();
    await peer.close();
  });

  it('is told apart from what is no key when the client is made', () => {
    const endpoints = ['127.0.0.1:1'];
    for (const apiKey of [7, {}, null] as unknown as ApiKey[])
      assert.throws(
        () => new Client({ endpoints, apiKey }),
        (error) => error instanceof HoldfastError && error.code === 'invalid_request',
      );
  });
});

/** Says something of its own to whoever connects, and answers what is asked with it. */
async function startOther(text: string, ofWhat: 'first' | 'answer'): Promise<WebSocketServer> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await new Promise((resolve) => server.once('listening', resolve));
  const greeting = { cluster_id: 'test', node_id: 'n0', leader: 'n0', members: [] };
  server.on('connection', (socket: WebSocket) => {
    if (ofWhat === 'answer') socket.send(JSON.stringify([[0, 'cluster', greeting]]));
    socket.send(text);
  });
  return server;
}

const garbage = [
  'welcome to another service',
  'null',
  '7',
  '{}',
  '[null]',
  '[[]]',
  '[[9007199254740991]]',
  '[[9007199254740991,0,null]]',
  '[[9007199254740991,1,null],7]',
  '[[1,0,null],[2,0,null],[3,0,null]]',
  '[[1,1,null]]',
  '[[1,1,{"code":{"toString":1}}],[2,1,{"code":"constructor"}]]',
  '[[0,"cluster",null]]',
  '[[0,"watch",{}]]',
  '[[0,"watch",null]]',
  '[[0,"cache",{"memory_id":"x"}]]',
  '[[0,"session_ended",{}]]',
  '[[0,"hold_ended",{}]]',
];

describe('What a server says that is no message of a node', { timeout: 20_000 }, () => {
  for (const apiKey of [undefined, 'hf_x'])
    for (const ofWhat of ['first', 'answer'] as const)
      it(`as ${ofWhat === 'first' ? 'the first' : 'an answer'} ends no client, which goes on with the next server: ${apiKey === undefined ? 'without' : 'with'} a key`, async () => {
        const peer = await FakePeer.start();
        // The server is left at once; where what it says could be a node's, its time has to pass.
        const leadsOn = (text: string): boolean =>
          ofWhat === 'first' && answersIn(text) === undefined;
        const told: { readonly text: string; readonly statuses: readonly string[] }[] = [];
        await Promise.all(
          garbage.map(async (text) => {
            const other = await startOther(text, ofWhat);
            const { port } = other.address() as AddressInfo;
            const client = new Client({
              endpoints: [`127.0.0.1:${String(port)}`, peer.url],
              timeoutMs: leadsOn(text) ? 10_000 : 300,
              ...(apiKey === undefined ? {} : { apiKey }),
            });
            const asked = [client.call('list_locks', {}), client.session()];
            const watching = client.watch();
            watching.next().catch(() => undefined);
            const settled = await Promise.allSettled(asked);
            await client.close();
            for (const socket of other.clients) socket.terminate();
            other.close();
            told.push({ text, statuses: settled.map(({ status }) => status) });
          }),
        );
        await peer.close();
        assert.equal(told.length, garbage.length);
        for (const { text, statuses } of told)
          if (leadsOn(text)) assert.deepEqual(statuses, ['fulfilled', 'fulfilled'], text);
      });
});

describe('A key with characters that no key has', () => {
  it('is refused without being shown: a header would tell it in its error', () => {
    for (const key of ['hf_secret\nhf_other', 'hf_ secret', '', 'hf_secr\u00e4t']) {
      const given = readApiKey(key);
      assert.ok('why' in given && !/secr/.test(given.why), key);
    }
    assert.deepEqual(readApiKey('hf_a_B-9_'), { value: 'hf_a_B-9_' });
  });
});
