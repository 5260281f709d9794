/** A Redis server as a voter of a quorum lease. The rules are at the head of index.ts. */
import { HoldfastError, setIdOf } from '@holdfast/protocol';
import type { QuorumSet } from '@holdfast/protocol';
import type { LeaseAsk, LeaseRef, Vote, Voter, WaitAsk } from '@holdfast/quorum-client';
import { checkRedisSet, nameOf, RedisProcess, silenceMsOf, within } from './connection.ts';
import type { RedisOptions } from './connection.ts';
import { checkDurable } from './facts.ts';
import { Kept } from './kept.ts';
import {
  acquireScript,
  channelOf,
  confirmScript,
  keysOf,
  lookScript,
  releaseScript,
  renewScript,
} from './scripts.ts';
import type { Script } from './scripts.ts';
import { bind, refusalIn, setOfServers } from './standing.ts';
import { RedisWakes } from './wakes.ts';

/** How servers are reached, and who is told of those that cannot vote. */
export interface RedisVoterOptions extends RedisOptions {
  /**
   * Called once for each reason why a server is not counted; the lease itself only sees that it says nothing.
   * Default: `process.emitWarning`.
   */
  readonly onRefused?: (name: string, error: HoldfastError) => void;
}

/** What a server knows of a resource. */
export interface RedisLook {
  /** Whose lease stands there; undefined: none does. */
  readonly clientId: string | undefined;
  /** For so long, in ms. */
  readonly remainingMs: number;
  /** The largest token. */
  readonly maxToken: number;
}

/**
 * The servers of one set, all of them, always the same: voters for a `Quorum`.
 *
 * @param urls `redis://host:port` of 3, 5 or 7 servers (`rediss://` for TLS).
 * @param options How to reach them.
 * @throws HoldfastError `invalid_request` for a value that is none of its kind.
 * @example
 * const urls = ['redis://a:6379', 'redis://b:6379', 'redis://c:6379'];
 * const quorum = new Quorum({ voters: redisVoters(urls, { createClient }) });
 */
export function redisVoters(urls: readonly string[], options: RedisVoterOptions): RedisVoter[] {
  checkRedisSet(urls, options);
  const processes = new Map<string, string>();
  const set = setOfServers(options.epoch ?? 1, urls.map(nameOf));
  return urls.map((url) => new RedisVoter(url, options, set, processes));
}

/** Connects when it is first asked, and again after the connection broke. Made by `redisVoters`. */
export class RedisVoter implements Voter {
  /** The address without the password. */
  readonly name: string;
  readonly #url: string;
  readonly #options: RedisVoterOptions;
  /** REDIS-9. */
  readonly #set: QuorumSet;
  readonly #setId: string;
  /** Run id → the voter that has it, of one set: no process counts twice. */
  readonly #processes: Map<string, string>;
  readonly #wakes: RedisWakes;
  readonly #told = new Set<string>();
  readonly #process: Kept<RedisProcess>;

