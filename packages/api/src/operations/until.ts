/**
 * Waits for something that is not a place in a queue, and that an event tells: all have come, a count is 0.
 *
 * U1: whoever waits listens to the events of this node before it looks, so nothing falls between; it
 *     looks again where events were missed, and now and then in any case.
 * U2: every wait ends: by what it waits for, its time, its caller or the stop of the node.
 * U3: a caller that goes while its request is still on the way is remembered: its wait ends as it begins.
 */
import type { Event } from '@holdfast/state';
import { Refused, stoppingProblem } from '../refused.ts';
import type { OperationContext } from './context.ts';
import type { Waiting } from './waiting.ts';

const lookAgainMs = 5000;

export type Ended<T> =
  | { readonly by: 'found'; readonly found: T | Refused }
  | { readonly by: 'time' | 'caller' | 'stop' };

/** Whoever asked, from before the request was submitted on (U3). */
export class Caller implements Waiting {
  readonly #canReturn: boolean;
  #gone: 'caller' | 'stop' | undefined;
  #listener: ((by: 'caller' | 'stop') => void) | undefined;

  /** @param canReturn It can come back for it: nothing has to be undone when it is gone. */
  constructor(canReturn: boolean) {
    this.#canReturn = canReturn;
  }

  get canReturn(): boolean {
    return this.#canReturn;
  }

  abandon(): void {
    this.#go('caller');
  }

  callerGone(): void {
    if (!this.#canReturn) this.#go('caller');
  }

  interrupt(): void {
    this.#go('stop');
  }

  /** Calls back once, perhaps at once. */
  onGone(listener: (by: 'caller' | 'stop') => void): void {
    if (this.#gone === undefined) this.#listener = listener;
    else listener(this.#gone);
  }

  #go(by: 'caller' | 'stop'): void {
    if (this.#gone !== undefined) return;
    this.#gone = by;
    this.#listener?.(by);
  }
}

/** Runs something for a caller that may go, or whose node may stop, meanwhile. */
export async function forCaller<T>(
  { service, onWait }: OperationContext,
  canReturn: boolean,
  run: (caller: Caller) => Promise<T>,
): Promise<T | Refused> {
  const caller = new Caller(canReturn);
  if (!service.waiting.track(caller)) return stoppingProblem;
  onWait?.(caller);
  try {
    return await run(caller);
  } finally {
    service.waiting.forget(caller);
  }
}

/**
 * @param keys What it is about, as the feed names it (`election NAME`, `round NUMBER`, `session ID`).
 * @param onEvent What an event tells, if it is what is waited for.
 * @param look The same by asking the cluster; called at once.
 */
export function until<T>(
  { service }: OperationContext,
  caller: Caller,
  waitMs: number,
  keys: readonly string[],
  onEvent: (event: Event) => T | Refused | undefined,
  look: () => Promise<T | Refused | undefined>,
): Promise<Ended<T>> {
  const { feed, after } = service;
  return new Promise((resolve, reject) => {
    let cancelTime = (): void => undefined;
    let cancelLook = (): void => undefined;
    let over = false;
    const close = (): boolean => {
      if (over) return false;
      over = true;
      unsubscribe();
      cancelTime();
      cancelLook();
      return true;
    };
    const end = (ended: Ended<T>): void => {
      if (close()) resolve(ended);
    };
    const lookNow = (first: boolean): void => {
      cancelLook();
      look().then(
        (found) => {
          if (found !== undefined) end({ by: 'found', found });
          else if (!over) cancelLook = after(lookAgainMs, () => lookNow(false));
        },
        (error: Error) => {
          // Later on it goes on waiting: without a leader nothing happens that could be missed.
          if (first && close()) reject(error);
          else if (!over) cancelLook = after(lookAgainMs, () => lookNow(false));
        },
      );
    };
    const listen = (event: Event): void => {
      const found = onEvent(event);
      if (found !== undefined) end({ by: 'found', found });
    };
    const unsubscribe = feed.onRaw(keys, listen, () => lookNow(false)); // U1
    cancelTime = after(waitMs, () => end({ by: 'time' })); // U2
    caller.onGone((by) => end({ by })); // U2, U3
    if (!over) lookNow(true);
  });
}
