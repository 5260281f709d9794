/** Everything that waits is asked for again in one turn when a connection was lost: a node reads it, and no session is lost behind it. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectTcp, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { connect } from '@holdfast/client';
import { startLocalCluster } from '@holdfast/server';
import { freePorts } from '../../src/free-ports.ts';
import { waitUntil } from '../../src/wait-until.ts';

const sessionsOfAll = 4;
const waitsOfSession = 375;
const lockOf = (session: number, wait: number): string => `l${String(session)}/${String(wait)}`;
const range = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n);

/** Between a client and a node; its connections can be cut. */
async function startWay(nodePort: number) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const onward = connectTcp(nodePort, '127.0.0.1');
    for (const one of [socket, onward]) {
      sockets.add(one);
      one.on('error', () => undefined).on('close', () => sockets.delete(one));
    }
    socket.pipe(onward).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return { url: `http://127.0.0.1:${String(port)}`, cut, close: () => server.close() };
}

describe('A client with 1,500 waiting locks whose connection is cut', () => {
  it('goes on waiting for all of them, and loses no session', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-test-'));
    const [port = 0] = await freePorts(1);
    const cluster = await startLocalCluster({ ports: [port], folder });
    const way = await startWay(port);
    try {
      await cluster.leader();
      await using holder = await connect({ endpoints: cluster.urls });
      const client = await connect({ endpoints: [way.url], transport: 'stream' });
      const holders = await Promise.all(range(sessionsOfAll).map(() => holder.session()));
      const all = range(sessionsOfAll).flatMap((s) =>
        range(waitsOfSession).map((w) => [s, w] as const),
      );
      await Promise.all(all.map(async ([s, w]) => holders[s]?.lock(lockOf(s, w))));
      const sessions = await Promise.all(
        range(sessionsOfAll).map(() => client.session({ timeoutSeconds: 8 })),
      );
      const metadata = 'm'.repeat(900);
      const waits = Promise.all(
        all.map(async ([s, w]) => sessions[s]?.lock(lockOf(s, w), { waitMs: 30_000, metadata })),
      );
      const count = async (): Promise<number> =>
        (await Promise.all(sessions.map((session) => session.waits()))).flat().length;
      await waitUntil('all wait', 20_000, async () => (await count()) === all.length);
      way.cut();
      await Promise.all(holders.map((session) => session.end()));
      const granted = await waits;
      assert.equal(granted.filter((hold) => hold?.isHeld()).length, all.length);
      for (const session of sessions) assert.equal(session.state, 'active');
      await client.close();
    } finally {
      way.close();
      way.cut();
      await cluster.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
