/** Resources of every kind as rows of one form: who has it, who waits, and for what. */
import type {
  BarrierAnswer,
  ElectionAnswer,
  LatchAnswer,
  ListBarriersAnswer,
  ListElectionsAnswer,
  ListLatchesAnswer,
  ListLocksAnswer,
  ListSemaphoresAnswer,
  LockStatusAnswer,
  SemaphoreAnswer,
} from '@holdfast/protocol';
import { clock, number, span } from './parts.ts';

export interface HolderRow {
  readonly sessionId: string;
  readonly clientId: string;
  /** Undefined: none is given. */
  readonly fenceToken: number | undefined;
  /** How it is held. */
  readonly how: string;
  /** Seconds since 1970. */
  readonly since: number | undefined;
}

export interface WaiterRow {
  readonly sessionId: string;
  readonly clientId: string;
  readonly position: number;
  readonly how: string;
  /** Why it waits, as a sentence. */
  readonly because: string;
}

export interface ResourceRow {
  readonly name: string;
  readonly state: string;
  readonly isTaken: boolean;
  readonly holders: readonly HolderRow[];
  readonly holderCount: number;
  readonly waiters: readonly WaiterRow[];
  readonly waiterCount: number;
  /** Why those who wait wait. Empty where nobody does. */
  readonly because: string;
}

export interface Kind {
  readonly kind: string;
  /** Where a list and one of it are read. */
  readonly path: string;
  readonly title: string;
  readonly mayBeForced: boolean;
  readonly rowsOf: (answer: unknown) => readonly ResourceRow[];
  readonly rowOf: (answer: unknown) => ResourceRow;
}

const names = (holders: readonly { readonly client_id: string }[], count: number): string => {
  const first = holders.slice(0, 2).map(({ client_id }) => client_id);
  return count > first.length
    ? `${first.join(', ')} and ${number(count - first.length)} more`
    : first.join(' and ');
};

/** Behind others of the queue, the first of whom waits for what `first` says. */
const behind = (position: number, first: string): string =>
  position === 1
    ? first
    : `Behind ${number(position - 1)} ${position === 2 ? 'other' : 'others'} in the queue. ${first}`;

const delay = (until: number): string =>
  `Until ${clock(until)} nobody gets it: the session of a former holder expired (lock-delay period).`;

export function lockRow(lock: LockStatusAnswer): ResourceRow {
  const { holders, holder_count, waiters, waiter_count, delayed_until, mode } = lock;
  const because =
    delayed_until !== null && !lock.locked
      ? delay(delayed_until)
      : lock.locked
        ? `Held ${mode ?? ''} by ${names(holders, holder_count)}.`
        : 'It is granted next.';
  return {
    name: lock.resource,
    state: lock.locked ? (mode ?? 'held') : delayed_until === null ? 'free' : 'lock-delay',
    isTaken: lock.locked,
    holders: holders.map((holder) => ({
      sessionId: holder.session_id,
      clientId: holder.client_id,
      fenceToken: holder.fence_token,
      how:
        holder.ends_in_seconds === null
          ? holder.mode
          : `${holder.mode}, ends in ${span(holder.ends_in_seconds)}`,
      since: holder.acquired_at,
    })),
    holderCount: holder_count,
    waiters: waiters.map((waiter) => ({
      sessionId: waiter.session_id,
      clientId: waiter.client_id,
      position: waiter.position,
      how: `${waiter.mode}, priority ${number(waiter.priority)}`,
      because: behind(waiter.position, because),
    })),
    waiterCount: waiter_count,
    because: waiter_count === 0 ? '' : because,
  };
}

export function semaphoreRow(semaphore: SemaphoreAnswer): ResourceRow {
  const { holders, holder_count, waiters, waiter_count } = semaphore;
  const { free, limit } = { free: semaphore.free ?? 0, limit: semaphore.limit ?? 0 };
  const next = waiters[0];
  const because =
    next === undefined
      ? ''
      : `${next.client_id} asks for ${number(next.permits)} of ${number(limit)} permits, ${number(free)} ${free === 1 ? 'is' : 'are'} free.`;
  return {
    name: semaphore.resource,
    state: semaphore.limit === null ? 'not there' : `${number(free)} of ${number(limit)} free`,
    isTaken: holder_count > 0,
    holders: holders.map((holder) => ({
      sessionId: holder.session_id,
      clientId: holder.client_id,
      fenceToken: holder.fence_token,
      how: `${number(holder.permits)} ${holder.permits === 1 ? 'permit' : 'permits'}`,
      since: holder.acquired_at,
    })),
    holderCount: holder_count,
    waiters: waiters.map((waiter) => ({
      sessionId: waiter.session_id,
      clientId: waiter.client_id,
      position: waiter.position,
      how: `${number(waiter.permits)} wanted, priority ${number(waiter.priority)}`,
      because: behind(waiter.position, because),
    })),
    waiterCount: waiter_count,
    because,
  };
}

