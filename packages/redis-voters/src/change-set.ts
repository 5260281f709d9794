/**
 * Changes the set of Redis servers that vote: closes the one that is, and has the servers of the one that follows begin.
 *
 * RCHG-1: no server of the new set votes before a majority of the old one was closed for it, has not lost its data
 *     since, and the longest ttl has passed after that: what was held under the old set has ended by then.
 * RCHG-2: the new set begins above every token that one of that majority knew when the wait was over. Any token that
 *     was held was made known to one of them before it was closed.
 * RCHG-3: all servers of the new set are told that (they are prepared) before the first of them begins. Being prepared
 *     takes nothing away of what a server was. So whoever ends in between is followed by another one with the same two
 *     sets: none votes in the new set, and all is done again; or some do, and those that are prepared may follow.
 * RCHG-4: a server is closed for one set, and prepared for no other. So of two changes at once one begins at most, where
 *     they have a server in common. A server that is itself of the set for which it is closed, and was not prepared for
 *     it, may be closed for another one instead (`insteadOfAnother`): without it the first set does not begin.
 */
import { HoldfastError, setIdOf, textOfSet } from '@holdfast/protocol';
import type { QuorumSet } from '@holdfast/protocol';
import { checkMs, longestTtlMs as longestOfAll } from '@holdfast/quorum-client/parts';
import { smallestDriftShare } from '@holdfast/quorum-client/parts';
import { admitRedisServers } from './admit.ts';
import type { AdmitOptions, AdmittedServer } from './admit.ts';
import { checkRedisSet, nameOf, RedisProcess, silenceMsOf } from './connection.ts';
import { checkDurable } from './facts.ts';
import { beginScript, closeScript, keysOf, prepareScript, readScript } from './scripts.ts';
import type { Script } from './scripts.ts';
import { bind, durableText, refusalIn, setOfServers } from './standing.ts';

/** The two sets, and how their servers are reached. */
export interface ReconfigureOptions extends Omit<AdmitOptions, 'floorToken' | 'isNewSet'> {
  /** All servers of the set that follows; it has the next epoch. */
  readonly to: readonly string[];
  /** Where an earlier change to another set was begun and will not be finished: this one instead, as far as it can be. */
  readonly insteadOfAnother?: boolean;
}

/** What stands in a server, as readScript tells it. */
interface Standing {
  readonly isVoting: boolean;
  readonly set: string;
  readonly next: string;
  readonly largest: number;
  readonly longestTtlMs: number;
}

interface Seat {
  readonly name: string;
  readonly server: RedisProcess;
}

/**
 * Ends the set of servers that votes, and begins the one that follows it, while clients run: those of the old set are
 * refused from then on. Takes as long as the longest ttl, in which nothing is granted. Safe to repeat with the same two
 * sets, at whatever step it ended.
 *
 * @param urls All servers of the set that is.
 * @param options The set that follows, and how all of them are reached.
 * @throws HoldfastError `no_quorum` where no majority of the old set votes, or a server of the new one is missing;
 *   `another_set` where it was closed for another one, or a server votes in a third; `cancelled`.
 * @example
 * await reconfigureRedisServers(urls, { createClient, epoch: 1, to, longestTtlMs: 60_000 });
 */
export async function reconfigureRedisServers(
  urls: readonly string[],
  options: ReconfigureOptions,
): Promise<readonly AdmittedServer[]> {
  checkRedisSet(urls, options);
  checkRedisSet(options.to, options);
  checkMs('"longestTtlMs"', options.longestTtlMs, { least: 1, most: longestOfAll });
  const { epoch = 1 } = options;
  const change = new Change(
    setOfServers(epoch, urls.map(nameOf)),
    setOfServers(epoch + 1, options.to.map(nameOf)),
    options,
  );
  try {
    await change.open([...urls, ...options.to]);
    await change.run();
  } finally {
    change.close();
  }
  // Whoever lost its data in between, and was told nothing, is let in as at any time.
  const { to, insteadOfAnother: _insteadOfAnother, ...others } = options;
  return admitRedisServers(to, { ...others, epoch: epoch + 1 });
}

class Change {
  readonly #from: QuorumSet;
  readonly #to: QuorumSet;
  readonly #options: ReconfigureOptions;
  readonly #seats = new Map<string, Seat>();

  constructor(from: QuorumSet, to: QuorumSet, options: ReconfigureOptions) {
    this.#from = from;
    this.#to = to;
    this.#options = options;
  }

