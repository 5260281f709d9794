/**
 * One question to all voters at once. It is over as soon as what it is for is decided, or every voter
 * has answered or had its time: one that hangs never delays the others.
 */
import type { ClientClock } from '../clock.ts';
import type { Voter } from './voter.ts';

/** What a voter answered; undefined: nothing, in time. */
export type Heard<T> = { readonly voter: Voter; readonly answer: T };

/**
 * @param nodeTimeoutMs How long each voter may take.
 * @param decided Whether what has been heard is enough; the other questions are not waited for.
 */
export function askAll<T>(
  voters: readonly Voter[],
  clock: ClientClock,
  nodeTimeoutMs: number,
  ask: (voter: Voter, signal: AbortSignal) => Promise<T>,
  decided: (heard: readonly Heard<T>[], silent: number) => boolean,
): Promise<readonly Heard<T>[]> {
  return new Promise((resolve) => {
    const heard: Heard<T>[] = [];
    let silent = 0;
    let over = false;
    const look = (): void => {
      if (over || !(decided(heard, silent) || heard.length + silent === voters.length)) return;
      over = true;
      resolve([...heard]);
    };
    for (const voter of voters) {
      const controller = new AbortController();
      let settled = false;
      const settle = (answer?: { readonly answer: T }): void => {
        if (settled) return;
        settled = true;
        cancel();
        if (answer === undefined) silent += 1;
        else heard.push({ voter, answer: answer.answer });
        look();
      };
      const cancel = clock.after(nodeTimeoutMs, () => {
        controller.abort();
        settle();
      });
      // What throws at once throws inside the promise.
      new Promise<T>((answer) => answer(ask(voter, controller.signal))).then(
        (answer) => settle({ answer }),
        () => settle(),
      );
    }
  });
}
