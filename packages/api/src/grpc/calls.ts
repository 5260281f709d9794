/**
 * All calls in progress: how many there may be (GRPC-2 of admission.ts), and when the last one has ended.
 *
 * GRPC-3: once the node stops, nothing new is begun.
 */
import type { PerCaller } from '../callers.ts';
import type { Caller } from '../pipeline/caller.ts';
import { RequestError, stoppingError } from '../request-error.ts';

export class Calls {
  readonly #most: number;
  readonly #perCaller: PerCaller;
  #active = 0;
  #stopping = false;
  #onIdle: (() => void) | undefined;

  constructor(most: number, perCaller: PerCaller) {
    this.#most = most;
    this.#perCaller = perCaller;
  }

  get active(): number {
    return this.#active;
  }

  /** The refusal; otherwise the call is counted until what is returned is called. */
  begin(caller: Caller): RequestError | (() => void) {
    if (this.#stopping) return stoppingError; // GRPC-3
    if (this.#active >= this.#most) {
      return new RequestError(
        'overloaded',
        `This node has ${String(this.#most)} gRPC calls in progress, which is its limit. The request was not executed. Retry later, or use another node.`,
        { limit: 'max_grpc_calls', value: this.#most },
      ); // GRPC-2
    }
    const giveBack = this.#perCaller.takeOf(caller);
    if (giveBack instanceof RequestError) return giveBack;
    this.#active += 1;
    return () => {
      giveBack();
      this.#active -= 1;
      if (this.#active === 0) this.#onIdle?.();
    };
  }

  /** Resolves when no call is left. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#active === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }
}
