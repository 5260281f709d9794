/** What callers are told when a call cannot be executed. */
import { HoldfastError } from '@holdfast/protocol';
import type { Refusal, SessionId } from '@holdfast/state';
import type { CallTooLarge } from './transport/types.ts';

export const noQuorum = (): HoldfastError =>
  new HoldfastError(
    'no_quorum',
    'No leader was found in time: a majority of the members may be down or unreachable. The request was not executed. See GET /cluster/status.',
  );

export const outcomeUnknown = (): HoldfastError =>
  new HoldfastError(
    'outcome_unknown',
    'The leader changed or became unreachable before the outcome was known. The request may have been executed. Retry with the same request id, or read the state first.',
  );

/** Of what does not fit into one message between members, whoever leads. @param sent It is the answer that does not. */
export const tooLargeForPeers = ({ message, sent }: CallTooLarge): HoldfastError =>
  new HoldfastError('limit_exceeded', message, {
    limit: 'max_frame_bytes',
    scope: 'cluster',
    sent,
  });

/** The leader is there, and goes on trying. */
export const notCommitted = (): HoldfastError =>
  new HoldfastError(
    'outcome_unknown',
    'The request was not committed in its time: too few members write it to their disks, or they are too slow. It may still be executed. Retry with the same request id, or read the state first. See GET /cluster/status.',
  );

/** Of a read: nothing is done by it. */
export const notRead = (): HoldfastError =>
  new HoldfastError(
    'overloaded',
    'The leader did not come to this request in its time: it has not applied what is committed, or has too much to read. Nothing was done. Retry later. See GET /cluster/status.',
  );

/** Of a read for who would load the value of a key of the cache: the turn may have been given. */
export const turnNotTold = (): HoldfastError =>
  new HoldfastError(
    'outcome_unknown',
    'The leader did not come to this request in its time. The turn to load the key may have been given to it; it passes on by itself. Retry later. See GET /cluster/status.',
  );

export const shuttingDown = (): HoldfastError =>
  new HoldfastError('shutting_down', 'This node is shutting down. Use another node.');

export const waitCancelled = (name: string): Refusal => ({
  ok: false,
  code: 'wait_abandoned',
  message: `The wait for "${name}" was cancelled by its caller.`,
  details: { resource: name },
});

export function missingSession(
  sessionId: SessionId,
  ended: 'ended' | 'expired' | undefined,
): Refusal {
  return ended === undefined
    ? {
        ok: false,
        code: 'session_not_found',
        message: `There is no session "${sessionId}". Create one first.`,
      }
    : {
        ok: false,
        code: 'session_expired',
        message: `Session "${sessionId}" has ${ended}. Create a new one and acquire again.`,
      };
}
