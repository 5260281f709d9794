/**
 * One question to all voters at once. It is over as soon as what it is for is decided, or every voter
 * has answered or had its time: one that hangs never delays the others.
 */
import { errorDefinitions, HoldfastError } from '@holdfast/protocol';
import type { ClientClock } from '@holdfast/client/parts';
import type { Voter } from './voter.ts';

/** What a voter answered. */
export interface VoterAnswer<T> {
  readonly voter: Voter;
  readonly answer: T;
}

/** A voter that did not answer, or not in time: why, for people. */
export interface Silence {
  readonly voter: Voter;
  readonly why: string;
  /** What it said instead, where the question itself is wrong: it says so each time. */
  readonly refusal: HoldfastError | undefined;
  /** It has too much to do: it says so. */
  readonly isBusy: boolean;
}

/** What is known of a question so far. */
export interface Answers<T> {
  readonly heard: readonly VoterAnswer<T>[];
  readonly silent: readonly Silence[];
}

/**
 * @param nodeTimeoutMs How long each voter may take.
 * @param decided Whether what is known is enough; the other questions are not waited for.
 */
export function askAll<T>(
  voters: readonly Voter[],
  clock: ClientClock,
  nodeTimeoutMs: number,
  ask: (voter: Voter, signal: AbortSignal) => Promise<T>,
  decided: (answers: Answers<T>) => boolean,
): Promise<Answers<T>> {
  return new Promise((resolve) => {
    const heard: VoterAnswer<T>[] = [];
    const silent: Silence[] = [];
    let over = false;
    const look = (): void => {
      const all = heard.length + silent.length === voters.length;
      if (over || !(all || decided({ heard, silent }))) return;
      over = true;
      resolve({ heard: [...heard], silent: [...silent] });
    };
    for (const voter of voters) {
      const controller = new AbortController();
      let settled = false;
      const settle = (tell: () => void): void => {
        if (settled) return;
        settled = true;
        cancel();
        tell();
        look();
      };
      const failed = (why: string, error?: unknown): void => {
        const silence = { voter, why, refusal: refusalIn(error), isBusy: isBusy(error) };
        settle(() => void silent.push(silence));
      };
      const cancel = clock.after(nodeTimeoutMs, () => {
        controller.abort(timeIsUp);
        failed(`no answer within ${String(nodeTimeoutMs)} ms`);
      });
      // What throws at once throws inside the promise.
      new Promise<T>((answer) => answer(ask(voter, controller.signal))).then(
        (answer) => settle(() => void heard.push({ voter, answer })),
        (error: unknown) => failed(error instanceof Error ? error.message : String(error), error),
      );
    }
  });
}

/** The reason of each abort: to make one takes longer than all the rest, and it is when much is late that many are. */
const timeIsUp = new Error('The voter had its time.');

/** Whether a voter says that it is asked for more than it can do. */
export const isBusy = (error: unknown): boolean =>
  error instanceof HoldfastError &&
  (error.code === 'overloaded' || error.code === 'limit_exceeded');

/** Undefined: another time it may be answered. */
const refusalIn = (error: unknown): HoldfastError | undefined =>
  error instanceof HoldfastError && errorDefinitions[error.code].retry === 'never'
    ? error
    : undefined;
