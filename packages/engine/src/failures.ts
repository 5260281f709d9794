/** What callers are told when a call cannot be carried out. */
import { HoldfastError } from '@holdfast/protocol';
import type { Refusal, SessionId } from '@holdfast/state';

export const noQuorum = (): HoldfastError =>
  new HoldfastError(
    'no_quorum',
    'No leader was found in time: a majority of the members may be down or cut off. Nothing was done; see GET /cluster/status.',
  );

export const outcomeUnknown = (): HoldfastError =>
  new HoldfastError(
    'outcome_unknown',
    'The leader was lost before the outcome was known. Repeat the request with the same request id, or look at the state first.',
  );

export const shuttingDown = (): HoldfastError =>
  new HoldfastError('shutting_down', 'This node is stopping. Ask another one.');

export const waitAbandoned = (name: string): Refusal => ({
  ok: false,
  code: 'wait_abandoned',
  message: `The wait for "${name}" was given up.`,
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
