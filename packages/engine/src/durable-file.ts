/**
 * A small file that is replaced as a whole while the node serves.
 *
 * DFILE-1: the event loop never waits for the disk: a leader that did would miss its heartbeats on a slow one.
 * DFILE-2: a write has resolved when its text, or a later one, is durable under the name. After a crash the file is
 *     whole: an earlier text, or a later one.
 * DFILE-3: one write is in flight. Of what is handed over meanwhile only the latest text is written.
 * DFILE-4: a write that fails leaves no other file behind: on a full disk it is tried again and again.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { askedDiskError, DiskError } from '@holdfast/storage';
import type { Disk } from '@holdfast/storage/parts';
import { temporaryEnding } from './identity.ts';

export class DurableFile {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #name: string;
  #text = '';
  /** Not begun yet: it takes the text that is the latest by then. */
  #next: Promise<void> | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(disk: Disk, folder: string, name: string) {
    this.#disk = disk;
    this.#folder = folder;
    this.#name = name;
  }

  /** Rejects with `DiskError` where the disk refuses. */
  write(text: string): Promise<void> {
    this.#text = text;
    if (this.#next === undefined) {
      this.#next = this.#last.then(() => {
        this.#next = undefined;
        return this.#replace(this.#text);
      });
      this.#last = this.#next.catch(() => undefined);
    }
    return this.#next;
  }

  /** Nothing is being written any more, whatever came of it. */
  async settled(): Promise<void> {
    for (let last; last !== this.#last;) {
      last = this.#last;
      await last;
    }
  }

  async #replace(text: string): Promise<void> {
    const path = join(this.#folder, this.#name);
    const temporary = `${path}.${randomUUID()}${temporaryEnding}`;
    try {
      const file = await this.#disk.create(temporary, 0);
      try {
        await file.write(Buffer.from(text), 0);
      } finally {
        await file.close();
      }
      await this.#disk.rename(temporary, path);
      await this.#disk.syncFolder(this.#folder);
    } catch (error) {
      await this.#disk.remove(temporary).catch(() => undefined); // DFILE-4
      const told = await askedDiskError(error, 'written', path);
      if (told instanceof DiskError) throw told;
      throw new DiskError(path, 'written', 'unknown', told.message, told);
    }
  }
}
