import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'node:test';
import type { CommandResult, ResourceName, SessionId } from '@holdfast/state';
import type { Engine } from '../../src/index.ts';
import { startTestCluster } from '../cluster.ts';
import type { TestCluster } from '../cluster.ts';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const anonymous = { identity: 'anonymous' };

const acquire = (engine: Engine, sessionId: string, name: string): Promise<CommandResult> =>
  engine.submit(
    {
      type: 'acquire',
      sessionId: sessionId as SessionId,
      requestId: randomUUID(),
      name: name as ResourceName,
      mode: 'exclusive',
      waitMs: 0,
      acquiredAtMs: 0,
    },
    anonymous,
  );

async function stop(cluster: TestCluster, id: string): Promise<void> {
  await cluster.engines.get(id)?.close();
  cluster.engines.delete(id);
}

describe('A member whose log is gone', () => {
  it('does not start, though its identity is there, and says how it comes back (N2)', async () => {
    const cluster = await startTestCluster(['a']);
    try {
      const log = join(cluster.folder, 'a', 'log');
      await stop(cluster, 'a');
      // Given an operator who deletes the log
      rmSync(log, { recursive: true });
      await assert.rejects(
        cluster.start('a'),
        (error) =>
          error instanceof Error &&
          error.name === 'LogMissingError' &&
          /must not vote/.test(error.message) &&
          /as a learner, under a new id with an empty folder/.test(error.message),
      );
      // And once more, for the refusal must not have made one
      await assert.rejects(cluster.start('a'), /does not hold the log of this node/);
    } finally {
      await cluster.close();
    }
  });

  it('does not start with the log of another member either', async () => {
    const cluster = await startTestCluster(['a', 'b', 'c']);
    try {
      for (const id of ['a', 'b', 'c']) await stop(cluster, id);
      const logOf = (id: string): string => join(cluster.folder, id, 'log');
      rmSync(logOf('a'), { recursive: true });
      renameSync(logOf('b'), logOf('a'));
      await assert.rejects(cluster.start('a'), /is another log/);
    } finally {
      await cluster.close();
    }
  });
});

describe('A node that cannot start', () => {
  it('gives its folder back: where its address is taken, and where a file of it is damaged', async () => {
    const cluster = await startTestCluster(['a']);
    try {
      await stop(cluster, 'a');
      const taken = createServer();
      await new Promise<void>((resolve) =>
        taken.listen(cluster.ports.get('a'), '127.0.0.1', resolve),
      );
      // When it is tried twice, the second attempt is not told that the folder is in use
      for (let attempt = 0; attempt < 2; attempt++)
        await assert.rejects(cluster.start('a'), /Cannot listen for peers/);
      await new Promise((resolve) => taken.close(resolve));
      const known = join(cluster.folder, 'a', 'known-peers.json');
      writeFileSync(known, '{');
      for (let attempt = 0; attempt < 2; attempt++)
        await assert.rejects(cluster.start('a'), /known-peers.json is damaged/);
      rmSync(known);
      await cluster.start('a');
      await cluster.leader();
    } finally {
      await cluster.close();
    }
  });
});

describe('A node of the format before', () => {
  for (const former of ['former-node', 'former-node-with-snapshot'])
    it(`goes on where it was, with its state and its tokens, and keeps one log: ${former}`, async () => {
      const cluster = await startTestCluster([], { extraIds: ['a'] });
      try {
        // Given a folder with twelve locks that one session holds
        const folder = join(cluster.folder, 'former');
        cpSync(fixture(former), folder, { recursive: true });
        for (const [name, fenceToken] of [
          ['lock-13', 13],
          ['lock-14', 14],
        ] as const) {
          await cluster.start('a', { folder });
          const leader = await cluster.leader();
          const granted = await acquire(leader, '11111111-2222-4333-8444-555555555555', name);
          assert.ok(granted.ok && granted.type === 'granted', JSON.stringify(granted));
          assert.equal(granted.fenceToken, fenceToken);
          await stop(cluster, 'a');
          // Then the former file is gone, and the identity names the log
          assert.ok(readdirSync(join(folder, 'log')).every((one) => !one.includes('sqlite')));
          const identity = JSON.parse(
            readFileSync(join(folder, 'identity.json'), 'utf8'),
          ) as unknown;
          assert.partialDeepStrictEqual(identity, { formatVersion: 2, log: { made: true } });
        }
      } finally {
        await cluster.close();
      }
    });

  it('without its log does not start', async () => {
    const cluster = await startTestCluster([], { extraIds: ['a'] });
    try {
      const folder = join(cluster.folder, 'former');
      mkdirSync(folder);
      cpSync(join(fixture('former-node'), 'identity.json'), join(folder, 'identity.json'));
      await assert.rejects(cluster.start('a', { folder }), { name: 'LogMissingError' });
      await assert.rejects(cluster.start('a', { folder }), { name: 'LogMissingError' });
    } finally {
      await cluster.close();
    }
  });
});
