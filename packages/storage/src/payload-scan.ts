/**
 * Reads files of payloads: what is there when a node starts, and what counts in a file that is to go.
 *
 * PSCAN-1: where the head of a frame does not hold, the next frame is looked for behind it: one damaged head takes no other
 *     payload with it. What was not durable when the power went is put again by the log. No payload looks like a
 *     head: the length in a head has a byte 0, which is in no JSON text.
 * PSCAN-2: of a frame that would count in the place of an earlier one the body is read as well: the power may have gone
 *     while it was written, and the earlier one is whole.
 */
import { join } from 'node:path';
import type { Disk, DiskFile } from './disk.ts';
import { payloadFileOf } from './layout.ts';
import type { PayloadFile } from './payload-files.ts';
import {
  payloadAlignment,
  payloadBodyAt,
  payloadFrameBytes,
  payloadHeadAt,
  payloadHeadBytes,
} from './payload-frame.ts';
import { maxBodyBytes, packed, PayloadPlaces, unpacked } from './payload-places.ts';

const windowBytes = 1024 * 1024;

export interface FoundPayloads {
  readonly files: readonly PayloadFile[];
  readonly places: PayloadPlaces;
  /** Of the next file. */
  readonly nextNumber: number;
}

interface ScannedFrame {
  readonly id: number;
  readonly offset: number;
  readonly byteLength: number;
  /** Undefined: damaged, or not asked for. */
  readonly body: Uint8Array | undefined;
}

export const bufferOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

/** The frames of a file in their order (PSCAN-1). */
export async function* framesOf(
  { file, byteLength: end }: { readonly file: DiskFile; readonly byteLength: number },
  withBodies: boolean,
): AsyncGenerator<ScannedFrame, void, undefined> {
  let begin = 0;
  let bytes: Buffer = Buffer.alloc(0);
  for (let offset = 0; offset + payloadHeadBytes <= end;) {
    // Where the wanted part of the frame is not in the window, the next window begins with the frame.
    const load = async (wanted: number): Promise<boolean> => {
      if (offset + wanted <= begin + bytes.byteLength) return true;
      if (offset + wanted > end) return false;
      begin = offset;
      bytes = bufferOf(
        await file.read(begin, Math.min(Math.max(windowBytes, wanted), end - begin)),
      );
      return true;
    };
    if (!(await load(payloadHeadBytes))) return;
    const head = payloadHeadAt(bytes, offset - begin);
    if (head === undefined || head.byteLength > maxBodyBytes) {
      offset += payloadAlignment; // PSCAN-1
      continue;
    }
    const frameBytes = payloadFrameBytes(head.byteLength);
    if (offset + frameBytes > end) return;
    if (withBodies && !(await load(payloadHeadBytes + head.byteLength))) return;
    const body = withBodies ? payloadBodyAt(bytes, offset - begin, head) : undefined;
    yield { id: head.id, offset, byteLength: head.byteLength, body };
    offset += frameBytes;
  }
}

/** What is in the folder of payloads (PFILE-5). Who takes it closes its files. */
export async function findPayloads(disk: Disk, folder: string): Promise<FoundPayloads> {
  const places = new PayloadPlaces();
  const found: PayloadFile[] = [];
  let nextNumber = 1;
  try {
    for (const { name, byteLength } of await disk.list(folder)) {
      const number = payloadFileOf(name);
      if (number === undefined) continue;
      nextNumber = Math.max(nextNumber, number + 1);
      const path = join(folder, name);
      const opened = { slot: found.length, path, file: await disk.open(path), byteLength };
      const file: PayloadFile = { ...opened, liveBytes: 0, users: 1, isStuck: false };
      found.push(file);
      for await (const frame of framesOf(file, false)) {
        // PSCAN-2
        if (places.get(frame.id) !== undefined && !(await isWhole(file, frame))) continue;
        note(places, found, file, frame);
      }
    }
  } catch (error) {
    await closePayloads(found);
    throw error;
  }
  return { files: found, places, nextNumber };
}

/** PSCAN-2. */
async function isWhole(
  { file }: PayloadFile,
  { offset, byteLength }: ScannedFrame,
): Promise<boolean> {
  const bytes = bufferOf(await file.read(offset, payloadHeadBytes + byteLength));
  const head = payloadHeadAt(bytes, 0);
  return head !== undefined && payloadBodyAt(bytes, 0, head) !== undefined;
}

/** PFILE-5. */
function note(
  places: PayloadPlaces,
  files: readonly PayloadFile[],
  file: PayloadFile,
  { id, offset, byteLength }: ScannedFrame,
): void {
  const before = places.get(id);
  if (before !== undefined) {
    const former = unpacked(before);
    const holder = files[former.slot];
    if (holder !== undefined) holder.liveBytes -= payloadFrameBytes(former.byteLength);
  }
  places.set(id, packed({ slot: file.slot, offset, byteLength }));
  file.liveBytes += payloadFrameBytes(byteLength);
}

export async function closePayloads(files: readonly PayloadFile[]): Promise<void> {
  for (const { file } of files) await file.close().catch(() => undefined);
}
