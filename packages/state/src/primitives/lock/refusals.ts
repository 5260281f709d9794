/** What a refused command of a lock is told. */
import { refuse } from '../../kernel/refusals.ts';
import type { EndedHold } from '../../kernel/view-types.ts';
import type { ResourceName } from '../../kernel/names.ts';
import type { Refusal } from '../../kernel/outcomes.ts';
import type { Hold, Pool } from '../holds/pool.ts';
import { endShown, holdersShown, howItEnded } from '../holds/refusals.ts';

/** The pool cannot give what was asked for at once. */
export function lockBusy(pool: Pool, timeMs: number): Refusal {
  const details = {
    resource: pool.name,
    holders: holdersShown(pool),
    holder_count: pool.holdCount,
    waiter_count: pool.queue.length,
  };
  if (pool.lockDelayEnd !== undefined) {
    const delayedForMs = Math.max(0, pool.lockDelayEnd.dueMs - timeMs);
    return refuse(
      'lock_delayed',
      `"${pool.name}" stays closed for ${String(delayedForMs)} ms because a holder's session expired. Wait or try again later.`,
      { ...details, delayed_for_ms: delayedForMs },
    );
  }
  const holder = pool.firstHold;
  const who =
    holder === undefined
      ? `${String(pool.queue.length)} waiters are ahead`
      : `it is held by client "${holder.session.clientId}" with fence token ${String(holder.fenceToken)}`;
  return refuse(
    'lock_held',
    `"${pool.name}" was not acquired: ${who}. Wait or try again later.`,
    details,
  );
}

export function lockNotFound(name: ResourceName, ended?: EndedHold): Refusal {
  return refuse('lock_not_found', `Nobody holds "${name}"${howItEnded(ended)}.`, {
    resource: name,
    ...endShown(ended),
  });
}

export function notHolder(pool: Pool, ended?: EndedHold): Refusal {
  return refuse(
    'not_holder',
    `This session does not hold "${pool.name}"; somebody else does${howItEnded(ended)}. Only its holder can act on it.`,
    { resource: pool.name, holders: holdersShown(pool), ...endShown(ended) },
  );
}

export function staleFenceToken(hold: Hold, given: number): Refusal {
  return refuse(
    'stale_fence_token',
    `Fence token ${String(given)} is not of the current hold of "${hold.pool.name}", which has ${String(hold.fenceToken)}.`,
    {
      resource: hold.pool.name,
      fence_token: given,
      current_fence_token: hold.fenceToken,
    },
  );
}
