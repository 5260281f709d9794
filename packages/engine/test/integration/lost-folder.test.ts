import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Engine } from '../../src/index.ts';
import { createRaftEngine } from '../../src/index.ts';
import { leaderOf, startTestCluster, statusReached, stateLimits } from '../cluster.ts';

describe('A member whose whole folder was lost', () => {
  it('comes back with join and a list of peers that leaves one out: it gives no vote', async () => {
    // Given three members, of which b was away when the last command was committed by a and c
    const cluster = await startTestCluster(['a', 'b', 'c']);
    const address = (id: string): string => `127.0.0.1:${String(cluster.ports.get(id))}`;
    const said: string[] = [];
    let back: Engine | undefined;
    try {
      const leader = await cluster.leader();
      const all = [...cluster.engines.values()];
      // All have met before b goes.
      for (const engine of all) {
        await statusReached(all, () =>
          engine
            .status()
            .members.every((member) => member.connected || member.id === engine.status().nodeId),
        );
      }
      assert.ok(leader.status().ready);
      await cluster.engines.get('b')?.close();
      const rest = await leaderOf(['a', 'c'].map((id) => cluster.engines.get(id) as Engine));
      await rest.submit(
        {
          type: 'create_session',
          sessionId: 'first' as never,
          clientId: 'first',
          timeoutMs: 60_000,
          lockDelayMs: 0,
          createdAtMs: 0,
        },
        { identity: 'anonymous' },
      );
      await cluster.engines.get('a')?.close();
      await cluster.engines.get('c')?.close();
      // When c loses its folder and comes back with join, told of a alone, which is down; and b comes back
      rmSync(join(cluster.folder, 'c'), { recursive: true });
      const say = (_fields: object, message: string): void => void said.push(message);
      const refused = new Promise<void>((resolve) => {
        const listen = (fields: object, message: string): void => {
          say(fields, message);
          if (/"c" came back with another data folder/.test(message)) resolve();
        };
        void createRaftEngine({
          clusterId: 'test',
          nodeId: 'c',
          folder: join(cluster.folder, 'c'),
          peerListen: { host: '127.0.0.1', port: cluster.ports.get('c') ?? 0 },
          peerAdvertise: address('c'),
          initialMembers: [{ id: 'a', address: address('a') }],
          join: true,
          clientUrl: 'http://c.test',
          heartbeatMs: 100,
          electionTimeoutMinMs: 300,
          electionTimeoutMaxMs: 600,
          stateLimits,
          snapshotLogBytes: 64 * 1024 * 1024,
          log: { info: () => undefined, warn: listen, error: listen },
          onFatal: (error) => {
            throw error;
          },
        }).then((engine) => {
          back = engine;
        });
      });
      const b = await cluster.start('b');
      // Then b refuses it, says so to it, and nobody is elected
      await refused;
      await assert.rejects(
        b.submit(
          {
            type: 'create_session',
            sessionId: 'second' as never,
            clientId: 'second',
            timeoutMs: 60_000,
            lockDelayMs: 0,
            createdAtMs: 0,
          },
          { identity: 'anonymous', timeoutMs: 2000 },
        ),
        { code: 'no_quorum' },
      );
      assert.equal(b.status().leader, null);
      // And with a, which has what was committed, there is a leader again
      const a = await cluster.start('a');
      await leaderOf([a, b]);
    } finally {
      await back?.close();
      await cluster.close();
    }
  });
});
