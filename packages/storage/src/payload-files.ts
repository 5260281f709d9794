/**
 * Payloads of messages beside log and snapshots: files of frames (payload-frame.ts), written one after the other.
 *
 * PFILE-1: `durable` resolves when all that was put before is durable, whatever is put meanwhile. Until then it may be lost with the power: whoever
 *     puts it has it elsewhere.
 * PFILE-2: a file goes only when each payload in it has ended, or is durable in another file.
 * PFILE-3: what is read is the body of a frame of that id, with the checksum that was written. Else it is not here.
 * PFILE-4: one write is under way; what is put meanwhile is gathered for the next one. What waits is in memory: who puts
 *     more than `mostWaitingBytes` is asked to wait (`isBehind`). What is put again comes on top (PWASTE-3).
 * PFILE-5: of two whole frames of one id the later one counts: the first may not have become durable, or its file is to go.
 * PFILE-6: after the first failure to write, here or of the log, nothing more is written.
 * PFILE-7: a file that cannot be read, or not be removed, stops nothing: what is in it counts as not here, a file in which
 *     something could not be read stays as long as that may be needed, and one that could not be removed is removed later.
 * PFILE-9: where there is no room for payloads, or no descriptor for their file (DERR-3), nothing stops: all members write them at the
 *     same entry. They wait in memory, none of them counts as durable, and it is told. They are written again when somebody asks for
 *     `durable`, beginning with the same one: at the same place, or in a new file, and what was torn at the end of the old one counts for nothing
 *     (PSCAN-2); not for what is put meanwhile, for each trial fills the disk. Until then no file is made smaller, for that takes room, but in
 *     that which is kept aside for it (PRESERVE-2); one of which nothing counts goes (PWASTE-1), and what has ended while it waited is not written, and takes no memory (WAITING-1).
 * PFILE-10: an id has one body for ever. What is put again while it waits is not put twice: its first put says when it is durable (PWASTE-1).
 * PFILE-8: one that is found damaged when its file is to go is not here any more, which is told at once, also to who looks elsewhere.
 */
import { join } from 'node:path';
import type { Disk } from './disk.ts';
import { isShortage } from './disk-error.ts';
import type { DiskError } from './disk-error.ts';
import { KeptBuffer } from './kept-buffer.ts';
import { payloadFileName } from './layout.ts';
import { makePayloadFile } from './make-payload-file.ts';
import {
  framesBytes,
  framesThatFit,
  payloadFrameBytes,
  payloadHeadBytes,
  payloadIn,
  putPayloads,
} from './payload-frame.ts';
import type { WaitingPayload } from './payload-frame.ts';
import { PayloadCompaction } from './payload-compaction.ts';
import type { PayloadCopy } from './payload-compaction.ts';
import { bufferOf } from './payload-scan.ts';
import type { FoundPayloads } from './payload-scan.ts';
import {
  maxBodyBytes,
  maxFileBytes,
  notWritten,
  packed,
  PayloadPlaces,
  unpacked,
} from './payload-places.ts';
import { payloadFileAt, release, sizesOf } from './payload-file.ts';
import type { PayloadFile } from './payload-file.ts';
import { PayloadReserve } from './payload-reserve.ts';
import { mostWaitingBytes, mostWrittenBytes } from './payload-settings.ts';
import type { PayloadListeners, PayloadSettings } from './payload-settings.ts';
import { freeSlot, isWasteful } from './payload-waste.ts';
import { PayloadTroubles } from './payload-troubles.ts';
import { RecentPayloads } from './recent-payloads.ts';
import type { PayloadStore } from './types.ts';
import { putsOf, WaitingPayloads, type CountedPayload } from './waiting-payloads.ts';

export class PayloadFiles implements PayloadStore {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #settings: PayloadSettings;
  readonly #listeners: PayloadListeners;
  readonly #places: PayloadPlaces;
  readonly #files: (PayloadFile | undefined)[]; // By their slots.
  #nextNumber: number;
  #current: PayloadFile | undefined;
  readonly #waiting = new WaitingPayloads();
  readonly #mostWritten: number; // In one write.
  readonly #buffer = new KeptBuffer(mostWrittenBytes);
  /** Those that wait, and the latest that were written. */
  readonly #memory: RecentPayloads;
  #working: Promise<void> | undefined;
  /** Resolves after the write that is under way, and when there is none any more. */
  #written = Promise.withResolvers<void>();
  /** How many were put, are durable, and are waited for by somebody. */
  #putCount = 0;
  #durableCount = 0;
  #awaitedCount = 0;
  readonly #troubles: PayloadTroubles;
  readonly #reserve: PayloadReserve;
  readonly #compaction: PayloadCompaction;
  #failed = false;
  #closed = false;
  #onRoom: () => void = () => undefined;

