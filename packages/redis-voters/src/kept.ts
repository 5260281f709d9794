/** Something that is opened when it is first needed, and anew when it was closed since. One opening at a time. */
import { HoldfastError } from '@holdfast/protocol';

export class Kept<T extends { readonly isReady: boolean }> {
  readonly #open: () => Promise<T>;
  readonly #end: (opened: T) => void;
  #opened: Promise<T> | undefined;
  #closed = false;

  constructor(open: () => Promise<T>, end: (opened: T) => void) {
    this.#open = open;
    this.#end = end;
  }

  /** Rejects as the opening that is under way does. */
  async get(): Promise<T> {
    const known = this.#opened;
    if (known !== undefined) {
      const opened = await known;
      if (opened.isReady) return opened;
      if (this.#opened === known) this.#opened = undefined;
    }
    if (this.#closed) throw new HoldfastError('shutting_down', 'This voter was closed.');
    this.#opened ??= this.#start();
    return this.#opened;
  }

  close(): void {
    this.#closed = true;
    this.#opened?.then(this.#end, () => undefined);
  }

  async #start(): Promise<T> {
    try {
      return await this.#open();
    } catch (error) {
      this.#opened = undefined;
      throw error;
    }
  }
}
