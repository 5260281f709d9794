/**
 * The client of a Holdfast cluster.
 *
 * CLOSE-1: a client that is closed waits for the end of each of its sessions, whoever began it: what is held is released, and not only by
 *     a timeout.
 */
import { endpointOf, HoldfastError } from '@holdfast/protocol';
import type {
  ClusterPush,
  Endpoint,
  OperationName,
  Operations,
  WatchEvent,
} from '@holdfast/protocol';
import { momentOf, passedMs } from './clock.ts';
import { safeTracing, safeWarnings } from './callbacks.ts';
import { BackgroundCancellations } from './cancellations.ts';
import { problemOfMs } from './durations.ts';
import type { ClientClock } from './clock.ts';
import { Connection } from './connection.ts';
import type { CallSettings } from './call-settings.ts';
import { environmentWith } from './environment.ts';
import type { Environment } from './environment.ts';
import type { ClientWarning } from './client-warning.ts';
import { checkApiKey } from './hello.ts';
import type { ApiKey } from './hello.ts';
import { cancelRequestOf, ttlMsIn, waitMsIn } from './request.ts';
import { Cache } from './cache.ts';
import { CacheMemory } from './cache-memory.ts';
import { Queue } from './queue.ts';
import { Session } from './session.ts';
import { checkTls } from './tls.ts';
import type { ClientTracing } from './tracing.ts';
import type { TlsSettings } from './tls.ts';
import { isUncertain } from './until-answered.ts';
import { Wakes } from './wakes.ts';
import { watch } from './watch.ts';
import type { WatchOptions } from './watch.ts';

/** How a client reaches the cluster. */
export interface ClientOptions {
  /**
   * One or more nodes; the others are learned. `http://host:port`, `https://host:port`, or `host:port` for
   * http; an IPv6 address in brackets. A path is where a reverse proxy has the node; a slash at the end says nothing.
   */
  readonly endpoints: readonly string[];
  /**
   * The longest a call may take, in ms, of the client, its sessions and what they hold; a call that waits may
   * take so much longer than its wait. Default 10,000.
   */
  readonly timeoutMs?: number;
  /** Shown to people as the holder. Default: host-independent random name. */
  readonly clientId?: string;
  /** Certificates of connections to `https://` endpoints. Default: those that the platform trusts, and none that is shown. */
  readonly tls?: TlsSettings;
  /** Shown to nodes, as `hf_...`; a function is asked for each new connection. Default: none. */
  readonly apiKey?: ApiKey;
  /**
   * `auto`, the default: one WebSocket to one node at a time, or plain HTTP where none comes through.
   * `stream` and `http` are one of them alone. Over HTTP the loss of a single hold is learned with the
   * next keepalive instead of at once.
   */
  readonly transport?: 'auto' | 'stream' | 'http';
  /** What reads of the cache may keep in this process. `false`: nothing, and every read asks a node. */
  readonly cache?: false | CacheMemoryOptions;
  /**
   * Called for what the client goes on without and somebody should know, once for each case: a member's
   * address that is none, a watch that is refused for now. Default: a warning of the process, in browsers one on the console.
   */
  readonly onWarning?: (warning: ClientWarning) => void;
  /** Makes spans of its calls: see `openTelemetry` of `@holdfast/client/opentelemetry`. Default: none. */
  readonly tracing?: ClientTracing;
}

/** How much of the cache a client keeps in its own memory: the keys that were read latest. */
export interface CacheMemoryOptions {
  /** Most keys; 10,000 by default. */
  readonly maxKeys?: number;
  /** Most bytes of keys and values in all; 16 MiB by default. */
  readonly maxBytes?: number;
}

/** What a session is made with. */
export interface SessionOptions {
  /** Seconds without contact after which the cluster ends the session. Default: the node's. */
  readonly timeoutSeconds?: number;
  /** Seconds for which its locks stay closed to others after it expired; 0 by default. */
  readonly lockDelaySeconds?: number;
  /** Shown to people as the holder. Default: that of the client. */
  readonly clientId?: string;
  /** Cancels: a session that was opened all the same ends by its timeout. */
  readonly signal?: AbortSignal;
}

/** Of a call, beyond what it asks to wait. */
const defaultTimeoutMs = 10_000;
/** Of an acquire in a session that others keep alive, or with a ttl that the node chooses. */
const longestCancellationMs = 3_600_000;

/** A connection to a cluster, and the sessions that were opened through it. */
export class Client {
  /** Shown to people as the holder. */
  readonly clientId: string;
  readonly #connection: Connection;
  readonly #clock: ClientClock;
  readonly #newId: () => string;
  readonly #timeoutMs: number;
  readonly #onWarning: (warning: ClientWarning) => void;
  readonly #wakes: Wakes;
  readonly #sessions = new Set<Session>();
  readonly #cancellations: BackgroundCancellations;
  readonly #memory: CacheMemory | undefined;
  /** Keys with values and versions, on all nodes; it needs no session. */
  readonly cache: Cache;

