/**
 * Waits for something that is not a place in a queue: a barrier that opens, a latch that comes to 0.
 *
 * U1: whoever waits listens to the events of this node before it looks, so nothing falls between; it
 *     looks again where events were missed, and now and then in any case.
 * U2: every wait ends: by what it waits for, its time, its caller or the stop of the node.
 */
import type { Event } from '@holdfast/state';
import { Refused, stoppingProblem } from '../refused.ts';
import type { OperationContext } from './context.ts';
import type { Waiting } from './waiting.ts';

const lookAgainMs = 5000;

export type Ended<T> =
  | { readonly by: 'found'; readonly found: T | Refused }
  | { readonly by: 'time' | 'caller' }
  | { readonly by: 'stop'; readonly problem: Refused };

/**
 * @param onEvent What an event tells, if it is what is waited for.
 * @param look The same by asking the cluster; called at once.
 * @param canReturn The caller can come back for it: nothing has to be undone when it is gone.
 */
export function until<T>(
  context: OperationContext,
  waitMs: number,
  canReturn: boolean,
  onEvent: (event: Event) => T | Refused | undefined,
  look: () => Promise<T | Refused | undefined>,
): Promise<Ended<T>> {
  const { feed, after, waiting: all } = context.service;
  return new Promise((resolve, reject) => {
    let cancelTime = (): void => undefined;
    let cancelLook = (): void => undefined;
    let over = false;
    const end = (ended: Ended<T>): void => {
      if (over) return;
      over = true;
      unsubscribe();
      cancelTime();
      cancelLook();
      all.forget(waiting);
      resolve(ended);
    };
    const lookNow = (): void => {
      cancelLook();
      look().then(
        (found) => {
          if (found !== undefined) end({ by: 'found', found });
          else if (!over) cancelLook = after(lookAgainMs, lookNow);
        },
        (error: Error) => {
          if (over) return;
          end({ by: 'caller' });
          reject(error);
        },
      );
    };
    const unsubscribe = feed.onRaw((event) => {
      const found = onEvent(event);
      if (found !== undefined) end({ by: 'found', found });
    }, lookNow); // U1
    const waiting: Waiting = {
      abandon: () => end({ by: 'caller' }),
      callerGone: () => {
        if (!canReturn) end({ by: 'caller' });
      },
      interrupt: () => end({ by: 'stop', problem: stoppingProblem }),
    };
    if (!all.track(waiting)) {
      end({ by: 'stop', problem: stoppingProblem });
      return;
    }
    context.onWait?.(waiting);
    cancelTime = after(waitMs, () => end({ by: 'time' })); // U2
    lookNow();
  });
}
