/**
 * A follower that was away for more log than its leader keeps, with the settings of storage that a node has when nobody
 * sets any: a snapshot each 64 MiB of log, 16 MiB of log behind it, 256 MiB for the sake of a transfer, chunks of 256 KiB
 * of which four are under way.
 *
 * The log grows by 8 MiB a second, the snapshot has 26 MiB, and each write of the one that comes back takes 150 ms: the
 * transfer takes 16 s or more. Meanwhile the leader takes its next snapshot, at which it would free the log behind the
 * one that is being sent; from then on the load is 1 MiB a second, which a slow disk catches up with. Nothing is
 * checked by time: which snapshot came, how many, and how much was written until it had caught up. It took 187 MiB of log,
 * and 95 s on two cores with twenty processes that wanted them.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, it } from 'node:test';
import { latestFeatureLevel } from '@holdfast/state';
import type { ResourceName } from '@holdfast/state';
import type { Engine } from '../../src/index.ts';
import type { EngineLog } from '../../src/types.ts';
import { silentLog, startTestCluster, statusReached } from '../cluster.ts';
import type { TestCluster } from '../cluster.ts';
import { untilSo } from '../../../checker/src/waits.ts';

const caller = { identity: 'anonymous' };
const mebibyte = 1024 * 1024;
/** Written over again and again: the state has 26 MiB, whatever the log has. */
const keyCount = 460;
/** A body of 64 KiB has no more, by default. */
const valueBytes = 60_000;
/** Together in one entry, which takes 1 MiB. */
const writesPerRound = 14;
const fullRoundMs = 100;
const calmRoundMs = 800;
const writeDelayMs = 150;
/** Three nodes share one event loop: at the default of 100 ms a busy machine changes the leader again and again. */
const heartbeatMs = 500;
/** Of log, until the one that came back has caught up: twice what it takes. */
const mostBytes = 192 * mebibyte;
const fewEntries = 10;

const keyOf = (number: number): ResourceName => `key-${String(number)}` as ResourceName;

/** Writes all keys in turn, each with a growing number, and checks every answer. */
class Load {
  readonly #cluster: TestCluster;
  /** The newest number whose write was acknowledged, by key. */
  readonly acknowledged = new Map<ResourceName, number>();
  /** What came instead of an answer, by code. */
  readonly failures = new Map<string, number>();
  bytes = 0;
  writes = 0;
  roundMs = fullRoundMs;
  #next = 0;
  #isOver = false;

  constructor(cluster: TestCluster) {
    this.#cluster = cluster;
  }

  async run(): Promise<void> {
    while (!this.#isOver) {
      const writes = Array.from({ length: writesPerRound }, () => this.#write(this.#next++));
      await Promise.all([pause(this.roundMs), ...writes]);
    }
  }

  end(): void {
    this.#isOver = true;
  }

  get failed(): number {
    return [...this.failures.values()].reduce((sum, count) => sum + count, 0);
  }

  async #write(number: number): Promise<void> {
    const name = keyOf(number % keyCount);
    const value = `${String(number)} `.padEnd(valueBytes, '.');
    this.writes += 1;
    let code: string | undefined;
    try {
      const { engines } = this.#cluster;
      const engine = leaderAmong(engines.values()) ?? [...engines.values()][0] ?? assert.fail();
      const answer = await engine.submit({ type: 'cache_set', name, value }, caller);
      if (!answer.ok) code = answer.code;
    } catch (error) {
      code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    }
    if (code !== undefined) this.failures.set(code, (this.failures.get(code) ?? 0) + 1);
    else {
      this.acknowledged.set(name, number);
      this.bytes += valueBytes;
    }
  }
}

const leaderAmong = (engines: Iterable<Engine>): Engine | undefined =>
  [...engines].find((engine) => engine.status().role === 'leader');

/** The index of the newest snapshot on the disks of these. */
const newestSnapshot = (cluster: TestCluster, ids: readonly string[]): number =>
  ids
    .flatMap((id) => readdirSync(join(cluster.folder, id, 'snapshots')))
    .filter((name) => name.endsWith('.snapshot'))
    .reduce((newest, name) => Math.max(newest, Number(name.split('-')[0])), 0);

