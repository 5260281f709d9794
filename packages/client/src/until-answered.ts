/**
 * Asking on in the background, after the caller was told that a request failed.
 *
 * UNTIL-ANSWERED-1: what may have been executed is asked for again, under the same number, until the cluster has
 *      answered. What one node says by itself is no answer.
 * UNTIL-ANSWERED-2: it ends with the answer, or when nothing depends on it any more: the session is over, the client closed.
 */
import { errorDefinitions, HoldfastError } from '@holdfast/protocol';
import type { ClientClock } from './clock.ts';

const firstPauseMs = 50;
const longestPauseMs = 1000;

/** The answer, or the refusal of the cluster. */
export type Settled<T> = { readonly answer: T } | { readonly refused: HoldfastError };

/** The cluster has spoken about this very request: asking again would be answered the same. */
export const isDecided = (error: unknown): error is HoldfastError =>
  error instanceof HoldfastError && errorDefinitions[error.code].by === 'cluster';

/** The client is closed: nothing is asked any more, however often it is tried. */
export const isClosed = (error: unknown): boolean =>
  error instanceof HoldfastError && error.code === 'connection_lost';

/** The same request may be answered later, though not by its own attempts. */
export const mayPass = (error: unknown): boolean =>
  error instanceof HoldfastError &&
  errorDefinitions[error.code].retry !== 'never' &&
  !isClosed(error);

/** The request may have had an effect that nobody was told of. */
export const isUncertain = (error: unknown): boolean =>
  !(error instanceof HoldfastError) || error.effect !== 'none';

/** Nothing was done, and asking again is of no use. */
export const isHopeless = (error: unknown): boolean =>
  error instanceof HoldfastError &&
  error.effect === 'none' &&
  errorDefinitions[error.code].retry === 'never';

/**
 * @param ask Asks once, within a time of its own.
 * @param isOver Nothing depends on it any more.
 * @returns Undefined when that was so before there was an answer.
 */
export async function untilAnswered<T>(
  clock: ClientClock,
  ask: () => Promise<T>,
  isOver: () => boolean,
): Promise<Settled<T> | undefined> {
  for (let pauseMs = firstPauseMs; !isOver(); pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    try {
      return { answer: await ask() }; // UNTIL-ANSWERED-1
    } catch (error) {
      if (isDecided(error)) return { refused: error };
    }
    if (isOver()) break; // UNTIL-ANSWERED-2
    const delayMs = pauseMs * (0.5 + clock.random() / 2);
    await new Promise<void>((resolve) => clock.after(delayMs, resolve));
  }
  return undefined;
}
