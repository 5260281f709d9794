/**
 * What goes wrong with files of payloads and stops nothing (PFILE-7 to PFILE-9 of payload-files.ts): told, counted, and done later
 * where it can be done later.
 */
import type { Disk } from './disk.ts';
import type { DiskError } from './disk-error.ts';
import { causeOf } from './payload-scan.ts';

/** Ids that are remembered as unreadable, and told each once; of any others it is not known. */
const mostUnreadable = 10_000;
/** In one warning. */
const mostNamed = 20;

/** A file that is needed no more. */
interface Unneeded {
  readonly path: string;
  readonly byteLength: number;
}

export class PayloadTroubles {
  readonly #disk: Pick<Disk, 'remove'>;
  readonly #onWarning: (text: string) => void;
  /** There are files of which a part, or all, could not be read when they were found. */
  readonly #isUnsure: boolean;
  readonly #unreadable = new Set<number>();
  #leftovers: Unneeded[] = [];
  #count: number;
  /** Payloads that were found damaged (PFILE-8). */
  damagedCount = 0;
  onDamaged: (ids: readonly number[]) => void = () => undefined;
  /** How often there was no room for payloads (PFILE-9), and what the disk said the last time; undefined: they were written since. */
  shortages = 0;
  shortage: DiskError | undefined;
  onShortage: () => void = () => undefined;

  constructor(
    disk: Pick<Disk, 'remove'>,
    found: readonly string[],
    onWarning: (text: string) => void,
  ) {
    this.#disk = disk;
    this.#onWarning = onWarning;
    this.#isUnsure = found.length > 0;
    this.#count = found.length;
    for (const trouble of found) onWarning(trouble);
  }

  get count(): number {
    return this.#count;
  }

  /** Of files that could not be removed. */
  get leftoverBytes(): number {
    let bytes = 0;
    for (const { byteLength } of this.#leftovers) bytes += byteLength;
    return bytes;
  }

  /**
   * Of a payload that could not be had: what cannot be read now may be read again. Where a file was not read whole at the start, or more
   * could not be read than are remembered, that may be said of any.
   */
  mayHave(id: number): boolean {
    return this.#isUnsure || this.#unreadable.size >= mostUnreadable || this.#unreadable.has(id);
  }

  /** One word of it for each payload: the disk may go on like this. */
  cannotRead(id: number, path: string, error: unknown): void {
    this.#count += 1;
    if (this.#unreadable.has(id)) return;
    if (this.#unreadable.size < mostUnreadable) this.#unreadable.add(id);
    this.#onWarning(`Payload ${String(id)} could not be read from ${path}: ${causeOf(error)}.`);
  }

  /** It has ended, or was put again. */
  forget(id: number): void {
    this.#unreadable.delete(id);
  }

  /** PFILE-8: these of a file that was to go. */
  damaged(path: string, ids: readonly number[]): void {
    if (ids.length === 0) return;
    this.damagedCount += ids.length;
    const some = ids.slice(0, mostNamed).join(', ');
    const more = ids.length > mostNamed ? ` and ${String(ids.length - mostNamed)} more` : '';
    this.#onWarning(
      `${path} was made smaller, and ${String(ids.length)} payloads in it are damaged (messages ${some}${more}): they do not have the checksum that was written. ` +
        'They count as missing, and are fetched from other members; the message of one that no member has becomes a dead letter. Check the disk.',
    );
    this.onDamaged(ids);
  }

  /** PFILE-9. One word of it until there is room again. */
  noRoom(error: DiskError): void {
    const isFirst = this.shortage === undefined;
    this.shortages += 1;
    this.shortage = error;
    if (isFirst)
      this.#onWarning(
        `Payloads of messages were not written: ${error.message} They wait in memory and are written again when there is room; until then no snapshot of this node is saved, its log grows, and payloads of more messages are taken in only as far as memory for them is left.`,
      );
    this.onShortage();
  }

  hasRoom(): void {
    if (this.shortage === undefined) return;
    this.shortage = undefined;
    this.#onWarning('Payloads of messages are written again.');
  }

  cannotGo(path: string, liveBytes: number, cause: unknown): void {
    const why = cause === undefined ? 'their frames are damaged' : causeOf(cause);
    this.#count += 1;
    this.#onWarning(
      `${path} was to be made smaller, and ${String(liveBytes)} bytes of payloads in it could not be read: ${why}. ` +
        'It stays as long as they are needed and are not fetched from other members.',
    );
  }

  async remove(file: Unneeded): Promise<void> {
    this.#leftovers.push(file);
    await this.removeLeftovers();
  }

  /** Whatever is left is tried again with the next file. */
  async removeLeftovers(): Promise<void> {
    for (const file of this.#leftovers.splice(0)) {
      try {
        await this.#disk.remove(file.path);
      } catch (error) {
        this.#count += 1;
        this.#leftovers.push(file);
        this.#onWarning(
          `${file.path} is needed no more, and could not be removed: ${causeOf(error)}. It is tried again later.`,
        );
      }
    }
  }
}
