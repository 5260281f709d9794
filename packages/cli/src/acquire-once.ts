/**
 * An acquire of a command that ends with it: nobody asks for it again, so what became of it is settled before.
 *
 * ACQUIRE-ONCE-1: without a session its number is random. The session that is made for the hold is derived from it (identities.ts of the
 *     api): two commands with the same one, on two machines in the same ms, would be one holder.
 * ACQUIRE-ONCE-2: in a session that was given it has no number. That session's program numbers its requests from 1 on, and a larger one
 *     would make the state take all of them for old. It has an id of its own by which any node cancels it.
 */
import { randomInt, randomUUID } from 'node:crypto';
import type { Client } from '@holdfast/client';
import { HoldfastError } from '@holdfast/protocol';
import type { Operations } from '@holdfast/protocol';
import { untilSignal } from './until-signal.ts';

const cancelTimeoutMs = 5000;

/** For the help of such commands. */
export const whatBecomesOfIt = `Interrupted, or where its outcome is not known, it cancels what it asked for, also through another node. Only when it
is killed by SIGKILL does its place in the queue stay, at most until its --wait is over, and what it is granted
meanwhile until its --ttl is over; in a session (--session) the node that it asked cancels both at once.`;

/** What is acquired, and by whom. */
export type Acquired = Pick<
  Operations['cancel_request']['body'],
  'name' | 'kind' | 'session_id' | 'client_id'
>;

interface RequestIds {
  readonly request_id?: number;
  readonly cancel_id?: string;
}

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
  ask: (request: RequestIds, signal: AbortSignal) => Promise<Answer>,
): Promise<Answer | number> {
  const request =
    acquired.session_id === undefined
      ? { request_id: randomInt(1, requestIds) }
      : { cancel_id: randomUUID() };
  return untilSignal(async (signal) => {
    try {
      const answer = await ask(request, signal);
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
  request: RequestIds,
  error: HoldfastError,
): Promise<never> {
  const { code, details, message } = error;
  const wish = { ...acquired, ...request };
  try {
    await client.call('cancel_request', wish, { timeoutMs: cancelTimeoutMs });
  } catch (failed) {
    // With its session all that it held has ended.
    if (failed instanceof HoldfastError && endedSession.has(failed.code)) throw nothingHeld(error);
    const why = failed instanceof Error ? failed.message : String(failed);
    const until =
      acquired.session_id === undefined ? 'its ttl is over' : 'its session ends or releases it';
    throw new HoldfastError(
      code,
      `${message} It could not be cancelled (${why}): where it was executed, "${wish.name}" is held until ${until}.`,
      details,
      { cause: failed },
    );
  }
  throw nothingHeld(error);
}

const endedSession: ReadonlySet<string> = new Set(['session_expired', 'session_not_found']);

const nothingHeld = (error: HoldfastError): HoldfastError =>
  new HoldfastError(
    error.code,
    `${error.message} It was cancelled: nothing is held by it.`,
    error.details,
    { cause: error, effect: 'none' },
  );
