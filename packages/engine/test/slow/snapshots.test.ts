/** Snapshots between real engines over real sockets and disks: taken, sent and compared while a load goes on. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, it } from 'node:test';
import type { ResourceName, SessionId } from '@holdfast/state';
import type { Engine } from '../../src/index.ts';
import { leaderOf, startTestCluster } from '../cluster.ts';
import type { TestCluster } from '../cluster.ts';
import { untilSo } from '../../../checker/src/waits.ts';

const anonymous = { identity: 'anonymous' };
const patienceMs = 30_000;
const sessionCount = 20;
const lockCount = 4000;

async function until(what: string, isSo: () => boolean): Promise<void> {
  await untilSo(isSo, { what, longestMs: patienceMs, pauseMs: 5 });
}

/** A load of acquires, most of them of locks that are held already, whoever leads. */
class Load {
  readonly #engine: () => Engine;
  readonly #sessions = Array.from({ length: sessionCount }, () => randomUUID() as SessionId);
  #isOver = false;
  #next = 0;
  done = 0;

  constructor(engine: () => Engine) {
    this.#engine = engine;
  }

  async begin(): Promise<void> {
    for (const sessionId of this.#sessions)
      await this.#engine().submit(
        {
          type: 'create_session',
          sessionId,
          clientId: 'loader',
          timeoutMs: 600_000,
          lockDelayMs: 0,
          createdAtMs: 0,
        },
        anonymous,
      );
    for (let first = 0; first < lockCount; first += 200)
      await Promise.all(Array.from({ length: 200 }, (_, number) => this.#acquire(first + number)));
  }

  async run(): Promise<void> {
    while (!this.#isOver) {
      await Promise.all(
        Array.from({ length: 50 }, (_, number) =>
          this.#acquire((this.done + number * 79) % lockCount).catch(() => undefined),
        ),
      );
      this.done += 50;
      await pause(1);
    }
  }

  end(): void {
    this.#isOver = true;
  }

  #acquire(number: number): Promise<unknown> {
    const requestId = ++this.#next;
    return this.#engine().submit(
      {
        type: 'acquire',
        sessionId: this.#sessions[number % sessionCount] ?? ('none' as SessionId),
        requestId,
        name: `a-lock-of-some-length-${String(number)}` as ResourceName,
        mode: 'exclusive',
        waitMs: 0,
        acquiredAtMs: 0,
      },
      { ...anonymous, timeoutMs: 3000, ackedBelow: Math.max(1, requestId - 500) },
    );
  }
}

const snapshotsOf = (cluster: TestCluster, id: string): string[] => {
  const folder = join(cluster.folder, id, 'snapshots');
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.snapshot')) : [];
};

async function withLoad(
  ids: readonly string[],
  extraIds: readonly string[],
  act: (cluster: TestCluster, load: Load) => Promise<void>,
): Promise<void> {
  const cluster = await startTestCluster(ids, { extraIds, snapshotLogBytes: 60_000 });
  let engine = await cluster.leader();
  const load = new Load(() => engine);
  const following = setInterval(() => {
    const { leader } = engine.status();
    engine = (leader === null ? undefined : cluster.engines.get(leader)) ?? engine;
  }, 5);
  try {
    await load.begin();
    const running = load.run();
    await act(cluster, load);
    load.end();
    await running;
  } finally {
    load.end();
    clearInterval(following);
    await cluster.close();
  }
}

const matchOf = (engines: Iterable<Engine>, id: string): number => {
  for (const engine of engines) {
    const { role, members } = engine.status();
    if (role === 'leader') return members.find((member) => member.id === id)?.matchIndex ?? 0;
  }
  return 0;
};

describe('Snapshots of a cluster under load', () => {
  it('are the same object on every member that saved one of the same entry', async () => {
    await withLoad(['a', 'b', 'c'], [], async (cluster) => {
      /** The hash that the first member gave it, by index. */
      const seen = new Map<string, string>();
      const compared = new Set<string>();
      await until('snapshots of several entries were compared', () => {
        for (const id of ['a', 'b', 'c'])
          for (const name of snapshotsOf(cluster, id)) {
            const [index = '', hash = ''] = name.split('-');
            const known = seen.get(index);
            if (known === undefined) seen.set(index, hash);
            else {
              assert.equal(hash, known, `the snapshots at ${index} differ`);
              compared.add(`${index} ${id}`);
            }
          }
        return compared.size >= 6;
      });
    });
  });

  it('bring a member up to date that comes late, while the load goes on', async () => {
    await withLoad(['a', 'b'], ['c'], async (cluster, load) => {
      const [engine] = cluster.engines.values();
      assert.ok(engine !== undefined);
      await until('the log is compacted', () => engine.status().firstIndex > 2);
      const leader = await leaderOf([...cluster.engines.values()]);
      await cluster.start('c', { join: true, writeDelayMs: 5 });
      const before = load.done;
      await leader.addMember('c', `127.0.0.1:${String(cluster.ports.get('c') ?? 0)}`);
      await until('the new member votes', () =>
        leader.status().members.some(({ id, role }) => id === 'c' && role === 'voter'),
      );
      await until('it is within a few entries of the end', () => {
        const { lastIndex } = leader.status();
        const match = matchOf(cluster.engines.values(), 'c');
        return match > 0 && lastIndex - match < 50;
      });
      assert.ok(load.done > before, 'the load went on meanwhile');
    });
  });

  it('are received whole though the leader changes half way, and the receiver serves', async () => {
    await withLoad(['a', 'b'], ['c'], async (cluster) => {
      const [engine] = cluster.engines.values();
      assert.ok(engine !== undefined);
      await until('the log is compacted', () => engine.status().firstIndex > 2);
      const joined = await cluster.start('c', { join: true, writeDelayMs: 20 });
      const leader = await leaderOf([...cluster.engines.values()].filter((one) => one !== joined));
      const added = leader
        .addMember('c', `127.0.0.1:${String(cluster.ports.get('c') ?? 0)}`)
        .catch(() => undefined);
      await until('some of the snapshot has come', () => joined.stats().storage.commits > 3);
      for (let change = 0; change < 3; change++) {
        const now = await leaderOf([...cluster.engines.values()]);
        await now.transferLeadership(null).catch(() => undefined);
      }
      await added;
      await until('the receiver has what the others have', () => {
        const { appliedIndex } = joined.status();
        return appliedIndex > 0 && appliedIndex + 50 > engine.status().appliedIndex;
      });
      const answer = await joined.query({ type: 'stats' }, 'linearizable', anonymous);
      assert.equal(answer.type, 'stats');
      assert.equal(answer.stats.heldLocks, lockCount);
    });
  });
});