  constructor(
    disk: Disk,
    folder: string,
    found: FoundPayloads,
    settings: PayloadSettings,
    listeners: PayloadListeners,
  ) {
    if (settings.fileBytes > maxFileBytes)
      throw new Error(`A file of payloads has at most ${String(maxFileBytes)} bytes.`);
    this.#disk = disk;
    this.#folder = folder;
    this.#settings = settings;
    this.#mostWritten = Math.min(mostWrittenBytes, settings.fileBytes);
    this.#listeners = listeners;
    this.#places = found.places;
    this.#files = [...found.files];
    this.#nextNumber = found.nextNumber;
    this.#memory = new RecentPayloads(
      settings.rememberedBytes,
      (id) => this.#places.get(id) === notWritten,
    );
    const { onWarning = () => undefined } = listeners;
    this.#troubles = new PayloadTroubles(disk, found.troubles, onWarning);
    this.#reserve = new PayloadReserve(disk, folder, settings.fileBytes, found.reserveBytes);
    this.#compaction = this.#makeCompaction();
  }

  #makeCompaction(): PayloadCompaction {
    return new PayloadCompaction({
      files: this.#files,
      settings: this.#settings,
      troubles: this.#troubles,
      reserve: this.#reserve,
      current: () => this.#current,
      nextNumber: () => this.#nextNumber,
      durableCount: () => this.#durableCount,
      placeOf: (id) => this.#places.get(id),
      store: this,
      alone: (act) => this.#alone(act),
      copy: (copies) => this.#copy(copies),
      isOver: () => this.#closed || this.#failed,
      onFailure: (error) => this.#fail(error),
    });
  }

  get stats(): PayloadStore['stats'] {
    const { sizeBytes, liveBytes } = sizesOf(this.#files);
    return {
      count: this.#places.size,
      sizeBytes: sizeBytes + this.#troubles.leftoverBytes + this.#reserve.sizeBytes,
      liveBytes,
      waitingBytes: this.#waiting.byteLength,
      errors: this.#troubles.count,
      shortages: this.#troubles.shortages,
      damaged: this.#troubles.damagedCount,
    };
  }

  /** PFILE-4. */
  get isBehind(): boolean {
    return this.#waiting.byteLength > mostWaitingBytes;
  }

  get shortage(): DiskError | undefined {
    return this.#troubles.shortage;
  }

  onShortage(listener: () => void): void {
    this.#troubles.onShortage = listener;
  }

  onRoom(listener: () => void): void {
    this.#onRoom = listener;
  }

  onDamaged(listener: (ids: readonly number[]) => void): void {
    this.#troubles.onDamaged = listener;
  }

  has(id: number): boolean {
    return this.#places.get(id) !== undefined;
  }

  mayHave(id: number): boolean {
    return this.#troubles.mayHave(id);
  }

  ids(): Iterable<number> {
    return this.#places.ids();
  }

  put(id: number, body: Uint8Array): void {
    if (body.byteLength > maxBodyBytes)
      throw new Error(`A payload of ${String(body.byteLength)} bytes cannot be kept.`);
    if (this.#failed || this.#closed) return; // PFILE-6
    if (this.#places.get(id) === notWritten) return; // PFILE-10
    this.#putCount += 1;
    this.#leave(id, this.#putCount);
    this.#places.set(id, notWritten);
    this.#troubles.forget(id);
    this.#memory.add(id, body);
    this.#waiting.add({ id, body });
    // PFILE-9
    if (this.#waiting.byteLength >= this.#settings.gatheredBytes && this.shortage === undefined)
      this.#begin();
  }

  /** It is needed no more. */
  end(id: number): void {
    this.#leave(id, 0);
    this.#places.delete(id);
    this.#memory.remove(id);
    this.#troubles.forget(id);
  }

  /** PFILE-3. Undefined: it is not here, or damaged. */
  async read(id: number): Promise<Uint8Array | undefined> {
    const place = this.#places.get(id);
    if (place === undefined) return undefined;
    const remembered = this.#memory.get(id);
    if (remembered !== undefined) return remembered;
    const { slot, offset, byteLength } = unpacked(place);
    const file = this.#files[slot];
    if (file === undefined || this.#closed) return undefined;
    file.users += 1;
    try {
      const bytes = await file.file.read(offset, payloadHeadBytes + byteLength);
      return payloadIn(bufferOf(bytes), id);
    } catch (error) {
      this.#troubles.cannotRead(id, file.path, error); // PFILE-7
      return undefined; // It is read elsewhere.
    } finally {
      release(file);
    }
  }

  /** PFILE-1. False: it never will be, for the disk has failed or this is closed, or there is no room now (PFILE-9). */
  async durable(): Promise<boolean> {
    const wanted = this.#putCount;
    const { shortages } = this.#troubles;
    while (this.#durableCount < wanted) {
      if (this.#failed || this.#closed || this.#troubles.shortages !== shortages) return false;
      this.#awaitedCount = Math.max(this.#awaitedCount, wanted);
      this.#begin();
      await this.#written.promise;
    }
    return true;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#waiting.drop();
    await this.#working;
    await this.#compaction.settled();
    for (const file of this.#files) if (file !== undefined) release(file);
  }

  #begin(): void {
    if (this.#failed || this.#closed) return;
    this.#working ??= this.#execute(() => this.#work());
  }

  /** PFILE-4. */
  async #alone(act: () => Promise<void>): Promise<void> {
    while (this.#working !== undefined) await this.#working;
    this.#working = this.#execute(act);
    await this.#working;
  }

  #execute(act: () => Promise<void>): Promise<void> {
    return Promise.resolve()
      .then(act)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#working = undefined;
        this.#tellWritten();
      });
  }

  #tellWritten(): void {
    this.#written.resolve();
    this.#written = Promise.withResolvers();
  }

  /** PFILE-6: something else has failed, and was told. */
  stop(): void {
    this.#failed = true;
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#listeners.onFailure(error);
  }

  async #work(): Promise<void> {
    while (
      !this.#failed &&
      (this.#durableCount < this.#awaitedCount ||
        this.#waiting.byteLength >= this.#settings.gatheredBytes)
    ) {
      const some = this.#waiting.take(this.#mostWritten);
      if (some.length === 0) break;
      const wasBehind = this.isBehind;
      if (!(await this.#hasRoomFor(some))) return;
      this.#durableCount += putsOf(some);
      this.#tellWritten();
      if (wasBehind && !this.isBehind) this.#onRoom();
      if (this.#closed) return;
    }
    this.#compaction.soon();
  }

  /** PFILE-9. Whether they were written. */
  async #hasRoomFor(some: readonly CountedPayload[]): Promise<boolean> {
    try {
      await this.#write(some);
    } catch (error) {
      if (!isShortage(error)) throw error;
      const wasBehind = this.isBehind;
      this.#durableCount += this.#waiting.putBack(some, (one) => this.#isNeeded(one));
      if (wasBehind && !this.isBehind) queueMicrotask(() => this.#onRoom());
      this.#awaitedCount = this.#durableCount; // Whoever waits for more is told, and may ask again.
      this.#troubles.noRoom(error);
      if (this.#current?.liveBytes === 0) this.#current = undefined; // PWASTE-1
      this.#compaction.soon(true);
      return false;
    }
    this.#troubles.hasRoom();
    return true;
  }

  async #write(some: readonly CountedPayload[]): Promise<void> {
    const needed = some.filter((one) => this.#isNeeded(one)); // PFILE-9
    if (needed.length > 0) await this.#writeFrames(needed, (one) => this.#isNeeded(one));
    this.#waiting.written(some);
    this.#memory.shrink();
  }

  /** It has not ended since it was put. */
  #isNeeded({ id, body }: WaitingPayload): boolean {
    return this.#memory.get(id) === body && this.#places.get(id) === notWritten;
  }

  /** PRESERVE-2. They are durable before they count. */
  async #copy(copies: readonly PayloadCopy[]): Promise<boolean> {
    const rest = [...copies];
    while (rest.length > 0) {
      if (this.#failed || this.#closed) return false; // PFILE-6
      const some = rest.splice(0, framesThatFit(rest, this.#mostWritten));
      try {
        await this.#writeFrames(some, ({ id, place }) => this.#places.get(id) === place);
      } catch (error) {
        if (isShortage(error)) return false;
        throw error;
      }
    }
    return true;
  }

  async #writeFrames<T extends WaitingPayload>(
    some: readonly T[],
    counts: (one: T) => boolean,
  ): Promise<void> {
    const byteLength = framesBytes(some);
    const file = await this.#fileFor(byteLength);
    const bytes = this.#buffer.of(byteLength); // PFILE-4
    putPayloads(bytes, some);
    await file.file.write(bytes, file.byteLength);
    let offset = file.byteLength;
    file.byteLength += byteLength;
    for (const one of some) {
      const { id, body } = one;
      const length = payloadFrameBytes(body.byteLength);
      if (counts(one)) {
        this.#leave(id, 0);
        const place = { slot: file.slot, offset, byteLength: body.byteLength };
        this.#places.set(id, packed(place));
        file.liveBytes += length;
      }
      offset += length;
    }
  }

  async #fileFor(byteLength: number): Promise<PayloadFile> {
    const current = this.#current;
    if (current !== undefined && current.byteLength + byteLength <= this.#settings.fileBytes)
      return current;
    const slot = freeSlot(this.#files, this.#folder);
    const path = join(this.#folder, payloadFileName(this.#nextNumber++));
    const file = await makePayloadFile(this.#disk, this.#folder, path);
    const made = payloadFileAt(slot, path, file, 0);
    this.#files[slot] = made;
    this.#current = made;
    await this.#troubles.removeLeftovers(); // PFILE-7
    return made;
  }

  /** The frame that counted does no more. @param putCount With the put that takes its place; 0: nothing does (PWASTE-1). */
  #leave(id: number, putCount: number): void {
    const place = this.#places.get(id);
    if (place === undefined || place === notWritten) return;
    const { slot, byteLength } = unpacked(place);
    const file = this.#files[slot];
    if (file === undefined) return;
    file.liveBytes -= payloadFrameBytes(byteLength);
    file.putAgainCount = Math.max(file.putAgainCount, putCount);
    if (this.shortage !== undefined && file.liveBytes > 0) return; // PFILE-9: it takes room.
    if (isWasteful(file, this.#current)) this.#compaction.soon();
  }
}
