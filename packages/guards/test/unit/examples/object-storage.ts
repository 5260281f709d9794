import type { Hold } from '@holdfast/client';
import { FetchObjectStore, getFenced, putFenced } from '@holdfast/guards/object-storage';

/** A journal in a bucket, written by the holder of its lock and read by all. */
export class Journal {
  readonly #store: FetchObjectStore;

  constructor(bucketUrl: string) {
    this.#store = new FetchObjectStore({ url: bucketUrl });
  }

  async append(hold: Hold, line: string): Promise<void> {
    await putFenced(this.#store, 'journal', hold, (present) =>
      new TextEncoder().encode(`${new TextDecoder().decode(present)}${line}\n`),
    );
  }

  async read(): Promise<string> {
    return new TextDecoder().decode((await getFenced(this.#store, 'journal'))?.bytes);
  }
}
