/** The disk of a node's folder: its room, how long a durable write takes, and who may read it. */
import { constants } from 'node:fs';
import { mkdtemp, open, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fine, reasonOf, warning, wrong } from './finding.ts';
import type { Finding } from './finding.ts';

const writes = 50;
const writeBytes = 4096;
const slowMs = 10;
const lowShare = 0.1;
const fewShare = 0.25;
/** In three of a hundred writes as long as that a leader loses its office. */
const tooSlowMs = 100;

/** The nearest folder that is there: a node that was never started has none. */
async function existing(path: string): Promise<string> {
  const absolute = resolve(path);
  const found = await stat(absolute).catch(() => undefined);
  return found?.isDirectory() === true || absolute === dirname(absolute)
    ? absolute
    : existing(dirname(absolute));
}

/** Writes a file of its own beside the node's, and takes it away. @returns Milliseconds, the shortest first. */
async function timeWrites(folder: string): Promise<readonly number[]> {
  const scratch = await mkdtemp(join(folder, '.doctor-'));
  try {
    const { O_CREAT, O_WRONLY, O_DSYNC } = constants;
    const file = await open(join(scratch, 'writes'), O_CREAT | O_WRONLY | O_DSYNC, 0o600);
    try {
      const bytes = new Uint8Array(writeBytes);
      const took: number[] = [];
      for (let count = 0; count < writes; count++) {
        const startedMs = performance.now();
        await file.write(bytes, 0, writeBytes, count * writeBytes);
        took.push(performance.now() - startedMs);
      }
      return took.sort((a, b) => a - b);
    } finally {
      await file.close();
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Of sorted durations of durable writes. */
export function judgeWrites(tookMs: readonly number[]): Finding {
  const at = (share: number): number => tookMs[Math.floor(share * (tookMs.length - 1))] ?? 0;
  const [median, slow] = [at(0.5), at(0.97)];
  const said = `a durable write takes ${median.toFixed(1)} ms (median), ${slow.toFixed(1)} ms (97 of 100)`;
  if (slow >= tooSlowMs)
    return wrong(
      'disk',
      said,
      'Use a faster disk: a leader on this one loses leadership. See docs/runbooks/slow-disk.md.',
    );
  if (median >= slowMs)
    return warning(
      'disk',
      said,
      'Every acknowledgement waits for that on a majority: use a local disk with a write cache that survives a loss of power.',
    );
  return fine('disk', said);
}

export function judgeRoom(freeBytes: number, sizeBytes: number): Finding {
  const share = sizeBytes === 0 ? 0 : freeBytes / sizeBytes;
  const said = `${(freeBytes / 2 ** 30).toFixed(1)} GiB of ${(sizeBytes / 2 ** 30).toFixed(1)} GiB are free`;
  if (share < lowShare)
    return wrong(
      'disk',
      said,
      'Make room: a node whose disk is full stops. See docs/runbooks/full-disk.md.',
    );
  return share < fewShare
    ? warning('disk', said, 'Make room before it is full.')
    : fine('disk', said);
}

export async function examineDisk(folder: string): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const place = await existing(folder);
  if (place === resolve(folder)) {
    const { mode } = await stat(place);
    if ((mode & 0o077) !== 0)
      findings.push(
        warning(
          'security',
          `others can use ${place} (mode ${(mode & 0o777).toString(8)})`,
          `chmod 0700 ${place}`,
        ),
      );
  }
  try {
    const { bavail, blocks, bsize } = await statfs(place);
    findings.push(judgeRoom(bavail * bsize, blocks * bsize));
    findings.push(judgeWrites(await timeWrites(place)));
  } catch (error) {
    findings.push(
      wrong(
        'disk',
        `nothing can be written in ${place}: ${reasonOf(error)}`,
        'Give the folder to the user of the node. See docs/disk.md.',
      ),
    );
  }
  return findings;
}
