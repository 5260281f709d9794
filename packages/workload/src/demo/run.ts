/**
 * The demonstration: workers fight for a few locks while the leader is killed again and again. Used by
 * `make demo` and, with a shorter plan, by the integration test.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from '@holdfast/client';
import type { Client } from '@holdfast/client';
import type { LocalCluster } from '@holdfast/server';
import { checkRecords } from '../record/check.ts';
import type { RunVerdict } from '../record/check.ts';
import { readFinalState, waitForCatchUp } from '../record/final-state.ts';
import { Journal } from '../record/journal.ts';
import { longestSilenceMs } from '../record/outage.ts';
import { acquireRecorded, recordSession, work } from '../record/worker.ts';
import { urlOfNode } from '../cluster-node.ts';
import { readStats } from '../http-answer.ts';
import { waitUntil } from '../wait-until.ts';

export interface DemoPlan {
  readonly workers: number;
  readonly locks: number;
  readonly kills: number;
  /** Undisturbed work before each kill and after the last, in milliseconds. */
  readonly calmMs: number;
  /** How long a killed node stays down after service is back, in milliseconds. */
  readonly downMs: number;
  /** The longest hold of a worker, in milliseconds. */
  readonly longestHoldMs: number;
  readonly sessionTimeoutSeconds: number;
}

export const demoPlan: DemoPlan = {
  workers: 20,
  locks: 5,
  kills: 3,
  calmMs: 3000,
  downMs: 2000,
  longestHoldMs: 3,
  sessionTimeoutSeconds: 30,
};

/** What a spectator is told while it happens. */
export interface DemoSpectator {
  started(leader: string): void;
  killed(kill: number, leader: string): void;
  /** @param outageMs how long no lock could be had. */
  served(kill: number, leader: string, outageMs: number): void;
  restarted(kill: number, nodeId: string): void;
  cycle(): void;
  resting(): void;
}

export interface DemoOutcome {
  readonly verdict: RunVerdict;
  readonly cycles: number;
  readonly grants: number;
  /** One for each kill, in milliseconds. */
  readonly outagesMs: readonly number[];
}

const waitMs = 20_000;
const serviceDeadlineMs = 15_000;
const restartDeadlineMs = 15_000;

/** @throws Error when the cluster does not come back within its deadlines. */
export async function runDemo(
  cluster: LocalCluster,
  plan: DemoPlan,
  spectator: DemoSpectator,
): Promise<DemoOutcome> {
  const journal = new Journal(() => performance.now());
  const clients: Client[] = [];
  const open = async (name: string): Promise<Client> => {
    const client = await connect({ endpoints: cluster.urls, clientId: name });
    clients.push(client);
    return client;
  };
  try {
    spectator.started(await cluster.leader(serviceDeadlineMs));
    const witness = await open('witness');
    const before = await readStats(firstOf(cluster.urls));
    const stop = new AbortController();
    let cycles = 0;
    const onCycle = (): void => {
      cycles += 1;
      spectator.cycle();
    };
    const workers = await startWorkers(plan, open, journal, stop.signal, onCycle);
    const finished = Promise.all(workers.map((run) => run()));
    // A fault in a worker ends the run at once instead of after the last kill.
    const outagesMs = await Promise.race([
      killLeaders(cluster, plan, journal, witness, spectator),
      finished.then(() => {
        throw new Error('All workers stopped before the last kill: their sessions are lost.');
      }),
    ]);
    stop.abort();
    spectator.resting();
    await finished;
    const state = await readFinalState(
      witness,
      cluster.urls,
      journal.entries,
      before.fence_counter,
    );
    const verdict = checkRecords(journal.entries, state);
    const grants = journal.entries.filter((entry) => entry.type === 'granted').length;
    return { verdict, cycles, grants, outagesMs };
  } finally {
    await Promise.allSettled(clients.map((client) => client.close()));
  }
}

/** Opens a client with a session for each worker, as separate programs would. */
async function startWorkers(
  plan: DemoPlan,
  open: (name: string) => Promise<Client>,
  journal: Journal,
  stop: AbortSignal,
  onCycle: () => void,
): Promise<readonly (() => Promise<void>)[]> {
  const names = Array.from({ length: plan.workers }, (_, number) => `worker-${String(number + 1)}`);
  return Promise.all(
    names.map(async (name) => {
      const client = await open(name);
      const session = await client.session({ timeoutSeconds: plan.sessionTimeoutSeconds });
      recordSession(journal, name, session);
      return () =>
        work({
          name,
          journal,
          session,
          nextResource: () => `demo/lock-${String(1 + Math.floor(Math.random() * plan.locks))}`,
          nextHoldMs: () => Math.random() * plan.longestHoldMs,
          waitMs,
          stop,
          onCycle,
        });
    }),
  );
}

/** @returns the outage after each kill, in milliseconds. */
async function killLeaders(
  cluster: LocalCluster,
  plan: DemoPlan,
  journal: Journal,
  witness: Client,
  spectator: DemoSpectator,
): Promise<readonly number[]> {
  const outagesMs: number[] = [];
  const grantTimesMs: number[] = [];
  const unsubscribe = journal.onGrant((atMs) => grantTimesMs.push(atMs));
  const session = await witness.session({ timeoutSeconds: plan.sessionTimeoutSeconds });
  recordSession(journal, 'witness', session);
  for (let kill = 1; kill <= plan.kills; kill++) {
    await pause(plan.calmMs);
    const leader = await cluster.leader(serviceDeadlineMs);
    // The witness's lock is acknowledged in the leader's last moment and must stand at the end.
    await acquireRecorded(
      { name: 'witness', journal, session, waitMs },
      `demo/kept-${String(kill)}`,
    );
    const killedAtMs = performance.now();
    await cluster.kill(leader, 'SIGKILL');
    spectator.killed(kill, leader);
    const next = await cluster.leader(serviceDeadlineMs);
    await waitUntil('a grant under the new leader', serviceDeadlineMs, () => {
      const last = grantTimesMs.at(-1);
      return last !== undefined && last > killedAtMs + 1000;
    });
    const outageMs = longestSilenceMs(grantTimesMs, killedAtMs, performance.now());
    outagesMs.push(outageMs);
    spectator.served(kill, next, outageMs);
    await pause(plan.downMs);
    await cluster.restart(leader);
    await waitForCatchUp(urlOfNode(cluster, leader), urlOfNode(cluster, next), restartDeadlineMs);
    spectator.restarted(kill, leader);
  }
  await pause(plan.calmMs);
  unsubscribe();
  return outagesMs;
}

function firstOf(urls: readonly string[]): string {
  const [url] = urls;
  if (url === undefined) throw new Error('The cluster has no nodes.');
  return url;
}
