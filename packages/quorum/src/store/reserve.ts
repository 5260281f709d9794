/**
 * Room that is kept on the disk, to be given back when the disk is full: what is in the log can then be taken into the
 * file, after which the log is written anew from its beginning and needs no more room.
 *
 * RES-1: before a write is refused for want of room, the reserve is given back, the log is taken into the file, and the
 *     write is tried once more, where all of the reserve could be taken again. So a log never fills a disk that the file itself would fit on, and a node that was
 *     stopped on a full disk starts again.
 * RES-2: only what this module made is removed: a regular file, not larger, of its bytes alone. Where something else
 *     has its name, or there is no room for it, there is no reserve.
 */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { DiskError, privateFileMode } from '@holdfast/storage';
import { pageBytes } from './schema.ts';

/** For the pages of a log that is taken in, and for what SQLite makes to look at a file. */
const reservePages = 64;
const reserveBytes = reservePages * pageBytes;
const byte = 0x5a;
const filler = Buffer.alloc(pageBytes, byte);

export const isFull = (error: unknown): boolean =>
  error instanceof DiskError && error.systemCode === 'ENOSPC';

export class Reserve {
  readonly #path: string;
  #isWhole = false;

  /** @param file Of the lease node. */
  constructor(file: string) {
    this.#path = `${file}-reserve`;
  }

  /** Keeps the room, as far as there is any. @returns whether all of it is there. */
  take(): boolean {
    if (this.#isWhole) return true;
    const { O_CREAT, O_NOFOLLOW, O_TRUNC, O_WRONLY } = constants;
    const isStrangers = this.#ownBytes() === undefined && existsSync(this.#path);
    if (isStrangers) return false;
    try {
      const flags = O_CREAT | O_NOFOLLOW | O_TRUNC | O_WRONLY;
      const descriptor = openSync(this.#path, flags, privateFileMode);
      try {
        for (let page = 0; page < reservePages; page++) writeSync(descriptor, filler);
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
      this.#isWhole = this.#ownBytes() === reserveBytes;
    } catch {
      this.#isWhole = false; // What there was room for stays kept.
    }
    return this.#isWhole;
  }

  /** Whether there was any. */
  giveBack(): boolean {
    this.#isWhole = false;
    if (this.#ownBytes() === undefined) return false;
    rmSync(this.#path, { force: true });
    return true;
  }

  /** How large it is; undefined: it is not there, or something else is (RES-2). */
  #ownBytes(): number | undefined {
    const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
    let descriptor: number | undefined;
    try {
      descriptor = openSync(this.#path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      const found = fstatSync(descriptor);
      if (!found.isFile() || found.size > reserveBytes) return undefined;
      const bytes = Buffer.alloc(found.size);
      readSync(descriptor, bytes, 0, found.size, 0);
      return bytes.every((one) => one === byte) ? found.size : undefined;
    } catch {
      return undefined;
    } finally {
      if (descriptor !== undefined) closeSync(descriptor);
    }
  }
}
