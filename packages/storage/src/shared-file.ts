import type { DiskFile } from './disk.ts';

/** A file with the count of those who use it. */
export class SharedFile {
  readonly #file: DiskFile;
  #users = 1;

  constructor(file: DiskFile) {
    this.#file = file;
  }

  get file(): DiskFile {
    return this.#file;
  }

  /** Whether only the one who made it uses it. */
  get isUnread(): boolean {
    return this.#users === 1;
  }

  get isClosed(): boolean {
    return this.#users === 0;
  }

  use(): void {
    this.#users += 1;
  }

  async release(): Promise<void> {
    this.#users -= 1;
    if (this.#users === 0) await this.#file.close();
  }
}
