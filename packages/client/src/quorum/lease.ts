/**
 * The quorum lease, from the client's side. There is no leader: a lease is held when a majority of the
 * configured voters granted it and agree on its token.
 *
 * Q1: a majority is of all configured voters, never of those that answered.
 * Q2: the token is the largest that a majority answered with. Where the answers differ it counts only
 *     once a majority has confirmed it: two held leases share a voter, on which they did not stand at the
 *     same time, so the later one sees the earlier token there and gets a larger one, whatever clocks do.
 * Q3: validity counts from before the first request left, less the drift buffer; a renewal from before it
 *     left. What is left is compared when it is asked for.
 * Q4: what is not held is released everywhere, and asked for again under a new id.
 */
import type { ClientClock } from '../clock.ts';
import { askAll } from './round.ts';
import type { Heard } from './round.ts';
import type { LeaseRef, Vote, Voter } from './voter.ts';

export interface QuorumSettings {
  readonly voters: readonly Voter[];
  readonly clock: ClientClock;
  readonly newId: () => string;
  readonly ttlMs: number;
  readonly driftBufferMs: number;
  /** How long each voter may take to answer. */
  readonly nodeTimeoutMs: number;
}

/** A lease that a majority granted. */
export interface GrantedLease extends LeaseRef {
  readonly token: number;
  /** By the monotonic clock of this client (Q3). */
  readonly validUntilMs: number;
}

export type Attempt =
  | { readonly type: 'held'; readonly lease: GrantedLease }
  /** `busy`: those that said that another lease stands. `silent`: how many failed, or had their time. */
  | { readonly type: 'failed'; readonly busy: readonly Voter[]; readonly silent: number };

export const majorityOf = (voters: readonly Voter[]): number => Math.floor(voters.length / 2) + 1;

/** One attempt under an id of its own. */
export async function attempt(
  settings: QuorumSettings,
  resource: string,
  clientId: string,
  waiterId: string,
): Promise<Attempt> {
  const { voters, clock, newId, ttlMs, driftBufferMs, nodeTimeoutMs } = settings;
  const majority = majorityOf(voters); // Q1
  const lease = { resource, leaseId: newId() };
  const startedMs = clock.now(); // Q3
  let silent = 0;
  const heard = await askAll<Vote>(
    voters,
    clock,
    nodeTimeoutMs,
    (voter, signal) => voter.acquire({ ...lease, clientId, ttlMs, waiterId }, signal),
    (answers, silentNow) => {
      silent = silentNow;
      const grants = grantsOf(answers).length;
      return grants >= majority || answers.length - grants + silent > voters.length - majority;
    },
  );
  const grants = grantsOf(heard);
  const validUntilMs = startedMs + ttlMs - driftBufferMs;
  if (grants.length >= majority) {
    const token = Math.max(...grants);
    const agree = grants.filter((grant) => grant === token).length >= majority;
    const confirmed = agree || (await confirm(settings, lease, token)); // Q2
    if (confirmed && clock.now() < validUntilMs)
      return { type: 'held', lease: { ...lease, token, validUntilMs } };
  }
  void release(settings, lease); // Q4
  const busy = heard.filter(({ answer }) => answer.type === 'denied').map(({ voter }) => voter);
  return { type: 'failed', busy, silent };
}

const grantsOf = (heard: readonly Heard<Vote>[]): readonly number[] =>
  heard.flatMap(({ answer }) => (answer.type === 'granted' ? [answer.token] : []));

/** Q2. */
function confirm(settings: QuorumSettings, lease: LeaseRef, token: number): Promise<boolean> {
  return byMajority(settings, (voter, signal) => voter.confirm(lease, token, signal));
}

/**
 * For another ttl, under the same token.
 *
 * @returns Until when it is valid then; undefined: no majority said so, or it has run out by this client's clock.
 */
export async function renew(
  settings: QuorumSettings,
  lease: GrantedLease,
  validUntilMs: number,
): Promise<number | undefined> {
  const { clock, ttlMs, driftBufferMs } = settings;
  const startedMs = clock.now(); // Q3
  if (startedMs >= validUntilMs) return undefined;
  const renewed = await byMajority(settings, (voter, signal) => voter.renew(lease, ttlMs, signal));
  return renewed && clock.now() < validUntilMs ? startedMs + ttlMs - driftBufferMs : undefined;
}

async function byMajority(
  { voters, clock, nodeTimeoutMs }: QuorumSettings,
  ask: (voter: Voter, signal: AbortSignal) => Promise<boolean>,
): Promise<boolean> {
  const majority = majorityOf(voters); // Q1
  const yes = (heard: readonly Heard<boolean>[]): number =>
    heard.filter(({ answer }) => answer).length;
  const heard = await askAll(
    voters,
    clock,
    nodeTimeoutMs,
    ask,
    (answers, silent) =>
      yes(answers) >= majority || answers.length - yes(answers) + silent > voters.length - majority,
  );
  return yes(heard) >= majority;
}

const releaseTries = 3;

/** Everywhere, also where no grant was heard of: it may be on its way. Resolves when all were told, or given up. */
export async function release(
  { voters, clock, nodeTimeoutMs }: QuorumSettings,
  lease: LeaseRef,
): Promise<void> {
  let left = voters;
  for (let tries = 0; tries < releaseTries && left.length > 0; tries++) {
    const told = await askAll(
      left,
      clock,
      nodeTimeoutMs,
      (voter, signal) => voter.release(lease, signal),
      () => false,
    );
    const done = new Set(told.map(({ voter }) => voter));
    left = left.filter((voter) => !done.has(voter));
  }
}