export function electionRow(election: ElectionAnswer): ResourceRow {
  const { leader, candidates, candidate_count, delayed_until } = election;
  const because =
    leader === null
      ? delayed_until === null
        ? 'The next one is elected.'
        : delay(delayed_until)
      : `${leader.client_id} leads.`;
  return {
    name: election.resource,
    state: leader === null ? 'no leader' : `led by ${leader.client_id}`,
    isTaken: leader !== null,
    holders:
      leader === null
        ? []
        : [
            {
              sessionId: leader.session_id,
              clientId: leader.client_id,
              fenceToken: leader.fence_token,
              how: 'leads',
              since: leader.elected_at,
            },
          ],
    holderCount: leader === null ? 0 : 1,
    waiters: candidates.map((candidate) => ({
      sessionId: candidate.session_id,
      clientId: candidate.client_id,
      position: candidate.position,
      how: `candidate, priority ${number(candidate.priority)}`,
      because: behind(candidate.position, because),
    })),
    waiterCount: candidate_count,
    because: candidate_count === 0 ? '' : because,
  };
}

export function barrierRow(barrier: BarrierAnswer): ResourceRow {
  const { members, member_count, parties, open, round, waiter_count } = barrier;
  const missing = (parties ?? 0) - member_count;
  return {
    name: barrier.resource,
    state: open ? 'open' : `${number(member_count)} of ${number(parties)} entered`,
    isTaken: member_count > 0,
    holders: members.map(({ session_id, client_id }) => ({
      sessionId: session_id,
      clientId: client_id,
      fenceToken: undefined,
      how: `inside, round ${number(round)}`,
      since: undefined,
    })),
    holderCount: member_count,
    waiters: [],
    waiterCount: waiter_count,
    because:
      open || waiter_count === 0
        ? ''
        : `${number(missing)} more ${missing === 1 ? 'party has' : 'parties have'} to enter.`,
  };
}

export const latchRow = ({
  resource,
  count,
  open,
  waiter_count = 0,
}: LatchAnswer): ResourceRow => ({
  name: resource,
  state: count === null ? 'not there' : open ? 'open' : `count ${number(count)}`,
  isTaken: count !== null && !open,
  holders: [],
  holderCount: 0,
  waiters: [],
  waiterCount: waiter_count,
  because: waiter_count === 0 ? '' : `It has to be counted down ${number(count ?? 0)} times more.`,
});

/** Answers are as the contract declares them, for the page is of the node's release (asking.ts). */
export const kinds: readonly Kind[] = [
  {
    kind: 'lock',
    path: 'locks',
    title: 'Locks',
    mayBeForced: true,
    rowsOf: (answer) => (answer as ListLocksAnswer).locks.map(lockRow),
    rowOf: (answer) => lockRow(answer as LockStatusAnswer),
  },
  {
    kind: 'semaphore',
    path: 'semaphores',
    title: 'Semaphores',
    mayBeForced: true,
    rowsOf: (answer) => (answer as ListSemaphoresAnswer).semaphores.map(semaphoreRow),
    rowOf: (answer) => semaphoreRow(answer as SemaphoreAnswer),
  },
  {
    kind: 'election',
    path: 'elections',
    title: 'Elections',
    mayBeForced: true,
    rowsOf: (answer) => (answer as ListElectionsAnswer).elections.map(electionRow),
    rowOf: (answer) => electionRow(answer as ElectionAnswer),
  },
  {
    kind: 'barrier',
    path: 'barriers',
    title: 'Barriers',
    mayBeForced: false,
    rowsOf: (answer) => (answer as ListBarriersAnswer).barriers.map(barrierRow),
    rowOf: (answer) => barrierRow(answer as BarrierAnswer),
  },
  {
    kind: 'latch',
    path: 'latches',
    title: 'Latches',
    mayBeForced: false,
    rowsOf: (answer) => (answer as ListLatchesAnswer).latches.map(latchRow),
    rowOf: (answer) => latchRow(answer as LatchAnswer),
  },
];

export const kindOf = (name: string | undefined): Kind | undefined =>
  kinds.find(({ kind }) => kind === name);
