/**
 * Queues in Redis. A command goes to the node that owns its partition, which executes it as one script with the fence
 * token of its lock; a pop, a purge and a redrive go from owner to owner.
 *
 * RSTORE-1: a command that was refused for its fence token was not executed, and is asked of the owner of then.
 * RSTORE-2: a command that may have been executed is not repeated: its caller is told `outcome_unknown`.
 * RSTORE-4: an owner executes nothing for an identity whose rights have changed, as far as the owner knows, since it was
 *     authorized (OWNER-2 of the state).
 * RSTORE-5: a purge or a redrive of which an owner did not do its part, since it is the owner no more, says that there is more.
 * RSTORE-6: owners are asked in turn: each is the first for one of so many pops of a queue as there are owners. So no key waits for
 *     those of another owner, however many messages they have.
 * RSTORE-3: what a pop has taken is told, whatever becomes of the owners that it would have asked next.
 */
import { HoldfastError, RenewedMap } from '@holdfast/protocol';
import type {
  CallOptions,
  CommandAnswer,
  Consistency,
  Engine,
  EngineLog,
  QueryAnswer,
} from '@holdfast/engine';
import { nodeIdentity, partitionCount } from '@holdfast/state';
import type { CommandResult, QueueCommand } from '@holdfast/state';
import type { QueueQuery, QueueStore } from '../store.ts';
import { RedisConnection } from './connection.ts';
import type { RedisAddress } from './connection.ts';
import type { StoreLimits } from './limits.ts';
import { askEach } from './each-owner.ts';
import { longestSilenceMs, Ownership } from './ownership.ts';
import type { OwnershipParts } from './ownership.ts';
import {
  accessChanged,
  executedOf,
  notAskedIsNotOwner,
  readOwnerCommand,
} from './owner-command.ts';
import type { OwnerCommand } from './owner-command.ts';
import { Partitions } from './partitions.ts';
import type { Executed, Owned } from './partitions.ts';
import { RedisSilence } from './silence.ts';
import { keylessSpreadLevel, partitionFor, partitionsOf } from './steps.ts';
import { remember, OwnerTurns } from './owner-turns.ts';

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
const queuesRemembered = 10_000;
/** After so long a queue is asked again although nothing told that it is due. */
const longestDueMs = 5000;

export type RedisStore = QueueStore & {
  /** Which partitions this node owns. */
  readonly owned: Owned;
};

/** None where another node's token of another partition is too small, for this node hears of a larger one, or where Redis was not asked. */
const lostOf = ({ partition }: Executed & { type: 'not_owner' }, owned: Owned): Owned =>
  new Map([...owned].filter(([one]) => one === partition));

/** Connects, and begins to own partitions. A Redis that is not there yet is waited for by who asks. */
export function openRedisStore(options: RedisStoreOptions): RedisStore {
  const store = new Store(options);
  store.start();
  return store;
}

class Store implements RedisStore {
  readonly #options: RedisStoreOptions;
  readonly #nodeId: string;
  readonly #connection: RedisConnection;
  readonly #partitions: Partitions;
  readonly #silence: RedisSilence;
  readonly #ownership: Ownership;
  readonly #dueAtMs = new RenewedMap<string, number>();
  readonly #turns = new OwnerTurns(queuesRemembered);

