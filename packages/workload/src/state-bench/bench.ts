/** The cluster and the two clients of one run, and how a phase of it is measured. */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { LocalCluster } from '@holdfast/server';
import { urlOfNode } from '../cluster-node.ts';
import { readStats } from '../http-answer.ts';
import { isHoldCount, isProbeResult, isSampleResult } from './plan.ts';
import type { HoldCount, ProbeResult, SampleResult } from './plan.ts';
import type { CountStats, MemoryStats, PhaseStats } from './report.ts';
import type { BenchClientProcess } from './requests.ts';
import { readLongestTurns } from './turn-records.ts';
import type { LongestTurns } from './turn-records.ts';

/** What was asked when a phase ended is answered meanwhile and counts for it. */
const settleMs = 300;
const answerWithinMs = 30_000;
/** The first record of a node that was just started is of its start. */
const startedMs = 200;
const sampledOfEach = 20;
/** Of a node that recorded nothing any more. */
const blocked: LongestTurns = {
  longest: { wallMs: Infinity, ownMs: NaN, collectorMs: NaN, waitingMs: NaN, restMs: NaN },
  mostOwnMs: NaN,
  mostCollectorMs: NaN,
};

export interface Bench {
  readonly cluster: LocalCluster;
  readonly loader: BenchClientProcess;
  readonly probe: BenchClientProcess;
  /** Where the turn recorders write. */
  readonly turnFolder: string;
  readonly tell: (text: string) => void;
  /** What a phase waits for at most. */
  readonly deadlineMs: number;
}

export interface PhaseOutcome {
  /** For people. */
  readonly note: string;
  /** Wall clock: turns of nodes that were started in the phase count from here, when they served clients. */
  readonly servedAtMs?: number;
}

type Work = () => Promise<PhaseOutcome>;

/** Measures a phase; a failure of its work is a metric, too. */
export async function measurePhase(bench: Bench, name: string, work: Work): Promise<PhaseStats> {
  bench.tell(`${name}: begins`);
  await takeProbe(bench);
  const fromMs = Date.now();
  const startMs = performance.now();
  const pidsBefore = new Set(bench.cluster.nodes.map(({ pid }) => pid));
  let outcome: PhaseOutcome = { note: '' };
  let failed: string | undefined;
  try {
    outcome = await work();
  } catch (error) {
    failed = error instanceof Error ? error.message : String(error);
  }
  const seconds = (performance.now() - startMs) / 1000;
  const untilMs = Date.now();
  await pause(settleMs);
  const probed = await takeProbe(bench);
  const turns: Record<string, LongestTurns> = {};
  for (const { nodeId, pid } of bench.cluster.nodes) {
    if (pid === undefined) continue;
    const since = pidsBefore.has(pid) ? fromMs : (outcome.servedAtMs ?? fromMs) + startedMs;
    turns[nodeId] = await readLongestTurns(bench.turnFolder, pid, since, untilMs).catch(
      () => blocked,
    );
  }
  const leader = await bench.cluster.leader(bench.deadlineMs).catch(() => undefined);
  const stats: PhaseStats = {
    name,
    seconds,
    turns,
    leader,
    longestAcquireMs: probed.longestAcquireMs,
    longestSilenceMs: probed.longestSilenceMs,
    probeCycles: probed.cycles,
    note: outcome.note,
    failed,
  };
  const told = Object.entries(turns).map(([node, { longest, mostOwnMs }]) => {
    const { wallMs, ownMs, collectorMs, waitingMs, restMs } = longest;
    return `${node} ${wallMs.toFixed(1)} (own ${ownMs.toFixed(1)}, collector ${collectorMs.toFixed(1)}, waiting ${waitingMs.toFixed(1)}, rest ${restMs.toFixed(1)}; most own ${mostOwnMs.toFixed(1)})`;
  });
  bench.tell(
    `${name}: ${seconds.toFixed(1)} s, longest turn in ms ${told.join(', ')}, longest acquire ${probed.longestAcquireMs.toFixed(1)} ms${failed === undefined ? '' : `; failed: ${failed}`}`,
  );
  return stats;
}

/** What the probe has seen since it was last taken. `look` leaves it there. */
export async function takeProbe(
  { probe }: Bench,
  how: 'take' | 'look' = 'take',
): Promise<ProbeResult> {
  const result = await probe.ask(how, null, answerWithinMs);
  if (!isProbeResult(result)) throw new Error(`This is no probe: ${JSON.stringify(result)}`);
  return result;
}

/** Compares what the client believes to hold with what the cluster says. */
export async function countHolds(bench: Bench, after: string): Promise<CountStats> {
  const client = await askCount(bench);
  const sampled = await askSample(bench);
  const leader = await bench.cluster.leader(bench.deadlineMs);
  const { total_locks } = await readStats(urlOfNode(bench.cluster, leader));
  return {
    after,
    sessions: client.sessions,
    sessionsActive: client.sessionsActive,
    holdsOfClient: client.holds,
    holdsHeld: client.held,
    locksInCluster: total_locks,
    sampled: sampled.looked,
    sampledWrong: sampled.wrong,
  };
}

async function askCount({ loader, deadlineMs }: Bench): Promise<HoldCount> {
  const count = await loader.ask('count', null, deadlineMs);
  if (!isHoldCount(count)) throw new Error(`This is no count: ${JSON.stringify(count)}`);
  return count;
}

async function askSample({ loader, deadlineMs }: Bench): Promise<SampleResult> {
  const sample = await loader.ask('sample', sampledOfEach, deadlineMs);
  if (!isSampleResult(sample)) throw new Error(`This is no sample: ${JSON.stringify(sample)}`);
  return sample;
}

/** Resident memory of each node, where the system tells it (Linux). */
export function memoryOf({ cluster }: Bench): readonly MemoryStats[] {
  return cluster.nodes.map(({ nodeId, pid }) => ({ nodeId, residentMiB: residentMiB(pid) }));
}

function residentMiB(pid: number | undefined): number | undefined {
  if (pid === undefined) return undefined;
  try {
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(
      readFileSync(`/proc/${String(pid)}/status`, 'utf8'),
    )?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) / 1024;
  } catch {
    return undefined; // Not Linux.
  }
}
