/**
 * Acquires that nobody can come back for, cancelled in the background until the cluster has answered that.
 *
 * CANCELLATION-1: where this node told a caller that the outcome of an acquire is not known, and the caller has no number
 *      by which it could ask again or cancel it, the node cancels it; and it goes on where cancelling failed.
 *      What has a number is left to its caller, also where that has hung up: a repetition of it, by any node, may
 *      be told of the hold before it would be cancelled here.
 * CANCELLATION-2: bounded: at most `mostKept` are kept, and all end with the node. Each is asked for in the turn in which it
 *      is added, so that nothing that comes later is ahead of it; what failed, `atOnce` of them at once. What is
 *      not cancelled ends with its session.
 */
import { HoldfastError } from '@holdfast/protocol';
import type { Command, CommandResult } from '@holdfast/state';
import type { Clock } from './clock.ts';
import type { Caller, EngineLog } from './types.ts';
import { cancelCommandOf } from './waits.ts';
import type { CancelCommand } from './waits.ts';

const mostKept = 10_000;
const atOnce = 100;
const pauseMs = 250;

export interface CancellationsOptions {
  readonly clock: Clock;
  readonly log: EngineLog;
  readonly isClosing: () => boolean;
  /** Once, within a bounded time. */
  readonly submit: (cancelCommand: CancelCommand, caller: Caller) => Promise<CommandResult>;
}

/** It is not remembered as cancelled, for lack of room: it may still come (state: SHARE-3). */
export const isForLater = (answer: CommandResult): boolean =>
  !answer.ok && answer.code === 'limit_exceeded';

interface Kept {
  readonly cancelCommand: CancelCommand;
  readonly caller: Caller;
  /** It has been asked for and is not answered. */
  isAsked: boolean;
}

export class Cancellations {
  readonly #options: CancellationsOptions;
  readonly #kept = new Map<string, Kept>();
  #isRunning = false;

  constructor(options: CancellationsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#kept.size;
  }

  /** CANCELLATION-1: after a command failed. */
  onFailed(command: Command, caller: Caller, error: unknown): void {
    if (command.type === 'abandon') {
      this.add(command, caller);
      return;
    }
    const isUncertain = !(error instanceof HoldfastError) || error.effect !== 'none';
    const cancel = cancelCommandOf(command);
    if (!isUncertain || cancel === undefined || typeof cancel.requestId === 'number') return;
    this.add(cancel, caller);
  }

  add(cancelCommand: CancelCommand, caller: Caller): void {
    const { isClosing, log } = this.#options;
    if (isClosing()) return;
    if (this.#kept.size >= mostKept) {
      log.warn(
        { name: cancelCommand.name, kept: mostKept },
        'An acquire whose outcome is unknown is not cancelled, because too many cancellations are pending; it ends with its session.',
      ); // CANCELLATION-2
      return;
    }
    const { sessionId, requestId } = cancelCommand;
    const key = JSON.stringify([sessionId, requestId]);
    if (this.#kept.has(key)) return;
    const kept = { cancelCommand, caller, isAsked: false };
    this.#kept.set(key, kept);
    void this.#give(key, kept).then((isSettled) => {
      if (!isSettled && !this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    const { clock, isClosing } = this.#options;
    this.#isRunning = true;
    for (let areSettled = false; !isClosing();) {
      if (!areSettled)
        await new Promise<void>((resolve) => {
          clock.after(pauseMs, resolve);
        });
      const some = this.#some();
      if (some.length === 0 || isClosing()) break;
      const settled = await Promise.all(some.map(([key, kept]) => this.#give(key, kept)));
      areSettled = settled.every(Boolean);
    }
    this.#isRunning = false;
  }

  /** The next ones to ask for again. */
  #some(): readonly (readonly [string, Kept])[] {
    const some: (readonly [string, Kept])[] = [];
    for (const entry of this.#kept) {
      if (entry[1].isAsked) continue;
      some.push(entry);
      if (some.length === atOnce) break;
    }
    return some;
  }

  /** Whether it is settled. */
  async #give(key: string, kept: Kept): Promise<boolean> {
    kept.isAsked = true;
    try {
      const answer = await this.#options.submit(kept.cancelCommand, kept.caller);
      if (isForLater(answer)) return false;
    } catch {
      return false;
    } finally {
      kept.isAsked = false;
    }
    this.#kept.delete(key);
    return true;
  }
}
