/** What a node uses: of its process by Linux, of its folder by the file system, of its event loop by its metrics. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface Sample {
  readonly memoryBytes: number;
  readonly handles: number;
  readonly diskBytes: number;
  /** Of the minute before. */
  readonly longestTurnMs: number;
}

const pageBytes = 4096;
const blockBytes = 512;

/** @param metrics What the node told at `GET /metrics`. */
export async function sampleOf(pid: number, folder: string, metrics: string): Promise<Sample> {
  const statm = await readFile(`/proc/${String(pid)}/statm`, 'utf8');
  const handles = await readdir(`/proc/${String(pid)}/fd`);
  const turn = /^holdfast_event_loop_longest_turn_seconds ([0-9.e+-]+)$/m.exec(metrics)?.[1];
  if (turn === undefined) throw new Error('The node tells no longest turn of its event loop.');
  return {
    memoryBytes: Number(statm.split(' ')[1]) * pageBytes,
    handles: handles.length,
    diskBytes: await bytesIn(folder),
    longestTurnMs: Number(turn) * 1000,
  };
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
