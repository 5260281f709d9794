/** Looks at the files of payloads of a node that does not run (LOOK-1 of look.ts). */
import { join } from 'node:path';
import type { Disk } from './disk.ts';
import { readOnlyDisk } from './file-disk.ts';
import { foldersOf, payloadFileOf } from './layout.ts';
import { causeOf, framesOf } from './payload-scan.ts';

export interface SeenPayloads {
  readonly name: string;
  readonly byteLength: number;
  /** Frames with a head that holds. A payload may stand in several: the latest whole one counts (PFILE-5). */
  readonly payloads: number;
  /** Of these, with a body that is not what was written. */
  readonly damaged: number;
  /** What the disk said of a part that it cannot read (PSCAN-3). */
  readonly unreadable: string | undefined;
}

/** In the order in which they were written. Each is read once, a bounded part at a time. */
export async function lookAtPayloads(
  logFolder: string,
  disk: Disk = readOnlyDisk,
): Promise<readonly SeenPayloads[]> {
  const folder = foldersOf(logFolder).payloads;
  const seen: SeenPayloads[] = [];
  for (const { name, byteLength } of await disk.list(folder)) {
    if (payloadFileOf(name) === undefined) continue;
    const file = await disk.open(join(folder, name));
    try {
      let payloads = 0;
      let damaged = 0;
      let unreadable: string | undefined;
      const onUnreadable = (error: unknown): void => {
        unreadable ??= causeOf(error);
      };
      for await (const { body } of framesOf({ file, byteLength }, true, onUnreadable)) {
        payloads += 1;
        if (body === undefined) damaged += 1;
      }
      seen.push({ name, byteLength, payloads, damaged, unreadable });
    } finally {
      await file.close();
    }
  }
  return seen.sort((a, b) => (a.name < b.name ? -1 : 1));
}