  /** @internal */
  constructor(
    url: string,
    options: RedisVoterOptions,
    set: QuorumSet,
    processes: Map<string, string>,
  ) {
    this.name = nameOf(url);
    this.#url = url;
    this.#options = options;
    this.#set = set;
    this.#setId = setIdOf(set);
    this.#processes = processes;
    this.#wakes = new RedisWakes(url, options);
    this.#process = new Kept(
      () => this.#open(),
      (server) => server.close(),
    );
  }

  /** See `Voter`. */
  async acquire(ask: LeaseAsk, signal: AbortSignal): Promise<Vote> {
    const { resource, leaseId, ttlMs, clientId } = ask;
    const args = [resource, leaseId, Math.ceil(ttlMs), clientId];
    const [status, value] = await this.#step(acquireScript, ask, args, signal);
    if (status === 'GRANTED' && Number.isSafeInteger(value) && Number(value) > 0)
      return { type: 'granted', token: Number(value) };
    if (status === 'DENIED') return { type: 'denied', remainingMs: Math.max(0, Number(value)) };
    if (status === 'RELEASED') return { type: 'denied', remainingMs: 0 };
    throw this.#unreadable(status);
  }

  /** See `Voter`. */
  confirm(lease: LeaseRef, token: number, signal: AbortSignal): Promise<boolean> {
    return this.#stands(confirmScript, lease, [lease.resource, lease.leaseId, token], signal);
  }

  /** See `Voter`. */
  renew(lease: LeaseRef, ttlMs: number, signal: AbortSignal): Promise<boolean> {
    return this.#stands(renewScript, lease, [lease.leaseId, Math.ceil(ttlMs)], signal);
  }

  /** See `Voter`. */
  async release(lease: LeaseRef, signal: AbortSignal): Promise<void> {
    const args = [lease.leaseId, channelOf(lease.resource)];
    await this.#stands(releaseScript, lease, args, signal);
  }

  /** See `Voter`: a release is heard of, and a lease that runs out is timed. Who waited for longer has no turn. */
  wait({ resource, timeoutMs }: WaitAsk, signal: AbortSignal): Promise<boolean> {
    const remaining = async (deadline: AbortSignal): Promise<number> =>
      (await this.look(resource, deadline)).remainingMs;
    return this.#wakes.wait(channelOf(resource), remaining, timeoutMs, signal);
  }

  /** What it knows of a resource. @throws HoldfastError `not_voting`, `wrong_epoch`, `invalid_request`, `deadline_exceeded`. */
  async look(resource: string, signal: AbortSignal): Promise<RedisLook> {
    const lease = { resource, leaseId: '' };
    const [status, client, remaining, token] = await this.#step(
      lookScript,
      lease,
      [resource],
      signal,
    );
    if (status !== 'LOOK') throw this.#unreadable(status);
    const clientId = client === '' ? undefined : String(client);
    return { clientId, remainingMs: Math.max(0, Number(remaining)), maxToken: Number(token) };
  }

  /** Ends its connections. A process that ends need not call it. */
  close(): void {
    this.#process.close();
    this.#wakes.close();
  }

  async #stands(
    script: Script,
    lease: LeaseRef,
    args: readonly (string | number)[],
    signal: AbortSignal,
  ): Promise<boolean> {
    const [status] = await this.#step(script, lease, args, signal);
    if (status !== 'DONE' && status !== 'REFUSED') throw this.#unreadable(status);
    return status === 'DONE';
  }

  async #step(
    script: Script,
    { resource, leaseId }: LeaseRef,
    args: readonly (string | number)[],
    signal: AbortSignal,
  ): Promise<readonly unknown[]> {
    const server = await within(signal, this.#process.get());
    const about = [server.facts.runId, this.#set.epoch, ...args, this.#setId];
    const answer = await server.run(script, keysOf(resource, leaseId), about, signal);
    const refusal = refusalIn(this.name, this.#set, answer);
    if (refusal === undefined) return answer;
    // Whatever happened to its data, it is looked at anew.
    if (refusal.code !== 'invalid_request') server.close();
    this.#tell(refusal);
    throw refusal;
  }

  /** REDIS-4, REDIS-5, REDIS-7, REDIS-8. */
  async #open(): Promise<RedisProcess> {
    try {
      const server = await RedisProcess.open(this.#url, this.#options);
      try {
        await this.#bind(server);
        return server;
      } catch (error) {
        server.close();
        throw error;
      }
    } catch (error) {
      if (error instanceof HoldfastError && error.code !== 'deadline_exceeded') this.#tell(error);
      throw error;
    }
  }

  async #bind(server: RedisProcess): Promise<void> {
    const { facts } = server;
    const twin = this.#processes.get(facts.runId);
    if (twin !== undefined && twin !== this.name)
      throw new HoldfastError(
        'invalid_request',
        `${this.name} is the same server as ${twin}, which has one vote.`,
        { voter: this.name },
      );
    for (const [runId, name] of this.#processes)
      if (name === this.name) this.#processes.delete(runId);
    this.#processes.set(facts.runId, this.name);
    const deadline = AbortSignal.timeout(silenceMsOf(this.#options));
    const refusal = refusalIn(this.name, this.#set, await bind(server, this.#set, deadline));
    if (refusal !== undefined) throw refusal;
    if (this.#options.allowLossOnRestart !== true) checkDurable(this.name, facts);
  }

  #tell(error: HoldfastError): void {
    const reason = `${error.code} ${error.message}`;
    if (this.#told.has(reason)) return;
    this.#told.add(reason);
    const warn = (): void =>
      process.emitWarning(error.message, { type: 'HoldfastVoterWarning', code: error.code });
    (this.#options.onRefused ?? warn)(this.name, error);
  }

  #unreadable(status: unknown): HoldfastError {
    return status === 'FULL'
      ? new HoldfastError('limit_exceeded', `${this.name} has no larger token.`)
      : new HoldfastError('internal', `${this.name} did not respond as the script does.`);
  }
}
