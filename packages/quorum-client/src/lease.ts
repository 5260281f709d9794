/**
 * The quorum lease, from the client's side. There is no leader: a lease is held when a majority of the
 * configured voters granted it and agree on its token.
 *
 * QUORUM-1: a majority is of all configured voters, never of those that answered.
 * QUORUM-2: the token is the largest that a majority answered with. Where the answers differ it counts only
 *     once a majority has confirmed it: two held leases share a voter, on which they did not stand at the
 *     same time, so the later one sees the earlier token there and gets a larger one, whatever clocks do.
 * QUORUM-3: validity counts from before the first request left, less the drift buffer; a renewal from before it
 *     left. What is left is compared when it is asked for, by whichever clock of this machine says less.
 * QUORUM-4: what is not held is released at every voter that did not refuse it, and asked for again under a new id.
 */
import { momentOf, passedMs } from '@holdfast/client/parts';
import type { ClientClock, Moment } from '@holdfast/client/parts';
import { askAll } from './round.ts';
import type { Answers, VoterAnswer, Silence } from './round.ts';
import type { LeaseAsk, LeaseRef, Vote, Voter } from './voter.ts';

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
  /** Before the first request left (QUORUM-3). */
  readonly askedAt: Moment;
}

export type Attempt =
  | { readonly type: 'held'; readonly lease: GrantedLease }
  | {
      readonly type: 'failed';
      /** Those that failed, or had their time. */
      readonly silent: readonly Silence[];
      /** How many wait for it, as far as voters tell. */
      readonly waiters: number;
      /** Resolves when those that had granted were told that it is not held, or had their time to hear it. */
      readonly givenBack: Promise<void>;
    };

export const majorityOf = (voters: readonly Voter[]): number => Math.floor(voters.length / 2) + 1;

/** QUORUM-3: how long what is granted is certain, from the moment at which it was asked for. */
export const validityMs = ({ ttlMs, driftBufferMs }: QuorumSettings): number =>
  ttlMs - driftBufferMs;

/** QUORUM-3: for how long from now; 0 or less: not any more. */
export const validForMs = (settings: QuorumSettings, askedAt: Moment): number =>
  validityMs(settings) - passedMs(settings.clock, askedAt);

/** One attempt under an id of its own. */
export async function attempt(
  settings: QuorumSettings,
  ask: Omit<LeaseAsk, 'leaseId' | 'ttlMs'>,
): Promise<Attempt> {
  const { voters, clock, newId, ttlMs, nodeTimeoutMs } = settings;
  const majority = majorityOf(voters); // QUORUM-1
  const lease = { resource: ask.resource, leaseId: newId() };
  const askedAt = momentOf(clock); // QUORUM-3
  const votes = await askAll<Vote>(
    voters,
    clock,
    nodeTimeoutMs,
    (voter, signal) => voter.acquire({ ...ask, ...lease, ttlMs }, signal),
    (answers) => {
      const grants = grantsOf(answers.heard).length;
      // What is not to be had is known for certain: it matters to callers why it is not.
      const denials = answers.heard.length - grants;
      if (grants >= majority || denials > voters.length - majority) return true;
      // Where some refuse what is asked, whether enough do is known from all alone.
      const refusals = answers.silent.filter(({ refusal }) => refusal !== undefined).length;
      const tells = refusals === 0 ? answers.silent.length : refusals;
      return tells > voters.length - majority;
    },
  );
  const { heard } = votes;
  let { silent } = votes;
  const grants = grantsOf(heard);
  if (grants.length >= majority) {
    const token = grants.reduce((most, one) => Math.max(most, one), Number.NEGATIVE_INFINITY);
    const agree = grants.filter((grant) => grant === token).length >= majority;
    const confirmed = agree || (await confirm(settings, lease, token)); // QUORUM-2
    if (confirmed === true && validForMs(settings, askedAt) > 0)
      return { type: 'held', lease: { ...lease, token, askedAt } };
    if (confirmed !== true) silent = confirmed;
  }
  const waiters = waitersOf(heard);
  return { type: 'failed', silent, waiters, givenBack: giveBack(settings, lease, heard) };
}

/** Their tokens: of voters that turn out to be one, one (ONCE-1 of identities.ts). */
function grantsOf(heard: readonly VoterAnswer<Vote>[]): readonly number[] {
  const files = new Set<number>();
  return heard.flatMap(({ answer }) => {
    if (answer.type !== 'granted') return [];
    const { file, token } = answer;
    if (file !== undefined && files.has(file)) return [];
    if (file !== undefined) files.add(file);
    return [token];
  });
}

