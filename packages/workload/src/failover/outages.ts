/**
 * How long a client is without service when the leader goes: one worker takes and gives back a lock of
 * its own, over and over, through the client, while the leader is stopped again and again.
 *
 * The outage is the longest time between two acknowledged grants next to each other around the stop: what
 * a user would see, detection, election, and the client's way to the new leader included.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from '@holdfast/client';
import type { LocalCluster } from '@holdfast/server';
import { urlOfNode } from '../cluster-node.ts';
import { waitForCatchUp } from '../record/final-state.ts';
import { longestSilenceMs } from '../record/outage.ts';
import { waitUntil } from '../wait-until.ts';

/** SIGSTOP: the process is paused and its connections stay open, as with a machine that hangs or is cut off. */
export type OutageSignal = 'SIGKILL' | 'SIGTERM' | 'SIGSTOP';

const calmMs = 500;
const serviceDeadlineMs = 15_000;
/** Grants for so long without a break: service is back for good. */
const steadyMs = 1000;

/**
 * Stops the leader `times` times, starting it again after each.
 * @param tell called after each stop.
 * @returns one outage for each stop, in milliseconds; Infinity where service did not come back in time.
 */
export async function measureOutages(
  cluster: LocalCluster,
  signal: OutageSignal,
  times: number,
  tell: (leader: string, outageMs: number) => void,
): Promise<readonly number[]> {
  const client = await connect({ endpoints: cluster.urls });
  const stop = new AbortController();
  try {
    const session = await client.session({ timeoutSeconds: 30 });
    const grantTimesMs: number[] = [];
    const worker = (async () => {
      while (!stop.signal.aborted) {
        const hold = await session.lock('bench/failover', { waitMs: serviceDeadlineMs });
        grantTimesMs.push(performance.now());
        await hold.release();
      }
    })();
    const stops = stopLeaders(cluster, signal, times, grantTimesMs, tell);
    const outagesMs = await Promise.race([stops, failureOf(worker)]);
    stop.abort();
    await worker;
    return outagesMs;
  } finally {
    stop.abort();
    await client.close();
  }
}

/** Settles only when the worker fails. */
async function failureOf(worker: Promise<void>): Promise<never> {
  await worker;
  return new Promise<never>(() => {
    // The worker was told to stop: the other side of the race has settled.
  });
}

async function stopLeaders(
  cluster: LocalCluster,
  signal: OutageSignal,
  times: number,
  grantTimesMs: readonly number[],
  tell: (leader: string, outageMs: number) => void,
): Promise<readonly number[]> {
  const outagesMs: number[] = [];
  for (let count = 0; count < times; count++) {
    await pause(calmMs);
    const leader = await cluster.leader();
    const stoppedAtMs = performance.now();
    await cluster.kill(leader, signal);
    const goneAtMs = performance.now();
    const served = await waitUntil('a grant after the stop', serviceDeadlineMs, () => {
      const last = grantTimesMs.at(-1);
      return last !== undefined && last > goneAtMs + steadyMs;
    }).catch(() => false);
    const outageMs = served
      ? longestSilenceMs(grantTimesMs, stoppedAtMs, performance.now())
      : Infinity;
    outagesMs.push(outageMs);
    tell(leader, outageMs);
    if (signal === 'SIGSTOP') await cluster.kill(leader, 'SIGKILL');
    const next = await cluster.leader();
    await cluster.restart(leader);
    await waitForCatchUp(urlOfNode(cluster, leader), urlOfNode(cluster, next), serviceDeadlineMs);
  }
  return outagesMs;
}
