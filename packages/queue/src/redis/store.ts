/**
 * Queues in Redis. A command goes to the node that owns its partition, which executes it as one script with the fence
 * token of its lock; a pop, a purge and a redrive go from owner to owner.
 *
 * RSTORE-1: a command that was refused for its fence token was not executed, and is asked of the owner of then.
 * RSTORE-2: a command that may have been executed is not repeated: its caller is told `outcome_unknown`.
 * RSTORE-4: an owner executes nothing for an identity whose rights have changed, as far as the owner knows, since it was
 *     authorized (OWNER-2 of the state).
 * RSTORE-5: a purge or a redrive of which an owner did not do its part, since it is the owner no more, says that there is more.
 * RSTORE-3: what a pop has taken is told, whatever becomes of the owners that it would have asked next.
 */
import { HoldfastError } from '@holdfast/protocol';
import type {
  CallOptions,
  CommandAnswer,
  Consistency,
  Engine,
  EngineLog,
  QueryAnswer,
} from '@holdfast/engine';
import { nodeIdentity, partitionCount, unknownPart } from '@holdfast/state';
import type { CommandResult, QueueCommand } from '@holdfast/state';
import type { QueueQuery, QueueStore } from '../store.ts';
import { RedisConnection } from './connection.ts';
import type { RedisAddress } from './connection.ts';
import type { StoreLimits } from './limits.ts';
import { Ownership } from './ownership.ts';
import type { OwnershipParts } from './ownership.ts';
import { partitionFor, Partitions } from './partitions.ts';
import type { Executed, Owned } from './partitions.ts';
import { Spread } from './spread.ts';

export type { StoreLimits } from './limits.ts';

export interface RedisStoreOptions {
  readonly address: RedisAddress;
  /** In front of every key. */
  readonly prefix: string;
  readonly limits: StoreLimits;
  readonly engine: Pick<
    Engine,
    'submit' | 'query' | 'keepAlive' | 'status' | 'askMember' | 'onAsked' | 'access'
  >;
  readonly clock: OwnershipParts['clock'];
  readonly log: EngineLog;
}

const defaultTimeoutMs = 10_000;
const pauseMs = 100;
/** After so long a queue is asked again although nothing told that it is due. */
const longestDueMs = 5000;

export type RedisStore = QueueStore & {
  /** Which partitions this node owns. */
  readonly owned: Owned;
};

/** Connects, and begins to own partitions. A Redis that is not there yet is waited for by who asks. */
export function openRedisStore(options: RedisStoreOptions): RedisStore {
  const store = new Store(options);
  store.start();
  return store;
}

/** RSTORE-1: what was not asked was not executed either. */
function notAskedIsNotOwner(error: unknown): Executed {
  if (error instanceof HoldfastError && error.code === 'store_unavailable')
    return { type: 'not_owner' };
  throw error;
}

const accessChanged = (identity: string): HoldfastError =>
  new HoldfastError(
    'access_changed',
    `What "${identity}" may do has changed since this request was authorized. Nothing was done. Try again.`,
  );

/** RSTORE-2: owners that were asked before have executed it. */
const partlyDone = (error: unknown): unknown =>
  error instanceof HoldfastError && error.code === 'access_changed'
    ? new HoldfastError(
        'outcome_unknown',
        'What the caller may do has changed while this was executed. Part of it was done. Read the state first.',
      )
    : error;

class Store implements RedisStore {
  readonly #options: RedisStoreOptions;
  readonly #nodeId: string;
  readonly #connection: RedisConnection;
  readonly #partitions: Partitions;
  readonly #ownership: Ownership;
  readonly #dueAtMs = new Map<string, number>();
  #turn = 0;