const waitersOf = (heard: readonly VoterAnswer<Vote>[]): number =>
  heard.reduce(
    (most, { answer }) => Math.max(most, answer.type === 'denied' ? (answer.waiters ?? 0) : 0),
    0,
  );

/** QUORUM-4. */
function giveBack(
  settings: QuorumSettings,
  lease: LeaseRef,
  heard: readonly VoterAnswer<Vote>[],
): Promise<void> {
  const saying = (type: Vote['type']): ReadonlySet<Voter> =>
    new Set(heard.filter(({ answer }) => answer.type === type).map(({ voter }) => voter));
  const refused = saying('denied');
  const granted = saying('granted');
  const voters = settings.voters.filter((voter) => !refused.has(voter));
  const told = release({ ...settings, voters }, lease, (those) =>
    [...granted].every((voter) => those.has(voter)),
  );
  return new Promise((resolve) => {
    const cancel = settings.clock.after(settings.nodeTimeoutMs, resolve);
    void told.then(() => {
      cancel();
      resolve();
    });
  });
}

/** QUORUM-2. @returns Those that were silent, where it is not confirmed. */
async function confirm(
  settings: QuorumSettings,
  lease: LeaseRef,
  token: number,
): Promise<true | readonly Silence[]> {
  const { said, silent } = await byMajority(settings, (voter, signal) =>
    voter.confirm(lease, token, signal),
  );
  return said === 'yes' ? true : silent;
}

export type Renewal =
  | { readonly type: 'renewed'; readonly askedAt: Moment }
  /** A majority said that the lease does not stand there: it never will again. */
  | { readonly type: 'ended' }
  /** It may be tried again. */
  | { readonly type: 'unheard' };

/** For another ttl, under the same token. */
export async function renew(settings: QuorumSettings, lease: LeaseRef): Promise<Renewal> {
  const { clock, ttlMs } = settings;
  const askedAt = momentOf(clock); // QUORUM-3
  const { said } = await byMajority(settings, (voter, signal) => voter.renew(lease, ttlMs, signal));
  if (said === 'yes') return { type: 'renewed', askedAt };
  return { type: said === 'no' ? 'ended' : 'unheard' };
}

/** What a majority of all voters says; undefined: no majority says one or the other. */
async function byMajority(
  { voters, clock, nodeTimeoutMs }: QuorumSettings,
  ask: (voter: Voter, signal: AbortSignal) => Promise<boolean>,
): Promise<{ readonly said: 'yes' | 'no' | undefined; readonly silent: readonly Silence[] }> {
  const majority = majorityOf(voters); // QUORUM-1
  const saying = (answers: Answers<boolean>, what: boolean): number =>
    answers.heard.filter(({ answer }) => answer === what).length;
  const decision = (answers: Answers<boolean>): 'yes' | 'no' | undefined => {
    if (saying(answers, true) >= majority) return 'yes';
    return saying(answers, false) >= majority ? 'no' : undefined;
  };
  const all = await askAll(
    voters,
    clock,
    nodeTimeoutMs,
    ask,
    (answers) => decision(answers) !== undefined,
  );
  return { said: decision(all), silent: all.silent };
}

/** Before each try, in ms: a node that starts anew takes a moment. */
const releasePausesMs = [0, 250, 1000];

/**
 * Tells all voters, each with some patience.
 *
 * @param enough Whether those that were told suffice: the others are told without anybody waiting for it.
 * @returns Whether they did in the end.
 */
export function release(
  { voters, clock, nodeTimeoutMs }: QuorumSettings,
  lease: LeaseRef,
  enough: (told: ReadonlySet<Voter>) => boolean,
): Promise<boolean> {
  const tell = async (voter: Voter): Promise<void> => {
    for (const pauseMs of releasePausesMs) {
      if (pauseMs > 0) await new Promise<void>((resolve) => void clock.after(pauseMs, resolve));
      const { heard } = await askAll(
        [voter],
        clock,
        nodeTimeoutMs,
        (one, signal) => one.release(lease, signal),
        () => false,
      );
      if (heard.length > 0) return;
    }
    throw new Error('The request was not sent.');
  };
  return new Promise((resolve) => {
    const told = new Set<Voter>();
    const look = (): void => {
      if (enough(told)) resolve(true);
    };
    look();
    const all = voters.map(async (voter) => {
      await tell(voter);
      told.add(voter);
      look();
    });
    void Promise.allSettled(all).then(() => resolve(false));
  });
}
