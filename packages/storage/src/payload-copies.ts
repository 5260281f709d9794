/** What counts in a file of payloads that is to go is put again (PFILE-2, PFILE-7 and PFILE-8 of payload-files.ts). */
import type { PayloadFile } from './payload-file.ts';
import { packed } from './payload-places.ts';
import { framesOf } from './payload-scan.ts';

interface CopyParts {
  /** Nothing is wanted any more. */
  readonly isOver: () => boolean;
  /** The payload is at this place. */
  readonly counts: (id: number, place: number) => boolean;
  readonly onBody: (id: number, body: Uint8Array, place: number) => void;
  readonly onDamaged: (id: number) => void;
}

/** Returns why some of it could not be read. */
export async function putAgain(file: PayloadFile, parts: CopyParts): Promise<unknown> {
  let cause: unknown;
  const onUnreadable = (error: unknown): void => void (cause ??= error);
  if (file.liveBytes === 0) return undefined;
  for await (const { id, offset, byteLength, body } of framesOf(file, true, onUnreadable)) {
    if (parts.isOver()) break;
    const place = packed({ slot: file.slot, offset, byteLength });
    if (!parts.counts(id, place)) continue;
    if (body !== undefined) parts.onBody(id, Uint8Array.from(body), place);
    else if (cause === undefined) parts.onDamaged(id); // PFILE-7, PFILE-8
  }
  return cause;
}