/** Notes the index of each snapshot that takes the place of this member's state. */
function noting(restored: number[]): EngineLog {
  const info = (fields: object, message: string): void => {
    if (message !== 'Restored the state from a snapshot of the leader.') return;
    restored.push('index' in fields ? Number(fields.index) : 0);
  };
  return { ...silentLog, info };
}

/** Takes a member away until the others have no log for it any more; its id and theirs. */
async function awayForLong(cluster: TestCluster): Promise<{ id: string; others: string[] }> {
  const leader = await cluster.leader();
  const [id = '', away] = [...cluster.engines].find(([, one]) => one !== leader) ?? [];
  assert.ok(away !== undefined);
  const { lastIndex: last } = away.status();
  await away.close();
  cluster.engines.delete(id);
  const isFreed = (): boolean =>
    [...cluster.engines.values()].every((one) => one.status().firstIndex > last + 1);
  await untilSo(isFreed, { what: 'the log is freed', longestMs: 120_000, pauseMs: 5 });
  return { id, others: [...cluster.engines.keys()] };
}

async function catchesUp(cluster: TestCluster, load: Load): Promise<Engine> {
  const { id, others } = await awayForLong(cluster);
  const offered = newestSnapshot(cluster, others);
  const leader = await cluster.leader();
  const { term } = leader.status();
  const before = load.bytes;
  const restored: number[] = [];
  const back = await cluster.start(id, { writeDelayMs, log: noting(restored) });
  let wasOvertaken = false;
  while (leader.status().commitIndex - back.status().appliedIndex > fewEntries) {
    const written = load.bytes - before;
    const told = `snapshots of ${JSON.stringify(restored)}, ${String(Math.round(written / mebibyte))} MiB of log`;
    assert.equal(leader.status().term, term, `Another one leads, which begins anew (${told}).`);
    assert.ok(written < mostBytes, `It did not catch up: ${told}.`);
    assert.ok(restored.length < 2, `The log behind the snapshot that it got is gone: ${told}.`);
    assert.equal(restored[0] ?? offered, offered, 'the snapshot that was being sent is kept');
    if (restored.length === 0 && newestSnapshot(cluster, others) > offered) {
      wasOvertaken = true;
      load.roundMs = calmRoundMs;
    }
    await pause(20);
  }
  assert.deepEqual(restored, [offered]);
  assert.ok(wasOvertaken, 'the next snapshot is there before this one is received');
  return back;
}

/** All that was acknowledged, or something that was written later and not answered. */
async function assertHasAll(back: Engine, load: Load): Promise<void> {
  for (const [name, number] of load.acknowledged) {
    const { view } = await back.query({ type: 'cache', name }, 'linearizable', caller);
    const found = Number.parseInt(view?.value.slice(1) ?? '', 10);
    assert.ok(found >= number, `${name} has ${String(found)}, and ${String(number)} was written`);
  }
}

describe('With default settings of storage', () => {
  it(
    'a follower that needs a snapshot catches up while the load goes on',
    { timeout: 300_000 },
    async (test) => {
      const cluster = await startTestCluster(['a', 'b', 'c'], { heartbeatMs });
      const load = new Load(cluster);
      try {
        for (const one of cluster.engines.values())
          await statusReached([one], () => one.status().featureLevel === latestFeatureLevel);
        const startedMs = performance.now();
        const running = load.run();
        const back = await catchesUp(cluster, load).finally(() => load.end());
        await running;
        const seconds = Math.round((performance.now() - startedMs) / 1000);
        const failures = JSON.stringify([...load.failures]);
        test.diagnostic(
          `${String(Math.round(load.bytes / mebibyte))} MiB in ${String(seconds)} s, not acknowledged: ${failures}`,
        );
        assert.ok(load.failed * 20 <= load.writes, failures);
        assert.equal(load.acknowledged.size, keyCount);
        await assertHasAll(back, load);
      } finally {
        load.end();
        await cluster.close();
      }
    },
  );
});
