/** What is told of pools of every kind. Of another session only its client id and fence token are shown. */
import { refuse } from '../../kernel/refusals.ts';
import type { EndedHold } from '../../kernel/view-types.ts';
import type { JsonValue } from '../../kernel/names.ts';
import type { Refusal } from '../../kernel/outcomes.ts';
import { modeOf } from '../lock/modes.ts';
import type { Hold, Pool, Waiter } from './pool.ts';

/** Never more than so many holders are listed in a refusal. */
const maxHoldersShown = 10;

export function holdersShown(pool: Pool): readonly JsonValue[] {
  const shown: JsonValue[] = [];
  for (let hold = pool.firstHold; hold !== undefined; hold = hold.next) {
    if (shown.length === maxHoldersShown) break;
    shown.push(holderShown(hold));
  }
  return shown;
}

export function holderShown({ session, fenceToken, units, pool }: Hold): JsonValue {
  const who = { client_id: session.clientId, fence_token: fenceToken };
  if (pool.kind === 'lock') return { ...who, mode: modeOf(units) };
  return pool.kind === 'semaphore' ? { ...who, permits: units } : who;
}

export function waitTimeout(pool: Pool): Refusal {
  return refuse('wait_timeout', `The wait for "${pool.name}" ran out before it was free.`, {
    resource: pool.name,
    holders: holdersShown(pool),
    waiter_count: pool.queue.length,
  });
}

/**
 * Nobody in the cycle could ever go on. Its members begin with who asked. The text is a part of the state, with the
 * answers that are remembered: in other words an old log would give another state than its snapshot.
 */
export function deadlock(cycle: readonly Waiter[]): Refusal {
  const members: JsonValue[] = cycle.slice(0, maxHoldersShown).map(({ session, pool }) => ({
    client_id: session.clientId,
    kind: pool.kind,
    waits_for: pool.name,
  }));
  const steps = cycle
    .slice(0, maxHoldersShown)
    .map(({ session, pool }) => `"${session.clientId}" waits for ${pool.kind} "${pool.name}"`);
  const [first] = cycle;
  return refuse(
    'deadlock',
    `To wait would close a circle in which nobody goes on: ${steps.join(', ')}. Give back what others wait for first, and take several at once or always in the same order.`,
    { resource: first?.pool.name ?? '', members, member_count: cycle.length },
  );
}

/** Of a hold that others ended: how, for the message. */
export function howItEnded(ended: EndedHold | undefined): string {
  if (ended === undefined) return '';
  const { reason, fenceToken } = ended;
  const how = {
    expired: 'expired',
    forced: 'was forced open',
    max_hold: 'reached its longest time',
  };
  return `: the hold with fence token ${String(fenceToken)} ${how[reason]}`;
}

export function endShown(ended: EndedHold | undefined): { readonly [key: string]: JsonValue } {
  return ended === undefined ? {} : { end_reason: ended.reason, ended_at_revision: ended.revision };
}
