/**
 * Messages pushed to a deep queue by a process of its own with a lower priority than the nodes: clients of a cluster run on other machines, and
 * take no processor from it.
 */
import { fork } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { LocalCluster } from '@holdfast/server';
import { ask } from './nodes.ts';
import { payloadOf } from './payload.ts';
import { ToldProgress } from './told-progress.ts';

export const queue = 'deep';
/** A command has at most 512 KiB, and so has an answer. */
const mostBatchBytes = 400 * 1024;
const atOnce = 4;
const withoutLeaderMs = 60_000;
const lookEveryMs = 100;

/** What is pushed. */
export interface PushPlan {
  readonly urls: readonly string[];
  readonly from: number;
  readonly through: number;
  readonly bytes: number;
  readonly keys: number;
  /** Of this machine's clock, in Unix time. */
  readonly endsAtMs: number;
}

/** In a process of its own. Returns messages a second. */
export function pushFromProcess(plan: PushPlan): Promise<number> {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const file = fileURLToPath(new URL(`./push-entry.${ending}`, import.meta.url));
  const child = fork(file, [JSON.stringify(plan)]);
  return new Promise((resolve, reject) => {
    child.once('message', (rate) => resolve(Number(rate)));
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      reject(new Error(`The process that pushes has ended (${String(signal ?? code)}).`));
    });
  });
}

/** In this process. Returns messages a second. */
export async function push(plan: PushPlan): Promise<number> {
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  const { from, through, bytes, keys } = plan;
  const progress = new ToldProgress('pushed', through - from + 1);
  const startedMs = performance.now();
  const perBatch = Math.max(1, Math.floor(mostBatchBytes / bytes));
  let next = from;
  const work = async (): Promise<void> => {
    let url = await leaderAmong(plan.urls);
    while (next <= through) {
      if (Date.now() > plan.endsAtMs) throw new Error('It took longer than --minutes allows.');
      progress.tell(next - from);
      const first = next;
      next = Math.min(through + 1, first + perBatch);
      const messages = [];
      for (let number = first; number < next; number++)
        messages.push({
          key: `key ${String(number % keys)}`,
          payload: payloadOf(number, bytes),
          dedup_id: String(number),
        });
      // Where the leader was lost it is pushed again: by their dedup ids they are the same.
      while ((await ask(url, '/queue/push-batch', { queue, messages })) === undefined)
        url = await leaderAmong(plan.urls);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return (1000 * (through - from + 1)) / (performance.now() - startedMs);
}

export const leaderUrl = ({ nodes }: LocalCluster): Promise<string> =>
  leaderAmong(nodes.map(({ url }) => url));

/** Asks those that run. */
async function leaderAmong(urls: readonly string[]): Promise<string> {
  const untilMs = performance.now() + withoutLeaderMs;
  while (performance.now() < untilMs) {
    for (const url of urls) {
      const status = await ask(url, '/cluster/status').catch(() => undefined);
      if (typeof status === 'object' && status !== null && 'role' in status)
        if (status.role === 'leader') return url;
    }
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
  throw new Error(`No node leads after ${String(withoutLeaderMs / 1000)} s.`);
}