  /** What cannot be reached is missing; what cannot be a voter is refused. */
  async open(urls: readonly string[]): Promise<void> {
    for (const url of urls) {
      const name = nameOf(url);
      if (this.#seats.has(name)) continue;
      const server = await RedisProcess.open(url, this.#options).catch((error: unknown) => {
        if (error instanceof HoldfastError && error.code !== 'deadline_exceeded') throw error;
        return undefined;
      });
      if (server === undefined) continue;
      this.#seats.set(name, { name, server });
      // A process that goes on with the data of an earlier one is known by its mark (REDIS-5), of whichever set it is.
      for (const set of [this.#from, this.#to])
        await bind(server, set, AbortSignal.timeout(silenceMsOf(this.#options))).catch(() => []);
      if (this.#options.allowLossOnRestart !== true) checkDurable(name, server.facts);
    }
  }

  close(): void {
    for (const { server } of this.#seats.values()) server.close();
  }

  async run(): Promise<void> {
    const to = setIdOf(this.#to);
    const missing = this.#to.members.find((member) => !this.#seats.has(member));
    const known = await this.#standings(this.#to.members);
    const hasBegun = [...known.values()].some(({ isVoting, set }) => isVoting && set === to);
    if (!hasBegun) {
      if (missing !== undefined)
        throw noQuorum(
          `All servers of the new set have to be there: ${missing} cannot be reached.`,
        );
      await this.#prepare(await this.#closeOld());
    }
    for (const member of this.#to.members) {
      const after = setIdOf(this.#from);
      const answer = await this.#ask(member, beginScript, [
        this.#to.epoch,
        after,
        textOfSet(this.#to),
        to,
      ]).catch(() => undefined);
      // What is missing is admitted afterwards, where a majority votes (RCHG-3).
      if (answer?.[0] !== 'DONE' && answer?.[0] !== 'VOTING' && !hasBegun)
        throw noQuorum(`${member} was lost before it could begin.`);
    }
  }

  /** RCHG-1, RCHG-2. */
  async #closeOld(): Promise<{ readonly floor: number; readonly longestTtlMs: number }> {
    const { members, epoch } = this.#from;
    const from = setIdOf(this.#from);
    const to = setIdOf(this.#to);
    const isOf = ({ isVoting, set }: Standing): boolean => isVoting && set === from;
    const voting = [...(await this.#standings(members)).values()].filter(isOf);
    if (voting.length * 2 <= members.length)
      throw noQuorum(
        `Only ${String(voting.length)} of ${String(members.length)} servers of the old set vote.`,
      );
    const instead = this.#options.insteadOfAnother === true ? '1' : '0';
    for (const member of members) {
      const args = [epoch, to, textOfSet(this.#to), instead, member, from];
      const answer = await this.#ask(member, closeScript, args).catch(() => undefined);
      if (answer === undefined || answer[0] === 'NOT_VOTING') continue;
      // It stays closed for the other one (RCHG-4): whether a majority is closed for this one is seen below.
      if (answer[0] === 'CLOSED' && this.#options.insteadOfAnother === true) continue;
      const refusal = refusalIn(member, this.#from, answer);
      if (refusal !== undefined) throw refusal;
    }
    const longestTtlMs = voting.reduce(
      (most, one) => Math.max(most, one.longestTtlMs),
      Math.ceil(this.#options.longestTtlMs),
    );
    // By this clock, which may run faster than those that the leases are counted by.
    await pause(longestTtlMs * (1 + smallestDriftShare), this.#options.signal);
    const closed = [...(await this.#standings(members)).values()].filter(
      (standing) => isOf(standing) && standing.next === to,
    );
    if (closed.length * 2 <= members.length)
      throw noQuorum(
        `Only ${String(closed.length)} of ${String(members.length)} servers of the old set are closed.`,
      );
    return { longestTtlMs, floor: closed.reduce((most, one) => Math.max(most, one.largest), 0) };
  }

  /** RCHG-3. */
  async #prepare({
    floor,
    longestTtlMs,
  }: {
    readonly floor: number;
    readonly longestTtlMs: number;
  }): Promise<void> {
    for (const member of this.#to.members) {
      const seat = this.#seats.get(member);
      const answer = await this.#ask(member, prepareScript, [
        this.#to.epoch,
        floor,
        longestTtlMs,
        seat === undefined ? '' : durableText(seat.server.facts),
        setIdOf(this.#from),
        textOfSet(this.#to),
        setIdOf(this.#to),
      ]);
      const refusal = refusalIn(member, this.#to, answer);
      if (refusal !== undefined) throw refusal;
    }
  }

  async #standings(members: readonly string[]): Promise<ReadonlyMap<string, Standing>> {
    const standings = new Map<string, Standing>();
    for (const member of members) {
      const answer = await this.#ask(member, readScript, []).catch(() => undefined);
      if (answer === undefined) continue;
      const [isVoting, set, next, largest, longest] = answer;
      standings.set(member, {
        isVoting: isVoting === 1,
        set: String(set),
        next: String(next),
        largest: Number(largest),
        longestTtlMs: Number(longest),
      });
    }
    return standings;
  }

  async #ask(
    member: string,
    script: Script,
    args: readonly (string | number)[],
  ): Promise<readonly unknown[]> {
    const seat = this.#seats.get(member);
    if (seat === undefined) throw noQuorum(`${member} cannot be reached.`);
    const deadline = AbortSignal.timeout(silenceMsOf(this.#options));
    const { facts } = seat.server;
    return seat.server.run(script, keysOf('', ''), [facts.runId, ...args], deadline);
  }
}

const noQuorum = (what: string): HoldfastError =>
  new HoldfastError(
    'no_quorum',
    `${what} What is closed stays closed: repeat the change with the same two sets.`,
  );

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
