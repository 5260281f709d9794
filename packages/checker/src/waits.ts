import { AssertionError } from 'node:assert/strict';

/**
 * Waits of tests and of programs that test. One that runs out says that something did not happen in its time, which
 * may be for a slow machine: its class tells it apart from a check that failed.
 */

export class WaitExpiredError extends Error {
  // Reports of another process know it by this name (scripts/mutants/reporter.ts).
  override readonly name = 'WaitExpiredError';
}

export interface PollOptions {
  /** What is waited for. Default: the text of the condition. */
  readonly what?: string | (() => string);
  readonly longestMs?: number;
  /** Between two looks. Default: one turn of the event loop. */
  readonly pauseMs?: number;
}

/** Looks until there is an answer that is neither undefined nor false. @throws WaitExpiredError when time is over. */
export async function untilSo<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  { what = look.toString(), longestMs = 8000, pauseMs = 0 }: PollOptions = {},
): Promise<T> {
  for (const endMs = performance.now() + longestMs; ; await pause(pauseMs)) {
    const answer = await look();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > endMs) {
      const told = typeof what === 'string' ? what : what();
      throw new WaitExpiredError(`Not in ${String(longestMs)} ms: ${told}`);
    }
  }
}

/** Of an assertion that something happens in time: reports of another process know by it that a slow machine may be why it failed. */
const operator = 'in time';

/**
 * The same where that it happens in time is what the test claims: one that runs out is a failed check.
 *
 * @throws AssertionError when time is over.
 */
export async function assertSoon<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  patience: PollOptions = {},
): Promise<T> {
  try {
    return await untilSo(look, patience);
  } catch (error) {
    if (error instanceof WaitExpiredError)
      throw new AssertionError({ message: error.message, operator });
    throw error;
  }
}

/** The same of a promise, however it ends: that it does is what the test claims. */
export async function assertEnds<T>(
  ends: Promise<T>,
  {
    longestMs = 8000,
    what = 'it ends',
  }: { readonly longestMs?: number; readonly what?: string } = {},
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const message = `Not in ${String(longestMs)} ms: ${what}`;
    timer = setTimeout(() => reject(new AssertionError({ message, operator })), longestMs);
  });
  try {
    return await Promise.race([ends, late]);
  } finally {
    clearTimeout(timer);
  }
}

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    if (ms === 0) setImmediate(resolve);
    else setTimeout(resolve, ms);
  });
