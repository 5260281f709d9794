/** Ctrl-C and its like, whatever would end this process, where something is waited for or watched. */
import { constants } from 'node:os';
import { HoldfastError } from '@holdfast/protocol';
import { endingSignals } from './run/signals.ts';

/** Waits; a signal meanwhile gives the wait up. Gives 128 + the signal's number then. */
export async function untilSignal<T>(
  wait: (signal: AbortSignal) => Promise<T>,
): Promise<T | number> {
  using stop = new StopSignal();
  try {
    const had = await wait(stop.signal);
    return stop.status ?? had;
  } catch (error) {
    if (stop.status !== undefined && error instanceof HoldfastError) return stop.status;
    throw error;
  }
}

/** The first signal that asks this process to stop; a second one ends it at once. */
export class StopSignal {
  readonly #controller = new AbortController();
  readonly #stop = (signal: NodeJS.Signals): void => {
    this.status = 128 + constants.signals[signal];
    this[Symbol.dispose]();
    this.#controller.abort();
  };
  /** What a shell tells of a process that the signal ended; undefined until there was one. */
  status: number | undefined;

  constructor() {
    for (const signal of endingSignals) process.on(signal, this.#stop);
  }

  /** Aborted when there was one. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Resolves when there was one. */
  asked(): Promise<undefined> {
    return new Promise((resolve) => {
      if (this.signal.aborted) resolve(undefined);
      else this.signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
  }

  [Symbol.dispose](): void {
    for (const signal of endingSignals) process.off(signal, this.#stop);
  }
}
