/**
 * Room that is kept aside on the disk, so that files of payloads can be made smaller when it is full.
 *
 * PRESERVE-1: a file of zeros, half as long as a full file of payloads, is kept once these take `leastTimes` as much as one may have: what counts
 *     in any file that is mostly not needed fits in it. It is made only while nothing waits for room and no file is to be made smaller. One that
 *     could not be made leaves nothing behind, stops nothing, and is tried again only when another file of payloads was begun: its zeros
 *     fill the disk for a moment. A start finds the one that is there.
 * PRESERVE-2: it goes only where a write was refused for want of room, and files can be made smaller by it. The copies of what counts in one group
 *     of them are written at once into the room that it gives back, those of these files go of which nothing waits to be written anew either (PWASTE-1), and
 *     it is made again of their room: so one group after the other, before anything that waits is written. Else new payloads would take the room, and after a purge of half of the
 *     messages the disk would stay full of what is not needed (PWASTE-1 frees only files of which nothing counts).
 */
import { join } from 'node:path';
import type { Disk } from './disk.ts';
import type { DiskError } from './disk-error.ts';
import { reserveName } from './layout.ts';

const leastTimes = 4;

/** To remove a file helps where room is short, and not where descriptors are. */
export const isOfRoom = ({ systemCode }: DiskError): boolean =>
  systemCode === 'ENOSPC' || systemCode === 'EDQUOT';

export class PayloadReserve {
  readonly #disk: Pick<Disk, 'create' | 'remove'>;
  readonly #path: string;
  readonly #fileBytes: number;
  readonly #byteLength: number;
  #isThere: boolean;
  #making: Promise<void> | undefined;
  /** The number of the file of payloads that was to be begun next when it could not be made. */
  #failedAt: number | undefined;

  /** @param foundBytes How long the one is that was found; 0: none was. */
  constructor(
    disk: Pick<Disk, 'create' | 'remove'>,
    folder: string,
    fileBytes: number,
    foundBytes: number,
  ) {
    this.#disk = disk;
    this.#path = join(folder, reserveName);
    this.#fileBytes = fileBytes;
    this.#byteLength = Math.ceil(fileBytes / 2);
    this.#isThere = foundBytes >= this.#byteLength;
  }

  get isThere(): boolean {
    return this.#isThere;
  }

  get sizeBytes(): number {
    return this.#isThere ? this.#byteLength : 0;
  }

  /** PRESERVE-1. @param sizeBytes Of the files of payloads. @param nextNumber Of the next one. */
  makeSoon(sizeBytes: number, nextNumber: number): void {
    if (this.#isThere || this.#making !== undefined) return;
    if (sizeBytes < leastTimes * this.#fileBytes || this.#failedAt === nextNumber) return;
    this.#making = this.makeAgain(nextNumber).finally(() => {
      this.#making = undefined;
    });
  }

  /** PRESERVE-2, of room that is free. */
  makeAgain(nextNumber: number): Promise<void> {
    return this.#make().catch(() => {
      this.#failedAt = nextNumber;
    });
  }

  async #make(): Promise<void> {
    const file = await this.#disk.create(this.#path, this.#byteLength);
    this.#isThere = true;
    await file.close();
  }

  /** PRESERVE-2. False: it stays, for it could not be removed. */
  async free(): Promise<boolean> {
    try {
      await this.#disk.remove(this.#path);
    } catch {
      return false;
    }
    this.#isThere = false;
    return true;
  }

  /** Nothing is under way any more. */
  async settled(): Promise<void> {
    await this.#making;
  }
}
