/**
 * An acquire of a command that ends with it: nobody asks for it again, so what became of it is settled before.
 *
 * ACQUIRE-ONCE-1: without a session its number is random. The session that is made for the hold is derived from it (identities.ts of the
 *     api): two commands with the same one, on two machines in the same ms, would be one holder.
 * ACQUIRE-ONCE-2: in a session that was given it has no number. That session's program numbers its requests from 1 on, and a larger one
 *     would make the state take all of them for old.
 */
import { randomInt } from 'node:crypto';
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

/** Below 2^48: a whole number that JSON keeps, and that no two of many commands have alike. */
const requestIds = 2 ** 48;

/**
 * A signal that asks this process to stop cancels it as well: gives 128 + the signal's number then.
 *
 * @throws HoldfastError What it failed with; where it may have been executed it is cancelled first, and the message tells what holds.
 */
export async function acquireOnce<Answer>(
  client: Pick<Client, 'call'>,
  acquired: Acquired,
  ask: (request: { readonly request_id?: number }, signal: AbortSignal) => Promise<Answer>,
): Promise<Answer | number> {
  const request =
    acquired.session_id === undefined ? { request_id: randomInt(1, requestIds) } : undefined;
  return untilSignal(async (signal) => {
    try {
      const answer = await ask(request ?? {}, signal);
      // Of an answer that comes with the signal nobody is told.
      if (!signal.aborted) return answer;
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.effect === 'none') throw error;
      await cancel(client, acquired, request, error);
    }
    const stopped = new HoldfastError('cancelled', 'The command was stopped.');
    return cancel(client, acquired, request, stopped);
  });
}

/** @throws HoldfastError As it failed, with what holds now. */
async function cancel(
  client: Pick<Client, 'call'>,
  acquired: Acquired,
  request: { readonly request_id: number } | undefined,
  error: HoldfastError,
): Promise<never> {
  const { code, details, message } = error;
  if (request === undefined)
    throw new HoldfastError(
      code,
      `${message} Where it was executed, "${acquired.name}" is held until its session ends or releases it.`,
      details,
      { cause: error },
    );
  const wish = { ...acquired, ...request };
  try {
    await client.call('cancel_request', wish, { timeoutMs: cancelTimeoutMs });
  } catch (failed) {
    const why = failed instanceof Error ? failed.message : String(failed);
    throw new HoldfastError(
      code,
      `${message} It could not be cancelled (${why}): where it was executed, "${wish.name}" is held until its ttl is over.`,
      details,
      { cause: failed },
    );
  }
  throw new HoldfastError(code, `${message} It was cancelled: nothing is held by it.`, details, {
    cause: error,
    effect: 'none',
  });
}
