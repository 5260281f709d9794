/**
 * Reads files of payloads: what is there when a node starts, and what counts in a file that is to go.
 *
 * PSCAN-1: where the head of a frame does not hold, the next frame is looked for behind it: one damaged head takes no other
 *     payload with it. What was not durable when the power went is put again by the log. No payload looks like a
 *     head: the length in a head has a byte 0, which is in no JSON text.
 * PSCAN-2: of a frame that would count in the place of an earlier one the body is read as well: the power may have gone
 *     while it was written, and the earlier one is whole.
 * PSCAN-3: what cannot be read is zeros for whoever looks for frames: none begins there, and no body in it has its
 *     checksum. What stands around it is found. A file that cannot even be opened is passed over. Both are told, with
 *     the file and the cause.
 */
import { join } from 'node:path';
import type { Disk, DiskFile } from './disk.ts';
import { payloadFileOf, reserveName } from './layout.ts';
import { payloadFileAt } from './payload-file.ts';
import type { PayloadFile } from './payload-file.ts';
import {
  payloadAlignment,
  payloadBodyAt,
  payloadFrameBytes,
  payloadHeadAt,
  payloadHeadBytes,
} from './payload-frame.ts';
import { maxBodyBytes, packed, PayloadPlaces, unpacked } from './payload-places.ts';

const windowBytes = 1024 * 1024;
/** PSCAN-3: a window that cannot be read is read in pieces; in a file in which so many could not be, no more. */
const pieceBytes = 4096;
const mostUnreadPieces = 64;

export interface FoundPayloads {
  readonly files: readonly PayloadFile[];
  readonly places: PayloadPlaces;
  /** Of the next file. */
  readonly nextNumber: number;
  /** PSCAN-3. */
  readonly troubles: readonly string[];
  /** Of the room that is kept aside (PRESERVE-1). */
  readonly reserveBytes: number;
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

export const causeOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** PSCAN-3. */
function patientReader(
  file: DiskFile,
  onUnreadable: (error: unknown) => void,
): (position: number, byteLength: number) => Promise<Buffer> {
  let unread = 0;
  return async (position, byteLength) => {
    try {
      return bufferOf(await file.read(position, byteLength));
    } catch (error) {
      onUnreadable(error);
    }
    const bytes = Buffer.alloc(byteLength);
    for (let begin = 0; begin < byteLength && unread < mostUnreadPieces; begin += pieceBytes) {
      const length = Math.min(pieceBytes, byteLength - begin);
      try {
        bytes.set(await file.read(position + begin, length), begin);
      } catch {
        unread += 1;
      }
    }
    return bytes;
  };
}

/** The frames of a file in their order (PSCAN-1). @param onUnreadable Told of each part that cannot be read (PSCAN-3). */
export async function* framesOf(
  { file, byteLength: end }: { readonly file: DiskFile; readonly byteLength: number },
  withBodies: boolean,
  onUnreadable: (error: unknown) => void,
): AsyncGenerator<ScannedFrame, void, undefined> {
  const read = patientReader(file, onUnreadable);
  let begin = 0;
  let bytes: Buffer = Buffer.alloc(0);
  for (let offset = 0; offset + payloadHeadBytes <= end;) {
    // Where the wanted part of the frame is not in the window, the next window begins with the frame.
    const load = async (wanted: number): Promise<boolean> => {
      if (offset + wanted <= begin + bytes.byteLength) return true;
      if (offset + wanted > end) return false;
      begin = offset;
      bytes = await read(begin, Math.min(Math.max(windowBytes, wanted), end - begin));
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
  const troubles: string[] = [];
  let nextNumber = 1;
  let reserveBytes = 0;
  try {
    for (const { name, byteLength } of await disk.list(folder)) {
      if (name === reserveName) reserveBytes = byteLength;
      const number = payloadFileOf(name);
      if (number === undefined) continue;
      nextNumber = Math.max(nextNumber, number + 1);
      const path = join(folder, name);
      let cause: unknown;
      const onUnreadable = (error: unknown): void => void (cause ??= error);
      const opened = await disk.open(path).catch(onUnreadable);
      if (opened !== undefined) {
        const file = payloadFileAt(found.length, path, opened, byteLength);
        found.push(file);
        await noteFrames(places, found, file, onUnreadable);
        file.hasUnread = cause !== undefined; // PFILE-7
      }
      if (cause !== undefined) troubles.push(troubleOf(path, cause)); // PSCAN-3
    }
  } catch (error) {
    await closePayloads(found);
    throw error;
  }
  return { files: found, places, nextNumber, troubles, reserveBytes };
}

const troubleOf = (path: string, cause: unknown): string =>
  `${path} could not be read, or not all of it: ${causeOf(cause)}. ` +
  'Payloads in it that are needed count as missing, and are fetched from other members. It stays until it can be read at a start.';

async function noteFrames(
  places: PayloadPlaces,
  found: readonly PayloadFile[],
  file: PayloadFile,
  onUnreadable: (error: unknown) => void,
): Promise<void> {
  for await (const frame of framesOf(file, false, onUnreadable)) {
    // PSCAN-2
    if (places.get(frame.id) !== undefined && !(await isWhole(file, frame, onUnreadable))) continue;
    note(places, found, file, frame);
  }
}

/** PSCAN-2. */
async function isWhole(
  { file }: PayloadFile,
  { offset, byteLength }: ScannedFrame,
  onUnreadable: (error: unknown) => void,
): Promise<boolean> {
  const read = patientReader(file, onUnreadable);
  const bytes = await read(offset, payloadHeadBytes + byteLength);
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