  constructor(options: RedisStoreOptions) {
    const { engine, clock, log } = options;
    this.#options = options;
    this.#nodeId = engine.status().nodeId;
    this.#connection = new RedisConnection(options.address, options.prefix, (error) =>
      log.warn({ error: error.message }, 'The Redis that keeps the queues has a problem.'),
    );
    this.#partitions = new Partitions(this.#connection, options.limits, () => clock.now());
    this.#ownership = new Ownership({
      engine,
      clock,
      log,
      claim: (owned) => this.#partitions.claim(owned),
    });
  }

  start(): void {
    this.#options.engine.onAsked((body) => this.#answer(body));
    this.#ownership.start();
  }

  get owned(): Owned {
    return this.#ownership.owned;
  }

  owners(): readonly string[] {
    return Array.from(
      { length: partitionCount },
      (_, partition) => this.#ownership.holderOf(partition) ?? '',
    );
  }

  async submit<C extends QueueCommand>(
    command: C,
    options: CallOptions,
  ): Promise<CommandAnswer<C>> {
    const deadlineMs = this.#options.clock.now() + (options.timeoutMs ?? defaultTimeoutMs);
    const partition = partitionFor(command);
    const result =
      partition === undefined
        ? await this.#byAll(command, deadlineMs, options)
        : await this.#byOwnerOf(partition, command, deadlineMs, options);
    return result as CommandAnswer<C>; // `resultOf` makes that of the command.
  }

  async query<Q extends QueueQuery>(query: Q, consistency: Consistency): Promise<QueryAnswer<Q>> {
    return (await this.#partitions.query(query, consistency)) as QueryAnswer<Q>;
  }

  onReady(queue: string, ready: (count: number) => void, missed: () => void): () => void {
    return this.#connection.onHeard((heard) => {
      if (heard === undefined) missed();
      else if (heard.queue === queue) ready(heard.count);
    });
  }

  dueInMs(queue: string): number | undefined {
    const atMs = this.#dueAtMs.get(queue);
    return atMs === undefined ? undefined : Math.max(0, atMs - this.#options.clock.now());
  }

  async close(): Promise<void> {
    await this.#ownership.close();
    this.#connection.close();
  }

  /** RSTORE-1. */
  async #byOwnerOf(
    partition: number,
    command: QueueCommand,
    deadlineMs: number,
    options: CallOptions,
  ): Promise<CommandResult> {
    for (;;) {
      const holder = this.#ownership.holderOf(partition);
      if (holder !== undefined) {
        const executed = await this.#ask(holder, command, deadlineMs, options).catch(
          notAskedIsNotOwner,
        );
        if (executed.type === 'done') return executed.result;
      }
      await this.#pause(deadlineMs);
    }
  }

  /** From owner to owner, beginning with this node, then with another one each time. */
  async #byAll(
    command: QueueCommand,
    deadlineMs: number,
    options: CallOptions,
  ): Promise<CommandResult> {
    const isPop = command.type === 'queue_pop';
    const isLacking = (): boolean =>
      isPop ? this.owners().every((owner) => owner === '') : this.owners().includes('');
    while (isLacking()) await this.#pause(deadlineMs);
    const spread = new Spread(command);
    const others = new Set(this.owners());
    others.delete('');
    others.delete(this.#nodeId);
    const list = [...others].toSorted();
    const from = this.#turn++ % Math.max(1, list.length);
    const order = [this.#nodeId, ...list.slice(from), ...list.slice(0, from)];
    let dueInMs = longestDueMs;
    let failure: Error | undefined;
    for (const node of order) {
      const asked = spread.next();
      if (asked === undefined) break;
      try {
        const executed = await this.#ask(node, asked, deadlineMs, options);
        if (executed.type === 'not_owner') {
          if (!isPop) spread.miss(); // RSTORE-5
          continue;
        }
        dueInMs = Math.min(dueInMs, executed.dueInMs ?? longestDueMs);
        if (!spread.take(executed.result)) return executed.result;
      } catch (error) {
        if (!(error instanceof HoldfastError) || !isPop)
          throw spread.wasAnswered ? partlyDone(error) : error;
        failure = error; // RSTORE-3
      }
    }
    if (failure !== undefined && !spread.wasAnswered) throw failure;
    if (isPop) this.#noteDue(command.name, dueInMs);
    if (spread.hasMissed) await this.#ownership.changeOrPause(pauseMs);
    return spread.result();
  }

  #noteDue(queue: string, dueInMs: number): void {
    if (this.#dueAtMs.size > 10_000) this.#dueAtMs.clear();
    this.#dueAtMs.set(queue, this.#options.clock.now() + dueInMs);
  }

  /** @throws HoldfastError `outcome_unknown` where the owner was asked and did not answer (RSTORE-2). */
  async #ask(
    node: string,
    command: QueueCommand,
    deadlineMs: number,
    options: CallOptions,
  ): Promise<Executed> {
    const { identity, authorizedAt = 0 } = options;
    if (node === this.#nodeId) return this.#here(command, identity, authorizedAt);
    const timeoutMs = Math.max(1, deadlineMs - this.#options.clock.now());
    const asked = { ...options, timeoutMs };
    return (await this.#options.engine.askMember(
      node,
      { command, identity, authorizedAt },
      asked,
    )) as Executed;
  }

  async #here(command: QueueCommand, identity: string, authorizedAt: number): Promise<Executed> {
    const { access } = this.#options.engine;
    if (access.isEnabled && identity !== nodeIdentity && access.changedAt(identity) > authorizedAt)
      throw accessChanged(identity); // RSTORE-4
    const owned = new Map(this.#ownership.owned);
    const partition = partitionFor(command);
    if (partition === undefined ? owned.size === 0 : !owned.has(partition))
      return { type: 'not_owner' };
    const executed = await this.#partitions.execute(command, owned, identity);
    if (executed.type === 'not_owner')
      this.#ownership.lost(partition === undefined ? owned.keys() : [partition]);
    return executed;
  }

  /** What another node asks of this one as an owner. */
  async #answer(body: unknown): Promise<Executed> {
    const {
      command,
      identity,
      authorizedAt = 0,
    } = (body ?? {}) as {
      readonly authorizedAt?: unknown;
      readonly command?: QueueCommand;
      readonly identity?: unknown;
    };
    const level = this.#options.engine.status().supportedFeatureLevel;
    if (
      command === undefined ||
      typeof identity !== 'string' ||
      typeof authorizedAt !== 'number' ||
      unknownPart(command, level) !== undefined
    )
      throw new HoldfastError(
        'invalid_request',
        'A member sent a command that this version does not know. Upgrade this node.',
      );
    return this.#here(command, identity, authorizedAt);
  }

  async #pause(deadlineMs: number): Promise<void> {
    const leftMs = deadlineMs - this.#options.clock.now();
    if (leftMs <= 0)
      throw new HoldfastError(
        'store_unavailable',
        'No node owned the partition of the queue in time: its owner may be down, and its lock not free yet. The request was not executed. Try again.',
      );
    await this.#ownership.changeOrPause(Math.min(leftMs, pauseMs));
  }
}
