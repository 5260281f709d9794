/**
 * All requests of this node that wait, for whatever. Their callers cancel them by a signal (caller-signal.ts of the
 * engine), which whoever waits hands to the interface that it was asked through (`onWait`).
 *
 * WAITING-2: when the node stops, every one is answered at once. An acquire that its caller can repeat (it gave a
 *     request id) keeps its place; the others are cancelled, since nobody could ever use the grant.
 */
import type { CallOptions, CommandAnswer, Engine } from '@holdfast/engine';
import { cancelReasons } from '@holdfast/engine/parts';
import type { Acquire } from '@holdfast/engine/parts';
import { RenewedMap } from '@holdfast/protocol';
import type { SessionId } from '@holdfast/state';
import { RequestError, stoppingError } from '../request-error.ts';

/** One that waits, for as long as it is counted. */
export interface CountedWait {
  /** Called when the node stops. */
  readonly onStop: () => void;
}

/** Where an acquire is executed, and for whom. */
export interface AcquireCall {
  readonly engine: Pick<Engine, 'submit'>;
  /** Made with the signal that cancels it. */
  readonly optionsOf: (signal: AbortSignal) => CallOptions;
  /** Given what cancels its wait, and whose wait it is. */
  readonly onWait: ((cancellation: AbortController, sessionId: SessionId) => void) | undefined;
}

export class WaitingCallers {
  readonly #all = new RenewedMap<CountedWait, true>();
  #stopping = false;

  get count(): number {
    return this.#all.size;
  }

  /** Executes an acquire, for as long as its caller waits for it. */
  run(
    command: Acquire,
    { engine, optionsOf, onWait }: AcquireCall,
  ): Promise<CommandAnswer<Acquire> | RequestError> {
    if (this.#stopping) return Promise.resolve(stoppingError);
    const cancellation = new AbortController();
    onWait?.(cancellation, command.sessionId);
    const result = engine.submit(command, optionsOf(cancellation.signal));
    if (command.waitMs === 0) return result;
    return this.#unlessStopped(result, () => {
      if (typeof command.requestId !== 'number') cancellation.abort(cancelReasons.hungUp);
    });
  }

  /** WAITING-2. */
  #unlessStopped<T>(result: Promise<T>, onStop: () => void): Promise<T | RequestError> {
    return new Promise((resolve, reject) => {
      const waiting = {
        onStop: () => {
          onStop();
          this.#all.delete(waiting);
          resolve(stoppingError);
        },
      };
      this.#all.set(waiting, true);
      // One step for both: `finally` costs three promises more, and every acquire comes here.
      result.then(
        (answer) => {
          this.#all.delete(waiting);
          resolve(answer);
        },
        (error: unknown) => {
          this.#all.delete(waiting);
          reject(error);
        },
      );
    });
  }

  /** Counts a wait of another kind. False: the node stops, nothing begins to wait. */
  track(waiting: CountedWait): boolean {
    if (!this.#stopping) this.#all.set(waiting, true);
    return !this.#stopping;
  }

  forget(waiting: CountedWait): void {
    this.#all.delete(waiting);
  }

  /** WAITING-2: from now on nothing waits here. */
  stop(): void {
    this.#stopping = true;
    for (const waiting of this.#all.keys()) waiting.onStop();
  }
}
