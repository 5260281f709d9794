/**
 * The phases of `make bench-state`, in order: load, steady, snapshot, backups, failover, the start of the node that
 * was killed, the ends of an ordinary and of a large session, the start of the whole cluster.
 */
import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { urlOfNode } from '../cluster-node.ts';
import { readStats } from '../http-answer.ts';
import { waitForCatchUp } from '../record/final-state.ts';
import { waitUntil } from '../wait-until.ts';
import { countHolds, measurePhase, memoryOf, takeProbe } from './bench.ts';
import type { Bench, PhaseOutcome } from './bench.ts';
import type { CountStats, MemoryStats, PhaseStats } from './report.ts';

export interface StatePlan {
  readonly locks: number;
  readonly sessions: number;
  /** Of the large session whose end is measured last; 0: none. */
  readonly largeSessionLocks: number;
  readonly steadyMs: number;
}

export interface StateStats {
  readonly locksPerSecond: number;
  readonly memory: readonly MemoryStats[];
  readonly phases: readonly PhaseStats[];
  readonly counts: readonly CountStats[];
}

const progressEveryMs = 2000;
const churnCycles = 5000;

export async function runPhases(bench: Bench, plan: StatePlan): Promise<StateStats> {
  const phases: PhaseStats[] = [];
  const counts: CountStats[] = [];
  const measure = async (name: string, work: () => Promise<PhaseOutcome>): Promise<PhaseStats> => {
    const stats = await measurePhase(bench, name, work);
    phases.push(stats);
    return stats;
  };
  const count = async (after: string): Promise<void> => {
    try {
      counts.push(await countHolds(bench, after));
    } catch (error) {
      bench.tell(`The holds could not be counted after ${after}: ${String(error)}`);
    }
  };
  const load = await measure('load', () => loadAll(bench, plan));
  const memory = memoryOf(bench);
  const locksPerSecond = plan.locks / load.seconds;
  // Without its state every other metric would be one of something else.
  if (load.failed !== undefined) return { locksPerSecond: NaN, memory, phases, counts };
  await count('the load');
  await measure('steady', () => steady(plan));
  await measure('snapshot', () => snapshot(bench));
  await measure('backup', () => backup(bench));
  await measure('two backups at once', () => twoBackups(bench));
  let killed = '';
  await measure('failover (SIGKILL)', async () => {
    killed = await bench.cluster.leader();
    return failover(bench, killed, plan);
  });
  await count('the failover');
  await measure('start of one node', () => startOne(bench, killed));
  await measure('start of the cluster', () => startAll(bench));
  await count('the start of the cluster');
  await measure('end of a session', () => endSession(bench, 'session-01'));
  if (plan.largeSessionLocks > 0) {
    await measure('load of a large session', () =>
      loadSession(bench, 'large', plan.largeSessionLocks).then(() => ({ note: '' })),
    );
    await measure('end of a large session', () => endSession(bench, 'large'));
  }
  return { locksPerSecond, memory, phases, counts };
}

const loadSession = async (bench: Bench, session: string, locks: number): Promise<void> => {
  await bench.loader.ask('load', { session, locks }, bench.deadlineMs);
};

async function loadAll(bench: Bench, { locks, sessions }: StatePlan): Promise<PhaseOutcome> {
  const loads = Array.from({ length: sessions }, (_, index) => {
    const share =
      Math.floor((locks * (index + 1)) / sessions) - Math.floor((locks * index) / sessions);
    return loadSession(bench, `session-${String(index + 1).padStart(2, '0')}`, share);
  });
  const startMs = performance.now();
  const progress = setInterval(() => {
    void bench.loader.ask('progress', null, bench.deadlineMs).then(
      (loaded) =>
        bench.tell(
          `load: ${String(loaded)} of ${String(locks)} after ${((performance.now() - startMs) / 1000).toFixed(0)} s`,
        ),
      () => undefined, // The load itself tells what is wrong.
    );
  }, progressEveryMs);
  try {
    await Promise.all(loads);
  } finally {
    clearInterval(progress);
  }
  return { note: `${String(locks)} locks` };
}

async function steady({ steadyMs }: StatePlan): Promise<PhaseOutcome> {
  await pause(steadyMs);
  return { note: 'only the probe' };
}

/** Writes log until every node has taken a snapshot and let go of the log before it. */
async function snapshot(bench: Bench): Promise<PhaseOutcome> {
  const { cluster, loader } = bench;
  const before = await Promise.all(cluster.urls.map(firstLogIndex));
  const endMs = performance.now() + bench.deadlineMs;
  let cycles = 0;
  while (performance.now() < endMs) {
    await loader.ask('churn', churnCycles, bench.deadlineMs);
    cycles += churnCycles;
    const now = await Promise.all(cluster.urls.map(firstLogIndex));
    if (now.every((first, node) => first > (before[node] ?? Infinity) + 10)) {
      return { note: `under ${String(cycles)} cycles` };
    }
    if (cycles % (10 * churnCycles) === 0) bench.tell(`snapshot: ${String(cycles)} cycles so far`);
  }
  throw new Error(`no snapshot on every node after ${String(cycles)} cycles`);
}

