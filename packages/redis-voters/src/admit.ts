/** How a server comes to vote (REDIS-6). */
import { HoldfastError, setIdOf, textOfSet } from '@holdfast/protocol';
import type { QuorumSet } from '@holdfast/protocol';
import { checkMs, longestTtlMs } from '@holdfast/quorum-client/parts';
import { smallestDriftShare } from '@holdfast/quorum-client/parts';
import { checkRedisSet, nameOf, RedisProcess, silenceMsOf } from './connection.ts';
import type { RedisOptions } from './connection.ts';
import { checkDurable } from './facts.ts';
import { admitScript, joinScript, keysOf, nameScript } from './scripts.ts';
import { bind, durableText, refusalIn, setOfServers } from './standing.ts';

/** What is known of the set that a server joins. */
export interface AdmitOptions extends RedisOptions {
  /** The longest ttl that any client uses, in ms: the servers refuse longer ones. Admitting takes so long. */
  readonly longestTtlMs: number;
  /**
   * There is no majority that has kept its data: the servers have never voted, or most have lost what they
   * knew, or they come from another configuration. Say so only if you know that it is true.
   */
  readonly isNewSet?: boolean;
  /** Tokens of a new set are above it. Default: the Unix time in ms. */
  readonly floorToken?: number;
  /** Cancels. */
  readonly signal?: AbortSignal;
}

/** What became of a server. */
export interface AdmittedServer {
  /** Its address without the password. */
  readonly name: string;
  /** `admitted`: it votes from now on. `voting`: it did so before. `unreachable`: admit it later. */
  readonly state: 'admitted' | 'voting' | 'unreachable';
}

interface Seat {
  readonly name: string;
  readonly server: RedisProcess;
  isVoting: boolean;
  largest: number;
  longestTtlMs: number;
  /** For which set its own is closed; empty: it is not. */
  closedFor: string;
  /** Its data were written before sets stood in them. */
  lacksSet: boolean;
}

/**
 * Lets the servers of a set vote that do not: all of a new set, or one that is new or has lost its data in a set of
 * which a majority votes. Takes as long as the longest ttl, and may be done while clients work. Safe to repeat.
 *
 * @param urls All servers of the set, not only those that are to be admitted.
 * @param options How to reach them, and what is known of them.
 * @throws HoldfastError `no_quorum` where no majority votes and the set is not said to be new; `invalid_request`
 *   for servers that cannot be voters; `wrong_epoch`; `cancelled`.
 * @example
 * await admitRedisServers(urls, { createClient, longestTtlMs: 60_000, isNewSet: true });
 */
export async function admitRedisServers(
  urls: readonly string[],
  options: AdmitOptions,
): Promise<readonly AdmittedServer[]> {
  checkRedisSet(urls, options);
  checkMs('"longestTtlMs"', options.longestTtlMs, { least: 1, most: longestTtlMs });
  const set = setOfServers(options.epoch ?? 1, urls.map(nameOf));
  const seats: Seat[] = [];
  try {
    const tried = await Promise.allSettled(urls.map((url) => open(url, set, options)));
    for (const one of tried) {
      if (one.status === 'fulfilled') seats.push(one.value);
      else if (one.reason instanceof HoldfastError && one.reason.code !== 'deadline_exceeded')
        throw one.reason;
    }
    checkSeats(urls, seats, options);
    const joining = seats.filter(({ isVoting }) => !isVoting);
    checkNotClosed(set, seats);
    await Promise.all(
      seats.filter(({ lacksSet }) => lacksSet).map((seat) => nameSet(seat, set, options)),
    );
    if (joining.length > 0) await admit(set, seats, joining, options);
    return urls.map(nameOf).map((name) => {
      const seat = seats.find((one) => one.name === name);
      if (seat === undefined) return { name, state: 'unreachable' };
      return { name, state: joining.includes(seat) ? 'admitted' : 'voting' };
    });
  } finally {
    for (const { server } of seats) server.close();
  }
}

async function open(url: string, set: QuorumSet, options: AdmitOptions): Promise<Seat> {
  const name = nameOf(url);
  const server = await RedisProcess.open(url, options);
  const standing = { isVoting: false, largest: 0, longestTtlMs: 0, closedFor: '', lacksSet: false };
  const seat = { name, server, ...standing };
  try {
    if (options.allowLossOnRestart !== true) checkDurable(name, server.facts);
    await look(seat, set, options);
    // A file that was only just asked for is not there before it was written for the first time.
    if (!seat.isVoting && server.facts.isRewriting)
      throw new HoldfastError(
        'invalid_request',
        `${name} is rewriting its append-only file. Admit it when that has finished.`,
        { voter: name },
      );
    return seat;
  } catch (error) {
    server.close();
    throw error;
  }
}

