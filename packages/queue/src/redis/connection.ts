/**
 * The connections to Redis, single or a cluster: one that runs scripts, one that hears which queues have become ready.
 *
 * RCONN-1: a script that was sent and not answered is never sent again by itself: it may have been executed.
 * RCONN-2: keys of two queues are never the same, and those of one are in one slot, whatever its name: braces of the name are
 *     written otherwise, for the first closing one ends the hash tag.
 * RCONN-3: nothing is asked before the server has taken the database of the address: a driver that asks for it by itself
 *     goes on in the first one where that is refused, with the keys of another cluster.
 * RCONN-5: over TLS each connection is secured with the certificates that are there when it is opened: whose certificate is of
 *     another authority, or revoked by then, is not asked, whatever the environment says.
 * RCONN-7: while the slot of a queue moves to another server of a cluster, neither has all of it, and a script would take what is not
 *     there yet for nothing. So a script names two keys, of which the first never is: both servers refuse it before it begins,
 *     until all keys have moved.
 */
import type { SecureContextOptions } from 'node:tls';
import { HoldfastError, quoted } from '@holdfast/protocol';
import { readRedisAddress } from '@holdfast/protocol/redis-address';
import type { RedisServerAddress } from '@holdfast/protocol/redis-address';
import { Cluster, Redis } from 'ioredis';
import * as deliveries from './lua/deliveries.ts';
import * as operators from './lua/operators.ts';
import * as pushes from './lua/pushes.ts';
import { Connector, ServersInTurn } from './connector.ts';
import type { Server } from './connector.ts';
import { base } from './lua/base.ts';

export interface RedisAddress {
  /** `redis://` or `rediss://` URLs: one server, or some of a cluster. */
  readonly urls: readonly string[];
  readonly isCluster: boolean;
  /** Of `rediss://`. Undefined: authorities of the platform, and no certificate of one's own. */
  readonly certificates?: RedisCertificates | undefined;
}

export interface RedisCertificates {
  /** What the next connection is secured with. */
  readonly current: Readonly<Pick<SecureContextOptions, 'ca' | 'cert' | 'key' | 'crl'>>;
  /** Looks whether its files have changed. */
  reload(): Promise<void>;
}

const { push, configure, remove, claim } = pushes;
const { pop, acknowledge, giveBack, extend } = deliveries;
const { purge, redrive, ready, stats, deadLetters, blockedKeys } = operators;

export type Step =
  | 'push'
  | 'configure'
  | 'remove'
  | 'claim'
  | 'pop'
  | 'acknowledge'
  | 'giveBack'
  | 'extend'
  | 'purge'
  | 'redrive'
  | 'ready'
  | 'stats'
  | 'deadLetters'
  | 'blockedKeys';

const steps: Readonly<Record<Step, string>> = {
  push,
  configure,
  remove,
  claim,
  pop,
  acknowledge,
  giveBack,
  extend,
  purge,
  redrive,
  ready,
  stats,
  deadLetters,
  blockedKeys,
};

const commandTimeoutMs = 5000;
/** Names of queues in one answer, about. */
const namesAtOnce = 1000;
const notConnected = 'there is no connection to it';
const longestReconnectMs = 1000;
/** What is shown may be what the server refuses: it is read again before the next try (RCONN-5). */
const reconnect =
  ({ certificates }: RedisAddress) =>
  (attempt: number): number => {
    void certificates?.reload();
    return Math.min(longestReconnectMs, 50 * attempt);
  };

export interface QueueNotice {
  readonly queue: string;
  readonly count: number;
}

export class RedisConnection {
  readonly #commands: Redis | Cluster;
  readonly #listening: Redis;
  readonly #prefix: string;
  readonly #onError: (error: Error) => void;
  readonly #listeners = new Set<(heard: QueueNotice | undefined) => void>();
  #isConnected = false;
  #trouble = notConnected;

