/** A connection to one process of a Redis server (REDIS-7), through a driver that the caller brings. */
import { HoldfastError, quoted } from '@holdfast/protocol';
import { readRedisAddress } from '@holdfast/protocol/redis-address';
import {
  checkEpoch,
  checkFields,
  checkList,
  checkMs,
  checkText,
  invalid,
} from '@holdfast/quorum-client/parts';
import type { CreateRedisClient, RedisConnection } from './driver.ts';
import { checkFacts, readFacts } from './facts.ts';
import type { ServerFacts } from './facts.ts';
import type { Script } from './scripts.ts';

/** How servers are reached, and what is asked of them. */
export interface RedisOptions {
  /** `createClient` of node-redis, or a function that adds to what it is given (certificates, for example). */
  readonly createClient: CreateRedisClient;
  /** The number of the configuration. Default 1. */
  readonly epoch?: number;
  /**
   * Also takes servers that may lose what they answered for when they restart. Each restart ends such a server's
   * vote until it is admitted again, and when a majority restarts at once, nothing is served.
   */
  readonly allowLossOnRestart?: boolean;
  /** How long a connection may take to open, or say nothing while an answer is due, in ms. Default 2000. */
  readonly silenceMs?: number;
}

/** ARGUMENT-1 of arguments.ts. @throws HoldfastError `invalid_request` */
export function checkRedisSet(urls: unknown, options: unknown): void {
  checkList('The options of a Redis set', urls);
  for (const url of urls) checkText('The address of a server', url, longestAddress);
  checkFields('The connection options', options);
  const { createClient, epoch, silenceMs } = options as Readonly<
    Record<keyof RedisOptions, unknown>
  >;
  if (typeof createClient !== 'function')
    throw invalid('"createClient" is a function: that of node-redis, or one that calls it.');
  if (epoch !== undefined) checkEpoch(epoch);
  if (silenceMs !== undefined) checkMs('"silenceMs"', silenceMs, { least: 1 });
}

const longestAddress = 2048;
const defaultSilenceMs = 2000;

export const silenceMsOf = ({ silenceMs = defaultSilenceMs }: RedisOptions): number => silenceMs;

/** Opens one. @throws whatever the driver throws; `deadline_exceeded`. */
export async function openConnection(
  url: string,
  options: RedisOptions,
  onBroken: () => void,
): Promise<RedisConnection> {
  const silenceMs = silenceMsOf(options);
  const connection = options.createClient({
    url,
    RESP: 2,
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    socket: { connectTimeout: silenceMs, reconnectStrategy: false },
  });
  connection.on('error', () => {
    endConnection(connection);
    onBroken();
  });
  try {
    await within(AbortSignal.timeout(silenceMs), connection.connect());
  } catch (error) {
    endConnection(connection);
    throw error;
  }
  return connection;
}

/** At once, whatever is under way. */
export function endConnection(connection: RedisConnection): void {
  try {
    connection.destroy();
  } catch {
    // It has ended before: some drivers mind.
  }
}

/** Settles as `promise` does, or rejects when the signal is aborted. */
export function within<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const give = (): void => {
      reject(new HoldfastError('deadline_exceeded', 'A Redis server did not answer in time.'));
    };
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', give));
  });
}

/** One process of a server, through one connection, with what was seen of it. */
export class RedisProcess {
  readonly facts: ServerFacts;
  readonly #connection: RedisConnection;
  readonly #silenceMs: number;
  #due = 0;
  #silence: NodeJS.Timeout | undefined;
  #closed = false;

  private constructor(connection: RedisConnection, facts: ServerFacts, silenceMs: number) {
    this.#connection = connection;
    this.facts = facts;
    this.#silenceMs = silenceMs;
  }

  /** @throws HoldfastError for a server that cannot be a voter whatever its data (REDIS-8). */
  static async open(url: string, options: RedisOptions): Promise<RedisProcess> {
    const connection = await openConnection(url, options, () => undefined);
    const silenceMs = silenceMsOf(options);
    try {
      const facts = await within(AbortSignal.timeout(silenceMs), readFacts(connection));
      checkFacts(nameOf(url), facts);
      connection.unref();
      return new RedisProcess(connection, facts, silenceMs);
    } catch (error) {
      endConnection(connection);
      throw error;
    }
  }

  /** Whether steps can be sent. */
  get isReady(): boolean {
    return this.#connection.isReady;
  }

  /** One step. Nothing is sent after the signal is aborted; what was sent by then may still be executed. */
  async run(
    { text, sha1 }: Script,
    keys: readonly string[],
    args: readonly (string | number)[],
    signal: AbortSignal,
  ): Promise<readonly unknown[]> {
    const rest = [String(keys.length), ...keys, ...args.map(String)];
    try {
      return asList(await this.#send(['EVALSHA', sha1, ...rest], signal));
    } catch (error) {
      // It was not run: the server does not know it yet.
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return asList(await this.#send(['EVAL', text, ...rest], signal));
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#silence);
    endConnection(this.#connection);
  }

  async #send(command: readonly string[], abortSignal: AbortSignal): Promise<unknown> {
    this.#due += 1;
    if (this.#due === 1) this.#expect();
    const answer = this.#connection.sendCommand(command, { abortSignal });
    // Heard also when nobody waits for it any more: it says that the server lives.
    const heard = (): void => {
      this.#due -= 1;
      this.#expect();
    };
    answer.then(heard, heard);
    return within(abortSignal, answer);
  }

  /** A server that is silent for too long is disconnected, with all that was asked of it. */
  #expect(): void {
    clearTimeout(this.#silence);
    if (this.#closed) return;
    if (this.#due === 0) {
      this.#connection.unref();
      return;
    }
    this.#connection.ref();
    this.#silence = setTimeout(() => this.close(), this.#silenceMs);
    this.#silence.unref();
  }
}

function asList(answer: unknown): readonly unknown[] {
  if (Array.isArray(answer)) return answer as readonly unknown[];
  throw new HoldfastError('internal', 'A Redis server did not respond as the script does.');
}

/**
 * For people: without the password.
 *
 * @throws HoldfastError `invalid_request` for what is no address of a server.
 */
export function nameOf(url: string): string {
  const read = readRedisAddress(url);
  if (!read.ok)
    throw new HoldfastError(
      'invalid_request',
      `The address of a Redis server, ${quoted(url)}, ${read.problem}.`,
    );
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname.replace(/\/$/, '')}`;
}
