/**
 * Waits of tests and of programs that test. One that runs out says that something did not happen in its time, which
 * may be for a slow machine: its class tells it apart from a check that failed.
 */

export class WaitExpiredError extends Error {
  // Reports of another process know it by this name (scripts/mutants/reporter.ts).
  override readonly name = 'WaitExpiredError';
}

export interface Patience {
  /** What is waited for. Default: the text of the condition. */
  readonly what?: string | (() => string);
  readonly longestMs?: number;
  /** Between two looks. Default: one turn of the event loop. */
  readonly pauseMs?: number;
}

/** Looks until there is an answer that is neither undefined nor false. @throws WaitExpiredError when time is over. */
export async function untilSo<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  { what = look.toString(), longestMs = 8000, pauseMs = 0 }: Patience = {},
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

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    if (ms === 0) setImmediate(resolve);
    else setTimeout(resolve, ms);
  });
