/**
 * Waits for something that is not a place in a queue, and that an event tells: all have come, a count is 0.
 *
 * UNTIL-1: whoever waits listens to the events of this node before it looks, so nothing falls between; it
 *     looks again where events were missed, and now and then in any case.
 * UNTIL-2: every wait ends: by what it waits for, its time, its caller or the stop of the node.
 * UNTIL-3: a caller that goes while its request is still on the way is remembered: its wait ends as it begins.
 */
import { isCancelled } from '@holdfast/engine/parts';
import type { Event } from '@holdfast/state';
import { RequestError, stoppingError } from '../request-error.ts';
import type { OperationContext } from './context.ts';
import type { CountedWait } from './waiting.ts';

const lookAgainMs = 5000;

export type Ended<T> =
  | { readonly by: 'found'; readonly found: T | RequestError }
  | { readonly by: 'time' | 'caller' | 'stop' };

/** Who waits, from before the request was submitted on (UNTIL-3). */
export class WaitingCaller implements CountedWait {
  readonly canReturn: boolean;
  readonly #cancellation = new AbortController();
  #isStopped = false;
  #listener: ((by: 'caller' | 'stop') => void) | undefined;

  /** @param canReturn It can come back for it: nothing has to be undone when it is gone. */
  constructor(canReturn: boolean, { onWait }: OperationContext) {
    this.canReturn = canReturn;
    this.#cancellation.signal.addEventListener('abort', () => this.#look(), { once: true });
    onWait?.(this.#cancellation);
  }

  readonly onStop = (): void => {
    this.#isStopped = true;
    this.#look();
  };

  /** Calls back once, perhaps at once. */
  onGone(listener: (by: 'caller' | 'stop') => void): void {
    this.#listener = listener;
    this.#look();
  }

  #look(): void {
    const listener = this.#listener;
    const isCallerGone = isCancelled(this.#cancellation.signal, this.canReturn);
    if (listener === undefined || !(isCallerGone || this.#isStopped)) return;
    this.#listener = undefined;
    listener(isCallerGone ? 'caller' : 'stop');
  }
}

/** Runs something for a caller that may go, or whose node may stop, meanwhile. */
export async function forWaiter<T>(
  context: OperationContext,
  canReturn: boolean,
  run: (waiter: WaitingCaller) => Promise<T>,
): Promise<T | RequestError> {
  const { waiting } = context.service;
  const waiter = new WaitingCaller(canReturn, context);
  if (!waiting.track(waiter)) return stoppingError;
  try {
    return await run(waiter);
  } finally {
    waiting.forget(waiter);
  }
}

/**
 * @param keys What it is about, as the feed names it (`election NAME`, `round NUMBER`, `session ID`).
 * @param onEvent What an event tells, if it is what is waited for.
 * @param look The same by asking the cluster; called at once.
 */
export function until<T>(
  { service }: OperationContext,
  waiter: WaitingCaller,
  waitMs: number,
  keys: readonly string[],
  onEvent: (event: Event) => T | RequestError | undefined,
  look: () => Promise<T | RequestError | undefined>,
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
    const unsubscribe = feed.onRaw(keys, listen, () => lookNow(false)); // UNTIL-1
    cancelTime = after(waitMs, () => end({ by: 'time' })); // UNTIL-2
    waiter.onGone((by) => end({ by })); // UNTIL-2, UNTIL-3
    if (!over) lookNow(true);
  });
}
