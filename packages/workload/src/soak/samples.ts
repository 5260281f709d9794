/** What a node uses: of its process by Linux, of its folder by the file system, of its heap and event loop by its metrics. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface SoakSample {
  readonly memoryBytes: number;
  /** What the last full garbage collection left; undefined before the first one. */
  readonly liveHeapBytes: number | undefined;
  readonly handles: number;
  readonly diskBytes: number;
  /** Of the minute before. */
  readonly longestTurnMs: number;
  /** How late timers were, of 99 in 100, since the sample before. */
  readonly loopDelayMs: number;
}

const pageBytes = 4096;
const blockBytes = 512;

/** @param metrics What the node told at `GET /metrics`. */
export async function sampleOf(pid: number, folder: string, metrics: string): Promise<SoakSample> {
  const statm = await readFile(`/proc/${String(pid)}/statm`, 'utf8');
  const handles = await readdir(`/proc/${String(pid)}/fd`);
  const live = metricOf(metrics, 'holdfast_nodejs_heap_live_bytes');
  return {
    memoryBytes: Number(statm.split(' ')[1]) * pageBytes,
    liveHeapBytes: live === 0 ? undefined : live,
    handles: handles.length,
    diskBytes: await bytesIn(folder),
    longestTurnMs: metricOf(metrics, 'holdfast_event_loop_longest_turn_seconds') * 1000,
    loopDelayMs: metricOf(metrics, 'holdfast_nodejs_eventloop_lag_p99_seconds') * 1000,
  };
}

/** The sum over all labels. @throws Error where there is no such metric: what is not told is not 0. */
export function metricOf(metrics: string, name: string): number {
  const values = [...metrics.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'gm'))];
  if (values.length === 0) throw new Error(`The node tells no ${name}.`);
  return values.reduce((sum, [, value]) => sum + Number(value), 0);
}

/** What files take on the disk. One that is taken away meanwhile takes nothing. */
async function bytesIn(folder: string): Promise<number> {
  let sum = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const found = await stat(join(entry.parentPath, entry.name)).catch(() => undefined);
    sum += (found?.blocks ?? 0) * blockBytes;
  }
  return sum;
}