  /**
   * Use `connect`.
   *
   * @internal
   * @throws HoldfastError `invalid_request` for an endpoint that is no address of a node.
   */
  constructor(options: ClientOptions, environment?: Environment) {
    checkTls(options.tls);
    checkApiKey(options.apiKey);
    const { timeoutMs = defaultTimeoutMs } = options;
    const wrong = problemOfMs('timeoutMs', timeoutMs); // DURATION-1
    if (wrong !== undefined) throw wrong;
    const { clock, openSocket, openHttp, newId } =
      environment ?? environmentWith(options.tls, options.apiKey);
    const { transport = 'auto' } = options;
    this.#clock = clock;
    this.#wakes = new Wakes(clock);
    this.#newId = newId;
    this.#timeoutMs = timeoutMs;
    this.clientId = options.clientId ?? `client-${newId().slice(0, 8)}`;
    this.#onWarning = safeWarnings(options.onWarning); // CALLBACK-1
    this.#connection = new Connection(
      endpointsOf(options),
      clock,
      {
        openSocket,
        openHttp: transport === 'stream' ? undefined : openHttp,
        onlyHttp: transport === 'http',
      },
      this.#onWarning,
      safeTracing(options.tracing),
    );
    this.#cancellations = new BackgroundCancellations(clock, (wish) =>
      this.#connection.call('cancel_request', wish, { timeoutMs }),
    );
    const { maxKeys = 10_000, maxBytes = 16 * 1024 * 1024 } = options.cache || {};
    this.#memory =
      options.cache === false || clock.mayMissSleep === true // CLIENT-CACHE-5
        ? undefined
        : new CacheMemory(this.#connection, clock, newId(), { maxKeys, maxBytes });
    const calls = {
      call: <N extends OperationName>(
        operation: N,
        body: Operations[N]['body'],
        settings?: CallSettings,
      ) => this.call(operation, body, settings),
      clock,
    };
    this.cache = new Cache(calls, this.#memory, this.#timeoutMs);
  }

  /** Who leads and where the members are, as last told; undefined before the first contact. */
  get cluster(): ClusterPush | undefined {
    return this.#connection.cluster;
  }

  /**
   * One operation of the wire, as it is.
   *
   * @param settings Without `timeoutMs` it may take what the client was given for a call, beyond the wait that the body asks for. An
   *   acquire with a `cancel_id` that fails with its outcome unknown is cancelled in the background, and so is any that has an id
   *   to be cancelled by and is ended by its signal. That goes on, 10,000 acquires at most and with growing pauses, until the
   *   cluster has answered, the session is over where this client opened it, or the ttl of an acquire by `client_id` has passed
   *   since its last possible grant; in a session that others opened, for an hour. One with a number of the caller's is not
   *   cancelled when its time is over: repeat it with the same number, or call `cancel_request`.
   */
  call<N extends OperationName>(
    operation: N,
    body: Operations[N]['body'],
    settings: CallSettings = {},
  ): Promise<Operations[N]['answer']> {
    const { signal } = settings;
    const asked = this.#connection.call(operation, body, {
      timeoutMs: this.#timeoutMs + waitMsIn(body),
      ...settings,
    });
    const wish = cancelRequestOf(operation, body);
    if (wish !== undefined && (signal !== undefined || wish.cancel_id !== undefined))
      asked.catch((error: unknown) => {
        const isOver = signal?.aborted === true || wish.cancel_id !== undefined;
        if (isOver && isUncertain(error)) this.#cancellations.add(wish, this.#endOf(wish, body));
      });
    return asked;
  }

  /** CLIENT-CANCELLATION-3: whether nothing depends any more on the cancellation of an acquire that has just failed. */
  #endOf({ session_id: id }: Operations['cancel_request']['body'], body: unknown): () => boolean {
    const session = [...this.#sessions].find((one) => one.id === id);
    if (session !== undefined) return () => session.state !== 'active';
    const since = momentOf(this.#clock);
    const ttlMs = ttlMsIn(body);
    const longestMs =
      id === undefined && ttlMs > 0
        ? waitMsIn(body) + this.#timeoutMs + ttlMs
        : longestCancellationMs;
    return () => passedMs(this.#clock, since) >= longestMs;
  }

  /**
   * Every change of resources, in order, none left out; over broken connections too.
   *
   * @throws HoldfastError `compacted` when changes after `after` are no longer retained, `future_position` when the cluster has
   *   not reached it.
   * @example
   * for await (const event of client.watch({ prefix: 'jobs/', signal })) console.log(event.type);
   */
  watch(options: WatchOptions = {}): AsyncGenerator<WatchEvent, void, undefined> {
    return watch(this.#connection, this.#timeoutMs, options);
  }

  /**
   * A queue of messages; it needs no session.
   *
   * @param name `default` when absent, as over HTTP.
   */
  queue(name = 'default'): Queue {
    return new Queue(
      {
        call: (operation, body, settings) => this.call(operation, body, settings),
        clock: this.#clock,
        newId: this.#newId,
      },
      name,
    );
  }

  /** Opens a session and keeps it alive until it is ended. */
  async session(options: SessionOptions = {}): Promise<Session> {
    const clientId = options.clientId ?? this.clientId;
    const sentAt = momentOf(this.#clock);
    const { timeoutSeconds, lockDelaySeconds, signal } = options;
    const answer = await this.call(
      'create_session',
      {
        client_id: clientId,
        request_id: this.#newId(),
        ...(timeoutSeconds === undefined ? {} : { timeout: timeoutSeconds }),
        ...(lockDelaySeconds === undefined ? {} : { lock_delay_seconds: lockDelaySeconds }),
      },
      { signal },
    );
    const session = new Session(this.#connection, this.#clock, {
      id: answer.session_id,
      clientId,
      timeoutMs: answer.timeout * 1000,
      callTimeoutMs: this.#timeoutMs,
      sentAt,
      wakes: this.#wakes,
      onWarning: this.#onWarning,
    });
    this.#sessions.add(session);
    session.signal.addEventListener('abort', () => this.#forgetOver(session), { once: true });
    return session;
  }

  /** CLOSE-1. */
  #forgetOver(session: Session): void {
    const forget = (): void => void this.#sessions.delete(session);
    if (session.state !== 'ended') forget();
    // Its end has just begun: the promise of it is there in a moment.
    else queueMicrotask(() => void session.end().then(forget, forget));
  }

  /**
   * Ends all sessions, also those whose end is under way, then the connection.
   *
   * @param options How long that may take, in ms; what is not ended by then ends by its timeout. Default: the longest that a call of
   *   the client may take.
   */
  async close(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    const { timeoutMs = this.#timeoutMs } = options;
    const wrong = problemOfMs('timeoutMs', timeoutMs); // DURATION-1
    if (wrong !== undefined) throw wrong;
    const ends = [...this.#sessions].map((session) => session.end());
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(timeoutMs, resolve);
      void Promise.allSettled([...ends, this.#memory?.leave()]).then(() => {
        cancel();
        resolve();
      });
    });
    this.#cancellations.close();
    this.#connection.close();
  }

  /** The same as `close`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** From programs without types too. @throws HoldfastError `invalid_request` */
function endpointsOf({ endpoints }: { readonly endpoints: unknown }): readonly Endpoint[] {
  const given: readonly unknown[] = Array.isArray(endpoints) ? endpoints : [];
  if (given.length === 0)
    throw new HoldfastError(
      'invalid_request',
      `"endpoints" names at least one node: endpoints: ['http://127.0.0.1:8080']; given: ${describe(endpoints)}.`,
    );
  return given.map((one) => endpointOf(typeof one === 'string' ? one : describe(one)));
}

function describe(value: unknown): string {
  try {
    return JSON.stringify(value)?.slice(0, 200) ?? typeof value;
  } catch {
    return `a value of type ${typeof value}`;
  }
}

/** How a client begins. */
export interface ConnectSettings {
  /** Cancels the first contact. */
  readonly signal?: AbortSignal;
  /**
   * Whether the first contact is made before `connect` resolves. Default: yes. `false`: the first call makes it, and fails where no node
   * is reached; a program of one call saves a round trip so.
   */
  readonly probe?: boolean;
}

/**
 * Connects to a cluster. The first contact is made before it resolves, unless `probe` is `false`.
 *
 * @throws HoldfastError `deadline_exceeded` when no node answers in time, `invalid_request` for an endpoint that
 *   is no address of a node.
 * @example
 * await using client = await connect({ endpoints: ['http://127.0.0.1:8080'] });
 * await using session = await client.session({ timeoutSeconds: 10 });
 * await using hold = await session.lock('reports/daily', { waitMs: 5000 });
 */
export async function connect(
  options: ClientOptions,
  { signal, probe = true }: ConnectSettings = {},
): Promise<Client> {
  const client = new Client(options);
  if (!probe) return client;
  try {
    await client.call(
      'list_locks',
      { limit: 1 },
      { timeoutMs: options.timeoutMs ?? defaultTimeoutMs, signal },
    );
  } catch (error) {
    // Whoever may not read every lock has been answered all the same.
    if (error instanceof HoldfastError && error.code === 'forbidden') return client;
    await client.close();
    throw error;
  }
  return client;
}
