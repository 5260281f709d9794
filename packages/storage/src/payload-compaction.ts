/**
 * Files of payloads that are not needed go, and those that are mostly not needed are made smaller, one group after the other
 * (PFILE-2, PFILE-7 to PFILE-9 of payload-files.ts; which and when: payload-waste.ts).
 */
import { putAgain } from './payload-copies.ts';
import { release, sizesOf } from './payload-file.ts';
import type { PayloadFile } from './payload-file.ts';
import type { WaitingPayload } from './payload-frame.ts';
import { isOfRoom } from './payload-reserve.ts';
import type { PayloadReserve } from './payload-reserve.ts';
import type { PayloadSettings } from './payload-settings.ts';
import type { PayloadTroubles } from './payload-troubles.ts';
import { nextUnneeded } from './payload-waste.ts';
import type { CopyRoom, Unneeded } from './payload-waste.ts';
import type { PayloadStore } from './types.ts';

/** A payload that counts in a file that is to go. */
export interface PayloadCopy extends WaitingPayload {
  /** Where it counts. */
  readonly place: number;
}

interface CompactionParts {
  /** By their slots. */
  readonly files: (PayloadFile | undefined)[];
  readonly settings: PayloadSettings;
  readonly troubles: PayloadTroubles;
  readonly reserve: PayloadReserve;
  /** It is still written to. */
  readonly current: () => PayloadFile | undefined;
  readonly nextNumber: () => number;
  readonly durableCount: () => number;
  readonly placeOf: (id: number) => number | undefined;
  readonly store: Pick<PayloadStore, 'put' | 'end' | 'durable'>;
  /** Executes this while nothing else is written (PFILE-4). */
  readonly alone: (act: () => Promise<void>) => Promise<void>;
  /** Writes these at once, in the place of those that count. False: there is no room. */
  readonly copy: (copies: readonly PayloadCopy[]) => Promise<boolean>;
  readonly isOver: () => boolean;
  readonly onFailure: (error: unknown) => void;
}

/** Each trial to write on a full disk begins a file, which goes again and gives no room. */
const gaveNothing = ({ files, areDead }: Unneeded): boolean =>
  areDead && files.every(({ byteLength }) => byteLength === 0);

export class PayloadCompaction {
  readonly #parts: CompactionParts;
  #working: Promise<void> | undefined;

  constructor(parts: CompactionParts) {
    this.#parts = parts;
  }

  /** @param wasRefused A write was, a moment ago (PRESERVE-2). */
  soon(wasRefused = false): void {
    const { files, settings, reserve, current, nextNumber, durableCount, isOver } = this.#parts;
    if (isOver() || this.#working !== undefined) return;
    const room = this.#room(wasRefused);
    const about = { fileBytes: settings.fileBytes, durableCount: durableCount(), room };
    const next = nextUnneeded(files, current(), about);
    if (next === undefined) {
      if (room === 'enough') reserve.makeSoon(sizesOf(files).sizeBytes, nextNumber()); // PRESERVE-1
      return;
    }
    this.#working = this.#work(next, room)
      .catch(this.#parts.onFailure)
      .finally(() => {
        this.#working = undefined;
        this.soon(wasRefused && gaveNothing(next));
      });
  }

  /** PFILE-9. */
  #room(wasRefused: boolean): CopyRoom {
    const { troubles, reserve } = this.#parts;
    if (troubles.shortage === undefined) return 'enough';
    return wasRefused && reserve.isThere && isOfRoom(troubles.shortage) ? 'reserve' : 'none';
  }

  async settled(): Promise<void> {
    await this.#working;
    await this.#parts.reserve.settled();
  }

  #work({ files, areDead }: Unneeded, room: CopyRoom): Promise<void> {
    if (areDead) return this.#forget(files);
    if (room === 'reserve') return this.#parts.alone(() => this.#copyInReserve(files));
    return this.#compact(files);
  }

  /** PFILE-2: what counts in them is put again, and is durable before they go. */
  async #compact(files: readonly PayloadFile[]): Promise<void> {
    const { store, isOver } = this.#parts;
    const causes: unknown[] = [];
    for (const file of files)
      causes.push(await this.#eachLive(file, ({ id, body }) => store.put(id, body)));
    if (!(await store.durable())) return;
    for (const [position, file] of files.entries()) {
      if (isOver()) return;
      if (!this.#isStuck(file, causes[position])) await this.#forget([file]);
    }
  }

  /** PRESERVE-2. */
  async #copyInReserve(first: readonly PayloadFile[]): Promise<void> {
    for (let files = first; files.length > 0; files = await this.#nextInReserve())
      if (!(await this.#copyGroup(files))) return;
  }

  /** Returns whether their copies are durable. */
  async #copyGroup(files: readonly PayloadFile[]): Promise<boolean> {
    const { reserve, copy, isOver } = this.#parts;
    if (isOver() || !(await reserve.free())) return false;
    for (const file of files) {
      const copies: PayloadCopy[] = [];
      const cause = await this.#eachLive(file, (one) => copies.push(one));
      if (isOver() || !(await copy(copies))) return false;
      this.#isStuck(file, cause);
    }
    return true;
  }

  /** Of those that were copied each goes as any of which nothing counts: not while something of it waits to be written (PWASTE-1). */
  async #nextInReserve(): Promise<readonly PayloadFile[]> {
    const { files, settings, reserve, current, nextNumber, durableCount, isOver } = this.#parts;
    const about = { fileBytes: settings.fileBytes, durableCount: durableCount() };
    for (;;) {
      if (isOver()) return [];
      const next = nextUnneeded(files, current(), { ...about, room: 'reserve' });
      if (next?.areDead === true) {
        await this.#forget(next.files);
        continue;
      }
      await reserve.makeAgain(nextNumber());
      return reserve.isThere ? (next?.files ?? []) : [];
    }
  }

  /** Some of what counts in it could not be read (PFILE-7). */
  #isStuck(file: PayloadFile, cause: unknown): boolean {
    file.isStuck = file.liveBytes > 0;
    if (file.isStuck) this.#parts.troubles.cannotGo(file.path, file.liveBytes, cause);
    return file.isStuck;
  }

  /** Returns why some of it could not be read. */
  async #eachLive(file: PayloadFile, onLive: (copy: PayloadCopy) => void): Promise<unknown> {
    const { placeOf, store, troubles, isOver } = this.#parts;
    file.users += 1;
    const damaged: number[] = [];
    try {
      return await putAgain(file, {
        isOver,
        counts: (id, place) => placeOf(id) === place,
        onBody: (id, body, place) => onLive({ id, body, place }),
        onDamaged: (id) => {
          store.end(id); // PFILE-8
          damaged.push(id);
        },
      });
    } finally {
      release(file);
      troubles.damaged(file.path, damaged); // PFILE-8
    }
  }

  async #forget(files: readonly PayloadFile[]): Promise<void> {
    for (const file of files) {
      this.#parts.files[file.slot] = undefined;
      release(file);
      await this.#parts.troubles.remove(file); // PFILE-7
    }
  }
}
