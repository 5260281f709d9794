/** What a command asks of its node: what it is for, and nothing else. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, it, mock } from 'node:test';
import { FakePeer } from '../../../client/test/fake-peer.ts';
import { exitStatus } from '../../src/exit-status.ts';
import { run } from '../../src/program.ts';

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** What a command writes; what the reporter of tests does is bytes, and goes on. */
async function heard(work: () => Promise<void>): Promise<string> {
  let told = '';
  const writes = [process.stdout, process.stderr].map((stream) => {
    const write = stream.write.bind(stream);
    return mock.method(stream, 'write', (chunk: string | Uint8Array) => {
      if (typeof chunk !== 'string') return write(chunk);
      told += chunk;
      return true;
    });
  });
  try {
    await work();
  } finally {
    for (const write of writes) write.mock.restore();
  }
  return told;
}

describe('a command that asks a node', () => {
  const requests: Readonly<Record<string, string>> = {
    'lock release x --fence-token 1': 'release',
    'lock force-release x': 'force_release',
    'lock acquire x': 'acquire',
    'latch delete x': 'delete_latch',
    'session end s': 'end_session',
    'cache get k': 'cache_get',
  };
  for (const [words, operation] of Object.entries(requests))
    it(`given "${words}", then ${operation} is all that is asked`, async () => {
      const peer = await FakePeer.start();
      try {
        await heard(async () => {
          await run(['--endpoint', peer.url, ...words.split(' ')]);
        });
        const asked = peer.received.map((received) => received.operation);
        assert.deepEqual(asked, [operation]);
      } finally {
        await peer.close();
      }
    });

  it('given no node, then its URL, the cause and the next step are told, and no operation', async () => {
    const commands = [
      'lock run x true',
      'election campaign x',
      'latch wait x --wait 1',
      'lock acquire x --wait 1',
      'watch',
      'queue work true',
    ];
    const port = String(await closedPort());
    const endpoint = `127.0.0.1:${port}`;
    const statuses: number[] = [];
    const told = await heard(async () => {
      const all = commands.map((words) => run(['--endpoint', endpoint, ...words.split(' ')]));
      statuses.push(...(await Promise.all(all)));
    });
    assert.deepEqual(new Set(statuses), new Set([exitStatus.unreachable]), told);
    const text = `holdfast: No node answered within 5000 ms. Nothing was executed. Not reached: http://${endpoint} (ECONNREFUSED). (deadline_exceeded)
Asked: http://${endpoint}. Start a node with "holdfast server" or "holdfast cluster", or name one with --endpoint.
`;
    assert.equal(told.split(text).length - 1, commands.length, told);
    assert.doesNotMatch(told, /list_locks|create_session|timed out|may have been/);
  });
});
