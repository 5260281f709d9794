/** What a refused command of an election is told. */
import { refuse } from '../../kernel/refusals.ts';
import type { EndedHold } from '../../kernel/view-types.ts';
import type { ResourceName } from '../../kernel/names.ts';
import type { Refusal } from '../../kernel/outcomes.ts';
import type { Pool } from '../holds/pool.ts';
import { endShown, holderShown, howItEnded } from '../holds/refusals.ts';
import { lockBusy } from '../lock/refusals.ts';

/** Somebody else leads, or is about to. */
export function notElected(pool: Pool, timeMs: number): Refusal {
  const leader = pool.firstHold;
  if (pool.lockDelayEnd !== undefined) return lockBusy(pool, timeMs);
  const who =
    leader === undefined
      ? `${String(pool.queue.length)} candidates are ahead`
      : `client "${leader.session.clientId}" leads with fence token ${String(leader.fenceToken)}`;
  return refuse('not_elected', `"${pool.name}" is not won: ${who}. Wait or try again later.`, {
    resource: pool.name,
    leader: leader === undefined ? null : holderShown(leader),
    candidate_count: pool.queue.length,
  });
}

/** This session does not lead with this token. */
export function notLeading(name: ResourceName, ended?: EndedHold, pool?: Pool): Refusal {
  const leader = pool?.firstHold;
  return refuse(
    'not_holder',
    `This session does not lead "${name}" with that token${howItEnded(ended)}.`,
    {
      resource: name,
      leader: leader === undefined ? null : holderShown(leader),
      ...endShown(ended),
    },
  );
}