async function firstLogIndex(url: string): Promise<number> {
  const answer = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(30_000) });
  const text = await answer.text();
  const value = (name: string): number =>
    Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  return value('holdfast_commit_index') - value('holdfast_log_entries') + 1;
}

async function backup(bench: Bench): Promise<PhaseOutcome> {
  const leader = await bench.cluster.leader();
  return { note: `${mebibytes(await download(bench, leader))} MiB` };
}

async function twoBackups(bench: Bench): Promise<PhaseOutcome> {
  const leader = await bench.cluster.leader();
  const first = download(bench, leader);
  await pause(100);
  const sizes = await Promise.all([first, download(bench, leader)]);
  return { note: sizes.map((size) => `${mebibytes(size)} MiB`).join(', ') };
}

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);

async function download({ cluster, deadlineMs }: Bench, nodeId: string): Promise<number> {
  const answer = await fetch(`${urlOfNode(cluster, nodeId)}/cluster/snapshot`, {
    signal: AbortSignal.timeout(deadlineMs),
  });
  if (!answer.ok || answer.body === null) {
    throw new Error(`the backup was answered with ${String(answer.status)}`);
  }
  let byteLength = 0;
  const hash = createHash('sha256');
  for await (const chunk of answer.body) {
    byteLength += chunk.byteLength;
    hash.update(chunk);
  }
  if (hash.digest('hex') !== answer.headers.get('holdfast-snapshot-hash'))
    throw new Error('the backup is not what its hash names');
  return byteLength;
}

/** What follows the election belongs to it: the clients come back and compare their holds. */
async function failover(
  bench: Bench,
  leader: string,
  { steadyMs }: StatePlan,
): Promise<PhaseOutcome> {
  await bench.cluster.kill(leader, 'SIGKILL');
  const next = await bench.cluster.leader(bench.deadlineMs);
  await pause(steadyMs);
  const now = await bench.cluster.leader(bench.deadlineMs);
  return { note: `${leader} to ${next}${now === next ? '' : `, then ${now}`}` };
}

async function startOne(bench: Bench, nodeId: string): Promise<PhaseOutcome> {
  const { cluster } = bench;
  const leader = await cluster.leader(bench.deadlineMs);
  const startMs = performance.now();
  await cluster.restart(nodeId);
  const servedMs = performance.now() - startMs;
  const servedAtMs = Date.now();
  await waitForCatchUp(urlOfNode(cluster, nodeId), urlOfNode(cluster, leader), bench.deadlineMs);
  const caughtUpMs = performance.now() - startMs;
  const note = `serves after ${seconds(servedMs)} s, has all after ${seconds(caughtUpMs)} s`;
  return { note, servedAtMs };
}

async function startAll(bench: Bench): Promise<PhaseOutcome> {
  const { cluster } = bench;
  const ids = cluster.nodes.map(({ nodeId }) => nodeId);
  await Promise.all(ids.map((nodeId) => cluster.kill(nodeId, 'SIGKILL')));
  const { cycles } = await takeProbe(bench, 'look');
  const startMs = performance.now();
  await Promise.all(ids.map((nodeId) => cluster.restart(nodeId)));
  const servedMs = performance.now() - startMs;
  const servedAtMs = Date.now();
  await cluster.leader(bench.deadlineMs);
  const ledMs = performance.now() - startMs;
  await waitUntil('the probe is granted its lock', bench.deadlineMs, async () => {
    const now = await takeProbe(bench, 'look');
    return now.cycles > cycles;
  });
  const grantedMs = performance.now() - startMs;
  const note = `serves after ${seconds(servedMs)} s, leader ${seconds(ledMs)} s, first grant ${seconds(grantedMs)} s`;
  return { note, servedAtMs };
}

const seconds = (ms: number): string => (ms / 1000).toFixed(2);

/** Ends with the answer and when every node has released all that the session held. */
async function endSession(bench: Bench, session: string): Promise<PhaseOutcome> {
  const { cluster, loader } = bench;
  const before = await lowestLockCount(bench);
  const startMs = performance.now();
  const held = Number(await loader.ask('end', session, bench.deadlineMs));
  const answeredMs = performance.now() - startMs;
  // The probe's own lock comes and goes.
  const goal = before - held + 1;
  for (const url of cluster.urls) {
    await waitUntil(`${url} has released what ${session} held`, bench.deadlineMs, async () => {
      const { total_locks } = await readStats(url, 'stale');
      return total_locks <= goal;
    });
  }
  const releasedMs = performance.now() - startMs;
  const note = `${String(held)} locks, answered after ${seconds(answeredMs)} s, all released after ${seconds(releasedMs)} s`;
  return { note };
}

async function lowestLockCount({ cluster }: Bench): Promise<number> {
  const counts = await Promise.all(cluster.urls.map((url) => readStats(url, 'stale')));
  // spread: one for each node
  return Math.min(...counts.map(({ total_locks }) => total_locks));
}