  constructor(address: RedisAddress, prefix: string, onError: (error: Error) => void) {
    this.#prefix = prefix;
    this.#onError = onError;
    this.#commands = open(address);
    this.#listening = openListening(address, this.#commands);
    for (const connection of [this.#commands, this.#listening]) connection.on('error', onError);
    const { database } = addressOf(address.urls[0] ?? '');
    this.#commands.on('ready', () => void this.#choose(database));
    this.#commands.on('close', () => {
      this.#isConnected = false;
      this.#trouble = notConnected;
    });
    this.#listening.on('message', (_channel: string, text: string) => {
      const heard = heardIn(text);
      if (heard !== undefined) for (const listener of this.#listeners) listener(heard);
    });
    // After a reconnection something may have been missed.
    this.#listening.on('ready', () => {
      const missed = (): void => {
        for (const listener of this.#listeners) listener(undefined);
      };
      this.#listening.subscribe(this.#channel).then(missed, onError);
    });
    for (const [name, step] of Object.entries(steps))
      this.#commands.defineCommand(`holdfast_${name}`, { numberOfKeys: 2, lua: base + step });
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  get #channel(): string {
    return `${this.#prefix}ready`;
  }

  /** RCONN-3. */
  async #choose(database: number | undefined): Promise<void> {
    const commands = this.#commands;
    try {
      // Every connection begins in database 0, also where a proxy or an access list refuses SELECT.
      if (database !== undefined && database !== 0 && commands instanceof Redis)
        await commands.select(database);
      this.#isConnected = true;
    } catch (error) {
      // Where the connection broke meanwhile, the next one asks for itself.
      if (commands.status !== 'ready') return;
      const trouble = `its database ${String(database)} cannot be used (${error instanceof Error ? error.message : String(error)})`;
      if (trouble !== this.#trouble) this.#onError(new Error(`Redis refuses: ${trouble}.`));
      this.#trouble = trouble;
      const again = (): void => {
        if (commands.status === 'ready' && !this.#isConnected) void this.#choose(database);
      };
      setTimeout(again, longestReconnectMs).unref();
    }
  }

  /** Calls back with what has become ready; undefined where something may have been missed. */
  onHeard(listener: (heard: QueueNotice | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Executes a step of one queue.
   *
   * @throws HoldfastError `store_unavailable` where nothing was done, `outcome_unknown` where it may have been.
   */
  async run(step: Step, queue: string, args: object): Promise<unknown> {
    const key = `${this.#prefix}{${queue.replace(/[%{}]/g, encodeURIComponent)}}:`; // RCONN-2
    const text = JSON.stringify({ ...args, queue, channel: this.#channel });
    if (!this.#isConnected) throw unavailable(this.#trouble);
    try {
      const answer: unknown = await this.#call(step, key, text);
      return JSON.parse(String(answer));
    } catch (error) {
      throw failureOf(error);
    }
  }

  async #call(step: Step, key: string, text: string): Promise<unknown> {
    const scripts = this.#commands as unknown as Readonly<
      Record<string, (first: string, second: string, text: string) => Promise<unknown>>
    >;
    return scripts[`holdfast_${step}`]?.(key, `${key}q`, text); // RCONN-7
  }

  /** The names of all queues, in no order and in parts; one may be told twice. */
  async *names(): AsyncGenerator<readonly string[], void, undefined> {
    let cursor = '0';
    do {
      const [next, names] = await this.#asked(() =>
        this.#commands.sscan(`${this.#prefix}names`, cursor, 'COUNT', namesAtOnce),
      );
      yield names;
      cursor = next;
    } while (cursor !== '0');
  }

  async hasName(name: string): Promise<boolean> {
    return (await this.#asked(() => this.#commands.sismember(`${this.#prefix}names`, name))) === 1;
  }

  async countNames(): Promise<number> {
    return this.#asked(() => this.#commands.scard(`${this.#prefix}names`));
  }

  /** @returns Whether it was not there before. */
  async addName(name: string): Promise<boolean> {
    return (await this.#asked(() => this.#commands.sadd(`${this.#prefix}names`, name))) === 1;
  }

  async removeName(name: string): Promise<void> {
    await this.#asked(() => this.#commands.srem(`${this.#prefix}names`, name));
  }

  /** Resolves once a server has answered, whichever it is; a single one a write, which changes nothing. @throws where none does */
  async answers(): Promise<void> {
    const commands = this.#commands;
    await this.#asked<unknown>(() =>
      commands instanceof Cluster
        ? Promise.any(commands.nodes('master').map((server) => server.time()))
        : commands.srem(`${this.#prefix}names`, ''),
    );
  }

  async #asked<T>(ask: () => Promise<T>): Promise<T> {
    if (!this.#isConnected) throw unavailable(this.#trouble);
    try {
      return await ask();
    } catch (error) {
      throw unavailable(error instanceof Error ? error.message : String(error));
    }
  }

  close(): void {
    this.#commands.disconnect();
    this.#listening.disconnect();
  }
}

const unavailable = (why: string): HoldfastError =>
  new HoldfastError(
    'store_unavailable',
    `The Redis that keeps the queues cannot be asked: ${why}. The request was not executed. Try again later.`,
  );

/** With these Redis refuses a script, or its first write. */
const refusedBeforeWrites =
  /^(CLUSTERDOWN|LOADING|MISCONF|NOREPLICAS|OOM|READONLY|TRYAGAIN|MASTERDOWN|BUSY|NOAUTH|WRONGPASS)\b/;
/** Before version 7 what a command of a script is refused with comes so. */
const wrapped = /^ERR Error running script .*: -?(MISCONF|NOREPLICAS|OOM|READONLY)\b/;
/** Where a server of a cluster sent it on, or away, for too long: none has begun it. */
const sentOn =
  /^Too many Cluster redirections\. Last error: ReplyError: (ASK|MOVED|TRYAGAIN|CLUSTERDOWN)\b/;
/** Of who may not call the script at all; what a script may not do may come behind what it has done. */
const mayNotAtAll = (message: string): boolean =>
  message.startsWith('NOPERM') && !message.includes('script: ');

/** Errors of Redis itself are answers: the script was refused, or ended in its first step. */
export function failureOf(error: unknown): HoldfastError {
  const message = error instanceof Error ? error.message : String(error);
  if (refusedBeforeWrites.test(message) || wrapped.test(message) || mayNotAtAll(message))
    return unavailable(message);
  if (sentOn.test(message)) return unavailable(`its servers send requests on (${message})`);
  return new HoldfastError(
    'outcome_unknown',
    `The answer of the Redis that keeps the queues did not come (${message}). The request may have been executed. Read the state first, or push again with the same dedup id.`,
  );
}

function heardIn(text: string): QueueNotice | undefined {
  try {
    const { queue, count } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    return typeof queue === 'string' && typeof count === 'number' ? { queue, count } : undefined;
  } catch {
    return undefined;
  }
}

/** RCONN-5: the client copies its fields for each connection that it opens. */
function securedBy(certificates: RedisCertificates | undefined): object {
  const fields = { minVersion: 'TLSv1.2' as const, rejectUnauthorized: true };
  if (certificates === undefined) return fields;
  const names = ['ca', 'cert', 'key', 'crl'] as const;
  for (const name of names)
    Object.defineProperty(fields, name, {
      enumerable: true,
      get: () => certificates.current[name],
    });
  return fields;
}

const serverOf = ({ host, port }: RedisServerAddress): Server => ({ host, port });

/** Of each connection to each server. */
function optionsOf({ urls, certificates }: RedisAddress) {
  const { password, username, isTls } = addressOf(urls[0] ?? '');
  return {
    autoResendUnfulfilledCommands: false, // RCONN-1
    maxRetriesPerRequest: 0,
    Connector, // RCONN-4
    commandTimeout: commandTimeoutMs,
    ...(password === '' ? {} : { password }),
    ...(username === '' ? {} : { username }),
    // Checked whatever NODE_TLS_REJECT_UNAUTHORIZED says.
    ...(isTls ? { tls: securedBy(certificates) } : {}),
  };
}

function open(address: RedisAddress): Redis | Cluster {
  const each = optionsOf(address);
  const servers = address.urls.map((url) => serverOf(addressOf(url)));
  if (!address.isCluster)
    return new Redis({ ...each, ...servers[0], retryStrategy: reconnect(address) });
  return new Cluster(servers, {
    clusterRetryStrategy: reconnect(address),
    retryDelayOnFailover: 0, // RCONN-1
    redisOptions: each,
  });
}

/** RCONN-6. The client's own way to listen to a cluster opens sockets of which it hears one error each (RCONN-4). */
function openListening(address: RedisAddress, commands: Redis | Cluster): Redis {
  const options = { ...optionsOf(address), retryStrategy: reconnect(address) };
  const known = address.urls.map((url) => serverOf(addressOf(url)));
  if (!(commands instanceof Cluster)) return new Redis({ ...options, ...known[0] });
  const serverOfNode = ({ options: { host = '', port = 0 } }: Redis): Server => ({ host, port });
  const inTurn = new ServersInTurn(() => {
    const found = commands.nodes().map(serverOfNode);
    return found.length === 0 ? known : found;
  });
  const listening = new Redis({ ...options, Connector: inTurn.Connector });
  commands.on('-node', (gone: Redis) => {
    const { host, port } = serverOfNode(gone);
    if (inTurn.current?.host === host && inTurn.current.port === port) listening.disconnect(true);
  });
  return listening;
}

/** @throws HoldfastError `invalid_request` */
function addressOf(url: string): RedisServerAddress {
  const read = readRedisAddress(url);
  if (read.ok) return read.address;
  throw new HoldfastError(
    'invalid_request',
    `The address of the Redis that keeps the queues, ${quoted(url)}, ${read.problem}.`,
  );
}
