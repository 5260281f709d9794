/** What a caller is told of a call that came to nothing does not depend on how the node was reached (CONNECTION-5). */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import type { Client } from '../../src/client.ts';
import { connect } from '../../src/index.ts';
import { FakePeer } from '../fake-peer.ts';

const timeoutMs = 5000;
const session = { session_id: 's1', name: 'a' };

type Call = (client: Client, settings: object) => Promise<unknown>;
/** What waits at a node, or changes something, or only asks. */
const calls: Readonly<Record<string, Call>> = {
  acquire: (client, more) => client.call('acquire', { ...session, wait_seconds: 30 }, more),
  permits: (client, more) => client.call('acquire_permits', { ...session, limit: 1 }, more),
  campaign: (client, more) => client.call('campaign', session, more),
  barrier: (client, more) => client.call('enter_barrier', { ...session, parties: 2 }, more),
  latch: (client, more) => client.call('wait_latch', session, more),
  pop: (client, more) => client.call('queue_pop', { queue: 'q', wait_seconds: 30 }, more),
  release: (client, more) => client.call('release', session, more),
  status: (client, more) => client.call('lock_status', { name: 'a' }, more),
};

async function outcomesOf(client: Client): Promise<Readonly<Record<string, unknown>>> {
  const outcomes: Record<string, unknown> = {};
  const told = (error: unknown): readonly [string, string] => {
    assert.ok(error instanceof HoldfastError, String(error));
    return [error.code, error.effect];
  };
  const asked = Object.entries(calls).flatMap(([name, call]) => [
    [`${name}, its time over`, { timeoutMs: 300 }, call] as const,
    [`${name}, cancelled`, { signal: AbortSignal.timeout(300) }, call] as const,
  ]);
  const ask = async ([name, settings, call]: (typeof asked)[number]): Promise<void> => {
    outcomes[name] = await call(client, settings).catch(told);
  };
  await Promise.all(asked.map(ask));
  return outcomes;
}

/** A node that answers what every client asks first, and nothing else. */
async function byHttp(): Promise<Readonly<Record<string, unknown>>> {
  const server = createServer((request, response) => {
    request.resume();
    response.setHeader('content-type', 'application/json');
    const status = { cluster_id: 'c', node_id: 'n', leader: 'n', members: [] };
    if (request.url === '/cluster/status') response.end(JSON.stringify(status));
    else if (request.url === '/livez') response.end('{}');
    else if (request.url === '/operations/list_locks') response.end('{"locks":[]}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const endpoints = [`http://127.0.0.1:${String(port)}`];
  const client = await connect({ endpoints, transport: 'http', timeoutMs });
  try {
    return await outcomesOf(client);
  } finally {
    await client.close();
    server.closeAllConnections();
    server.close();
  }
}

async function byStream(): Promise<Readonly<Record<string, unknown>>> {
  const peer = await FakePeer.start();
  const client = await connect({ endpoints: [peer.url], transport: 'stream', timeoutMs });
  peer.handle = (request) => {
    if (request.operation === 'ping') request.answer({});
  };
  try {
    return await outcomesOf(client);
  } finally {
    await client.close();
    await peer.close();
  }
}

it('a call whose time is over, or that is cancelled, is told alike over HTTP and over the stream', async () => {
  const [http, stream] = await Promise.all([byHttp(), byStream()]);
  assert.deepEqual(http, stream);
  for (const [name, outcome] of Object.entries(stream)) {
    const code = name.endsWith('cancelled') ? 'cancelled' : 'deadline_exceeded';
    assert.deepEqual(outcome, [code, /^(status|latch)/.test(name) ? 'none' : 'perhaps'], name);
  }
});