/** @throws HoldfastError `wrong_epoch` where its data are of a later configuration; `another_set` (REDIS-9). */
async function look(seat: Seat, set: QuorumSet, options: AdmitOptions): Promise<void> {
  const answer = await bind(seat.server, set, deadline(options));
  const [status, known, largest, longestTtlMs, closedFor, lacksSet] = answer;
  const isLater = status === 'WRONG_EPOCH' && Number(known) > set.epoch;
  if (isLater || status === 'ANOTHER_SET')
    throw refusalIn(seat.name, set, answer) ?? new Error('unreachable');
  seat.closedFor = typeof closedFor === 'string' ? closedFor : '';
  seat.lacksSet = status === 'VOTING' && lacksSet === 1;
  seat.isVoting = status === 'VOTING';
  seat.largest = Number(largest);
  seat.longestTtlMs = Number(longestTtlMs);
}

/** REDIS-9: who lost its data is not let into a set that has ended. */
function checkNotClosed(set: QuorumSet, seats: readonly Seat[]): void {
  const closed = seats.find(({ closedFor }) => closedFor !== '');
  if (closed === undefined) return;
  throw new HoldfastError(
    'another_set',
    `The set of ${textOfSet(set)} has ended, as ${closed.name} says. Use the one that follows it: ${closed.closedFor}.`,
    { voter: closed.name },
  );
}

/** REDIS-9: its data, which vote, are of this set from now on. */
async function nameSet(seat: Seat, set: QuorumSet, options: AdmitOptions): Promise<void> {
  const { server } = seat;
  const args = [server.facts.runId, set.epoch, textOfSet(set), setIdOf(set)];
  await server.run(nameScript, keysOf('', ''), args, deadline(options));
}

function checkSeats(urls: readonly string[], seats: readonly Seat[], options: AdmitOptions): void {
  const { isNewSet = false } = options;
  if (new Set(seats.map(({ server }) => server.facts.runId)).size < seats.length)
    throw new HoldfastError(
      'invalid_request',
      'A server is named twice, but has only one vote. Name each server once.',
    );
  if (
    hasMajority(
      urls,
      seats.filter(({ isVoting }) => isVoting),
    )
  )
    return;
  if (isNewSet && seats.length === urls.length) return;
  throw new HoldfastError(
    'no_quorum',
    isNewSet
      ? 'All servers of a new set must be reachable.'
      : 'No majority of the servers votes, so the largest tokens are unknown. If the set is new, or its data are lost, pass isNewSet.',
  );
}

const hasMajority = (urls: readonly string[], voting: readonly Seat[]): boolean =>
  voting.length > urls.length / 2;

async function admit(
  set: QuorumSet,
  seats: readonly Seat[],
  joining: readonly Seat[],
  options: AdmitOptions,
): Promise<void> {
  const { epoch, members } = set;
  const { isNewSet = false, floorToken = Date.now(), signal } = options;
  const admission = globalThis.crypto.randomUUID();
  const keys = keysOf('', '');
  for (const { name, server } of joining) {
    const args = [server.facts.runId, epoch, admission, setIdOf(set)];
    const answer = await server.run(joinScript, keys, args, deadline(options));
    const refusal = refusalIn(name, set, answer);
    if (refusal !== undefined) throw refusal;
    if (answer[0] !== 'JOINING') throw overtaken(name);
  }
  const longestTtlMs = seats
    .map((seat) => seat.longestTtlMs)
    .reduce((most, one) => Math.max(most, one), Math.ceil(options.longestTtlMs));
  // By this clock, which may run faster than those that the leases are counted by.
  await pause(longestTtlMs * (1 + smallestDriftShare), signal);
  const voting = seats.filter(({ isVoting }) => isVoting);
  // Once more, and only now: a server that lost its data meanwhile knows nothing.
  await Promise.all(
    voting.map((seat) =>
      look(seat, set, options).catch(() => {
        seat.isVoting = false;
      }),
    ),
  );
  const knowing = voting.filter(({ isVoting }) => isVoting);
  checkNotClosed(set, knowing);
  const isKnown = hasMajority(members, knowing);
  if (!isKnown && !isNewSet)
    throw new HoldfastError('no_quorum', 'A majority that had voted was lost meanwhile.');
  const floor = seats
    .map(({ largest }) => largest)
    .reduce((most, one) => Math.max(most, one), isKnown ? 0 : floorToken);
  for (const { name, server } of joining) {
    const { runId } = server.facts;
    const about = [floor, longestTtlMs, durableText(server.facts), textOfSet(set), setIdOf(set)];
    const args = [runId, epoch, admission, ...about];
    const [status] = await server.run(admitScript, keys, args, deadline(options));
    if (status !== 'DONE') throw overtaken(name);
  }
}

const overtaken = (name: string): HoldfastError =>
  new HoldfastError(
    'cancelled',
    `${name} was admitted by another client, or lost its data meanwhile.`,
    {
      voter: name,
    },
  );

const deadline = (options: AdmitOptions): AbortSignal => AbortSignal.timeout(silenceMsOf(options));

function pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const give = (): void => {
      clearTimeout(timer);
      reject(new HoldfastError('cancelled', 'The caller cancelled the call.'));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', give);
      resolve();
    }, delayMs);
    if (signal?.aborted === true) give();
    else signal?.addEventListener('abort', give, { once: true });
  });
}
