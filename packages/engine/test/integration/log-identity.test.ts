import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  mkdtempSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'node:test';
import type { CommandResult, ResourceName, SessionId } from '@holdfast/state';
import { createRaftEngine } from '../../src/index.ts';
import type { Engine } from '../../src/index.ts';
import { oneNode } from '../one-node.ts';
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
  it('does not start, though its identity is there, and says how it comes back (IDENTITY-2)', async () => {
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

  it('does not start with an older copy of its log (IDENTITY-3)', async () => {
    const cluster = await startTestCluster(['a', 'b', 'c']);
    try {
      const folder = join(cluster.folder, 'a');
      const log = join(folder, 'log');
      const copy = join(cluster.folder, 'copy');
      // Given a copy that was made while the node was stopped, and starts since
      await stop(cluster, 'a');
      cpSync(log, copy, { recursive: true });
      await cluster.start('a');
      await stop(cluster, 'a');
      const newer = join(cluster.folder, 'newer');
      renameSync(log, newer);
      cpSync(copy, log, { recursive: true });
      // When it is put back
      await assert.rejects(
        cluster.start('a'),
        (error) =>
          error instanceof Error &&
          error.name === 'LogMissingError' &&
          /an older copy/.test(error.message) &&
          /must not vote/.test(error.message),
      );
      // Then it starts with its own
      rmSync(log, { recursive: true });
      renameSync(newer, log);
      await cluster.start('a');
    } finally {
      await cluster.close();
    }
  });

  it('does not start when its log lost its end while it was stopped (IDENTITY-3)', async () => {
    const cluster = await startTestCluster(['a', 'b', 'c']);
    try {
      await stop(cluster, 'a');
      await cluster.start('a');
      await stop(cluster, 'a');
      // Given the last frame is zeros, where no snapshot tells of it
      const segment = join(cluster.folder, 'a', 'log', '000000000001.segment');
      const bytes = readFileSync(segment);
      bytes.fill(0, bytes.lastIndexOf('HFFL'));
      writeFileSync(segment, bytes);
      await assert.rejects(cluster.start('a'), /has lost its end/);
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

describe('Two first starts on one folder', () => {
  it('leave one node, which starts again: the other one is refused before it reads or writes (IDENTITY-4)', async () => {
    const home = mkdtempSync(join(tmpdir(), 'holdfast-first-start-'));
    const folder = join(home, 'a');
    const child = fork(new URL('../first-start-child.ts', import.meta.url), [folder], {
      execArgv: ['--conditions=source'],
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    const told = (): Promise<unknown> => new Promise((resolve) => child.once('message', resolve));
    let continuing: NodeJS.Timeout | undefined;
    try {
      // Given a start that is paused just before it gives the folder its identity
      await new Promise((resolve) => child.stdout?.once('data', resolve));
      // When another one comes
      const other = await createRaftEngine(oneNode(folder)).catch((error: unknown) => error);
      const ended = new Promise((resolve) => child.once('exit', resolve));
      const next = Promise.race([told(), ended]);
      // Again and again: it says that it is paused before it does, and a signal that comes before is lost.
      continuing = setInterval(() => child.kill('SIGCONT'), 20);
      const outcome = await next;
      if (outcome === 'started') child.send('close');
      await ended;
      if (!(other instanceof Error)) await (other as Engine).close();
      // Then the folder is good, whichever of them has it
      const again = await createRaftEngine(oneNode(folder));
      await again.close();
      assert.match(String(other), /in use by another process/);
      assert.equal(outcome, 'started');
    } finally {
      clearInterval(continuing);
      child.kill('SIGKILL');
      rmSync(home, { recursive: true, force: true });
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
      const text = readFileSync(known);
      writeFileSync(known, '{');
      for (let attempt = 0; attempt < 2; attempt++)
        await assert.rejects(cluster.start('a'), /known-peers.json is damaged/);
      rmSync(known);
      for (let attempt = 0; attempt < 2; attempt++)
        await assert.rejects(cluster.start('a'), { name: 'PeersForgottenError' });
      writeFileSync(known, text);
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
