/**
 * What a node answers is on its disk first.
 *
 * LEASE-HOST-1: the requests of one event-loop turn are one transaction, and no answer of theirs leaves before it is
 *     on disk. When it fails all of them are answered with an error and nothing of them happened.
 */
import type { HoldfastError } from '@holdfast/protocol';
import { storageFailed } from './host-errors.ts';
import type { HostOptions, LeaseStore } from './host-options.ts';

type DiskOptions = Pick<HostOptions, 'clock' | 'node' | 'onSaved' | 'onSaveFailed' | 'store'>;

export class DurableAnswers {
  readonly #options: DiskOptions;
  /** Answers of this turn: called with the error when it is not on disk (LEASE-HOST-1). */
  #answers: ((error: HoldfastError | undefined) => void)[] = [];

  constructor(options: DiskOptions) {
    this.#options = options;
  }

  /** LEASE-HOST-1: resolves when everything that has changed in this turn is on disk. @throws HoldfastError `storage_failed`. */
  synced(): Promise<void> {
    if (!this.#options.node.hasChanges) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#answers.push((error) => {
        if (error === undefined) resolve();
        else reject(error);
      });
      if (this.#answers.length === 1) this.#options.clock.endOfTurn(() => this.#save());
    });
  }

  /** At once, beside what requests change. @throws HoldfastError `storage_failed`. */
  write(write: (store: LeaseStore) => void): void {
    try {
      write(this.#options.store);
    } catch (error) {
      this.#options.onSaveFailed(error as Error);
      throw storageFailed(error);
    }
  }

  #save(): void {
    const { node, store } = this.#options;
    const answers = this.#answers;
    this.#answers = [];
    let failed: HoldfastError | undefined;
    try {
      store.save(node.changes());
      node.saved();
      this.#options.onSaved?.();
    } catch (error) {
      node.notSaved();
      this.#options.onSaveFailed(error as Error);
      failed = storageFailed(error);
    }
    for (const answer of answers) answer(failed);
  }
}
