import { setTimeout as pause } from 'node:timers/promises';
import { WaitExpiredError } from '@holdfast/checker/waits';

const askEveryMs = 10;

/**
 * Asks again and again until the answer is neither undefined nor false.
 * @param what completes the sentence "Timed out after … ms: …".
 * @throws WaitExpiredError when the deadline passes first; what the last question threw is its cause.
 */
export async function waitUntil<T>(
  what: string,
  deadlineMs: number,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const endMs = performance.now() + deadlineMs;
  let cause: unknown;
  while (performance.now() < endMs) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      cause = error;
    }
    await pause(askEveryMs);
  }
  throw new WaitExpiredError(`Timed out after ${String(deadlineMs)} ms: ${what}.`, { cause });
}
