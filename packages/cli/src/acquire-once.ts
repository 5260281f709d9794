/** An acquire of a command that ends with it: nobody asks for it again, so what became of it is settled before. */
import type { Client } from '@holdfast/client';
import { HoldfastError } from '@holdfast/protocol';
import type { Operations } from '@holdfast/protocol';
import { untilSignal } from './until-signal.ts';

const cancelTimeoutMs = 5000;

/** What is acquired, and by whom. */
export type Acquired = Pick<
  Operations['cancel_request']['body'],
  'name' | 'kind' | 'session_id' | 'client_id'
>;

/**
 * Later commands have larger ones: those of a session increase. Below 2^53 until the year 2255.
 *
 * @param random At least 0, less than 1: two commands of one millisecond.
 */
export const requestIdAt = (nowMs: number, random: number): number =>
  Math.floor(nowMs) * 1000 + Math.floor(random * 1000);

/**
 * A signal that asks this process to stop cancels it as well: gives 128 + the signal's number then.
 *
 * @throws HoldfastError What it failed with; where it may have been executed it is cancelled first, and the message tells what holds.
 */
export async function acquireOnce<Answer>(
  client: Pick<Client, 'call'>,
  acquired: Acquired,
  ask: (requestId: number, signal: AbortSignal) => Promise<Answer>,
): Promise<Answer | number> {
  const requestId = requestIdAt(Date.now(), Math.random());
  return untilSignal(async (signal) => {
    try {
      const answer = await ask(requestId, signal);
      // Of an answer that comes with the signal nobody is told.
      if (!signal.aborted) return answer;
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.effect === 'none') throw error;
      await cancel(client, { ...acquired, request_id: requestId }, error);
    }
    const stopped = new HoldfastError('cancelled', 'The command was stopped.');
    return cancel(client, { ...acquired, request_id: requestId }, stopped);
  });
}

/** @throws HoldfastError As it failed, with what holds now. */
async function cancel(
  client: Pick<Client, 'call'>,
  wish: Operations['cancel_request']['body'],
  error: HoldfastError,
): Promise<never> {
  const { code, details, message } = error;
  try {
    await client.call('cancel_request', wish, { timeoutMs: cancelTimeoutMs });
  } catch (failed) {
    const why = failed instanceof Error ? failed.message : String(failed);
    const end = wish.session_id === undefined ? 'its ttl is over' : 'its session ends';
    throw new HoldfastError(
      code,
      `${message} It could not be cancelled (${why}): where it was executed, "${wish.name}" is held until ${end}.`,
      details,
      { cause: failed },
    );
  }
  throw new HoldfastError(code, `${message} It was cancelled: nothing is held by it.`, details, {
    cause: error,
    effect: 'none',
  });
}