  constructor(options: RedisStoreOptions) {
    const { engine, clock, log } = options;
    this.#options = options;
    this.#nodeId = engine.status().nodeId;
    this.#connection = new RedisConnection(options.address, options.prefix, (error) =>
      log.warn({ error: error.message }, 'The Redis that keeps the queues has a problem.'),
    );
    this.#partitions = new Partitions(this.#connection, options.limits, () => clock.now());
    this.#silence = new RedisSilence(
      () => this.#connection.answers(),
      () => clock.now(),
    );
    this.#ownership = new Ownership({
      engine,
      clock,
      log,
      claim: (owned) => this.#partitions.claim(owned),
      silentMs: () => this.#silence.ms,
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
    const result =
      this.#partitionOf(command) === undefined
        ? await this.#byAll(command, deadlineMs, options)
        : await this.#byOwnerOf(command, deadlineMs, options);
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
    command: QueueCommand,
    deadlineMs: number,
    options: CallOptions,
  ): Promise<CommandResult> {
    for (;;) {
      // Each time: meanwhile all members may have come to know of KEYLESS-1 of lua/base.ts, and its owner looks so.
      const partition = this.#partitionOf(command);
      const holder = partition === undefined ? undefined : this.#ownership.holderOf(partition);
      if (holder !== undefined) {
        const executed = await this.#ask(holder, command, deadlineMs, options).catch(
          notAskedIsNotOwner,
        );
        if (executed.type === 'done') return executed.result;
      }
      await this.#pause(deadlineMs, options.signal);
    }
  }

  #partitionOf(command: QueueCommand): number | undefined {
    return partitionFor(command, this.#spreads(command));
  }

  /** All members keep them so (KEYLESS-1 of lua/base.ts). */
  #spreads(command: QueueCommand): boolean {
    if (command.type !== 'queue_push') return false;
    if (command.messages.every(({ key }) => key !== undefined)) return false;
    return this.#options.engine.status().featureLevel >= keylessSpreadLevel;
  }

  /** From owner to owner. */
  async #byAll(
    command: QueueCommand,
    deadlineMs: number,
    options: CallOptions,
  ): Promise<CommandResult> {
    const { name, type } = command;
    const isPop = type === 'queue_pop';
    const isLacking = (): boolean =>
      isPop ? this.owners().every((owner) => owner === '') : this.owners().includes('');
    while (isLacking()) await this.#pause(deadlineMs, options.signal);
    const owners = [...new Set(this.owners())].filter((owner) => owner !== '').toSorted();
    const inTurn = this.#turns.take(name, owners, this.#nodeId); // RSTORE-6
    const { result, dueInMs, hasMissed } = await askEach(command, inTurn, {
      ask: (node, asked, untilMs, mostTaken) => this.#ask(node, asked, untilMs, options, mostTaken),
      nowMs: () => this.#options.clock.now(),
      deadlineMs,
      signal: options.signal,
    });
    if (isPop && result.ok) this.#noteDue(name, Math.min(dueInMs ?? longestDueMs, longestDueMs));
    if (!isPop && hasMissed) await this.#ownership.changeOrPause(pauseMs);
    return result;
  }

  #noteDue(queue: string, dueInMs: number): void {
    remember(this.#dueAtMs, queue, this.#options.clock.now() + dueInMs, queuesRemembered);
  }

  /** @throws HoldfastError `outcome_unknown` where the owner was asked and did not answer (RSTORE-2). */
  async #ask(
    node: string,
    command: QueueCommand,
    deadlineMs: number,
    options: CallOptions,
    mostTaken?: number,
  ): Promise<Executed> {
    const { identity, authorizedAt = 0 } = options;
    const leftMs = Math.max(1, deadlineMs - this.#options.clock.now());
    const more = mostTaken === undefined ? {} : { mostTaken };
    const asked: OwnerCommand = { command, identity, authorizedAt, leftMs, ...more };
    if (node === this.#nodeId) return this.#here(asked);
    const asking = { ...options, timeoutMs: leftMs };
    return executedOf(command, await this.#options.engine.askMember(node, asked, asking));
  }

  async #here({
    command,
    identity,
    authorizedAt,
    leftMs,
    mostTaken,
  }: OwnerCommand): Promise<Executed> {
    const { clock, engine } = this.#options;
    const deadlineMs = clock.now() + leftMs;
    const { access } = engine;
    if (access.isEnabled && identity !== nodeIdentity && access.changedAt(identity) > authorizedAt)
      throw accessChanged(identity); // RSTORE-4
    const owned = new Map(this.#ownership.owned);
    const spreads = this.#spreads(command);
    const partitions = partitionsOf(command, spreads);
    const [partition] = partitions ?? [];
    if (partition === undefined ? owned.size === 0 : !owned.has(partition))
      return { type: 'not_owner' };
    const tokens = partitions === undefined ? owned : this.#ownership.tokensOf(partitions);
    if (tokens === undefined) return { type: 'not_owner' };
    const executed = await this.#partitions.execute(command, tokens, {
      identity,
      isGone: () => clock.now() > deadlineMs,
      isOwner: (tokens) => this.#ownership.areCurrent(tokens),
      spreads,
      ...(mostTaken === undefined ? {} : { mostTaken }),
    });
    if (executed.type === 'not_owner') this.#ownership.lost(lostOf(executed, owned));
    return executed;
  }

  /** What another node asks of this one as an owner. */
  async #answer(body: unknown): Promise<Executed> {
    return this.#here(readOwnerCommand(body, this.#options.engine.status().supportedFeatureLevel));
  }

  async #pause(deadlineMs: number, signal: AbortSignal | undefined): Promise<void> {
    const leftMs = deadlineMs - this.#options.clock.now();
    if (leftMs <= 0 || signal?.aborted === true)
      throw new HoldfastError(
        'store_unavailable',
        this.#silence.ms < longestSilenceMs ? noOwner : cutOff,
      );
    await this.#ownership.changeOrPause(Math.min(leftMs, pauseMs));
  }
}

const noOwner =
  'No node owned the partition of the queue in time: its owner may be down, and its lock not free yet. The request was not executed. Try again.';

const cutOff =
  'The Redis that keeps the queues does not answer this node, and no other node owned the partition of the queue in time. The request was not executed. Try again later.';
