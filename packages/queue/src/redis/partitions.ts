/**
 * Commands of queues on Redis, each one script, with the fence tokens of the partitions that this node owns.
 *
 * NAMED-1: each queue that there is has its name in the list of all of them, so that a new owner claims its partitions and people
 *     see it; what is refused leaves no name of a queue that is not there, and takes none of one that is.
 * NAMED-4: who makes a queue looks whether it is still the owner once the name is in the list: an owner that comes then claims the
 *     queue with all the others, before it is made. A name that is taken out and put back meanwhile may be passed over, and one whose
 *     claim fails, as while its slot moves, is: the first script of the new owner raises its fence, and OWN-6 of ownership.ts keeps
 *     the owner before from serving it until then.
 * NAMED-3: a queue is made only by a command that has just found room for its name: what this node knows of names may be old.
 * NAMED-2: what a command was answered does not depend on whether its name could be kept afterwards.
 * LATE-1: nothing is begun for who does not wait for the answer any more: what is taken then would be told nobody.
 * RSTATS-1: who may be told what is not new is told what another one was told of a queue in the last second, so that Redis is asked
 *     once for all who watch; queues of a page are asked for together.
 */
import { HoldfastError } from '@holdfast/protocol';
import {
  addPartitions,
  defaultMaxDeliveries,
  maxTakenBytes,
  refusalsOfQueues as refusals,
} from '@holdfast/state';
import type {
  CommandResult,
  PartitionSum,
  QueueCommand,
  QueueRow,
  QueuesPage,
  QueuesWanted,
  QueueView,
  ResourceName,
} from '@holdfast/state';
import type { Consistency, QueryResult } from '@holdfast/engine';
import type { QueueQuery } from '../store.ts';
import {
  becauseOf,
  isAnswer,
  isTrue,
  listOf,
  numberOf,
  optionalNumberOf,
  refusalOf,
  textOf,
  viewOf,
} from './answers.ts';
import type { ScriptReply } from './answers.ts';
import type { RedisConnection, Step } from './connection.ts';
import { FirstNames } from './first-names.ts';
import type { StoreLimits } from './limits.ts';
import { keptForMs, keyless, partitionsOf, resultOf, stepOf } from './steps.ts';

/** Partition → fence token of its owner's lock. */
export type Owned = ReadonlyMap<number, number>;

export type Executed =
  | { readonly type: 'done'; readonly result: CommandResult; readonly dueInMs?: number }
  /** One of the partitions is not of the owner whose token it is any more: nothing was done (RFENCE-1). */
  | { readonly type: 'not_owner'; readonly partition?: number };

/** What an owner is to know beside the command. */
export interface CommandAsker {
  readonly identity: string;
  /** Whether nobody waits for the answer any more. */
  readonly isGone?: () => boolean;
  /** Whether these are still the tokens of the partitions' owners (OWN-6 of ownership.ts). */
  readonly isOwner?: (tokens: Owned) => boolean;
  /** Bytes that a pop may take, the first message in any case. */
  readonly mostTaken?: number;
  /** Whether messages without a key are spread over the partitions (KEYLESS-1 of lua/base.ts). */
  readonly spreads?: boolean;
}

type Asked = Pick<
  RedisConnection,
  'run' | 'names' | 'hasName' | 'countNames' | 'addName' | 'removeName'
>;

type FoundView = Promise<QueueView | undefined>;

const mostBytesShown = 512 * 1024;
/** Queues of which a new owner tells Redis at the same time. */
const claimsAtOnce = 64;
/** RSTATS-1. */
const staleMs = 1000;
const viewsAtOnce = 50;
const viewsKept = 2000;
/** Names that are known to be in the list of all queues. */
const namesRemembered = 10_000;

export class Partitions {
  readonly #connection: Asked;
  readonly #limits: StoreLimits;
  readonly #nowMs: () => number;
  readonly #named = new Set<string>();
  /** RSTATS-1. */
  readonly #views = new Map<string, { readonly atMs: number; readonly view: FoundView }>();

  constructor(connection: Asked, limits: StoreLimits, nowMs: () => number) {
    this.#connection = connection;
    this.#limits = limits;
    this.#nowMs = nowMs;
  }

  /** From then on the owner before changes nothing of these partitions, in all queues that can be claimed (RFENCE-1, NAMED-4). */
  async claim(owned: Owned): Promise<boolean> {
    for await (const names of this.#connection.names())
      for (let from = 0; from < names.length; from += claimsAtOnce) {
        const some = names.slice(from, from + claimsAtOnce);
        const refused = await Promise.all(some.map((name) => this.#isRefused(name, owned)));
        if (refused.includes(true)) return false;
      }
    return true;
  }

  /** Not where it cannot be claimed now (NAMED-4). */
  async #isRefused(name: string, owned: Owned): Promise<boolean> {
    try {
      const answer = await this.#run('claim', name, owned, { keptFor: keptForMs });
      return answer['refused'] === 'not_owner';
    } catch (error) {
      if (error instanceof HoldfastError) return false;
      throw error;
    }
  }

  /**
   * @param owned Of this node; of a command that is of some partitions alone at least those, whoever owns them.
   * @throws HoldfastError `store_unavailable` where who asks has gone before anything was done (LATE-1).
   */
  async execute(command: QueueCommand, owned: Owned, asker: CommandAsker): Promise<Executed> {
    const { identity, mostTaken = maxTakenBytes, spreads = false } = asker;
    const { isGone = () => false, isOwner = () => true } = asker;
    const { name } = command;
    const partitions = partitionsOf(command, spreads);
    const [partition] = partitions ?? [];
    const makes = command.type === 'queue_push' || command.type === 'queue_configure';
    const isKnown = this.#named.has(name);
    let isNamedAnew = false;
    if (makes && !isKnown) {
      const added = await this.#addName(name);
      if (typeof added !== 'boolean') return { type: 'done', result: added };
      isNamedAnew = added;
    }
    const tokens = partitions === undefined ? owned : only(owned, partitions);
    const isLost = !isOwner(tokens); // NAMED-4
    if (isLost || isGone()) {
      if (isNamedAnew) await this.#afterwards(name, () => this.#removeNameUnlessMade(name));
      if (isLost) return { type: 'not_owner' };
      throw tooLate(); // LATE-1
    }
    const [step, args] = stepOf(command, this.#limits, spreads, mostTaken);
    const known = makes && isKnown;
    const answer = await this.#run(step, name, tokens, { partition, identity, known, ...args });
    if (answer['refused'] === 'not_named') {
      this.#named.delete(name); // NAMED-3: another node has deleted it.
      return this.execute(command, owned, asker);
    }
    const isRefused = answer['refused'] !== undefined;
    if (command.type === 'queue_delete' || (isNamedAnew && isRefused))
      await this.#afterwards(name, () => this.#removeNameUnlessMade(name));
    if (answer['refused'] === 'not_owner') return notOwner(answer['partition'] ?? partition);
    if (isRefused) {
      const result = refusalOf(answer, command, this.#limits);
      return { type: 'done', result };
    }
    // Another node may have deleted it.
    if (answer['made'] === true) await this.#afterwards(name, () => this.#connection.addName(name));
    const dueInMs = optionalNumberOf(answer['next']);
    return {
      type: 'done',
      result: resultOf(command, answer),
      ...(dueInMs === undefined ? {} : { dueInMs }),
    };
  }

  async query(query: QueueQuery, consistency: Consistency): Promise<QueryResult> {
    const revision = 0; // The log has nothing of it.
    if (query.type === 'queue')
      return { type: 'queue', view: await this.#viewFor(query.name, consistency), revision };
    if (query.type === 'queues')
      return { type: 'queues', page: await this.#page(query.wanted, consistency), revision };
    if (query.type === 'queue_ready') {
      const { count } = await this.#run('ready', query.name, new Map(), {});
      return { type: 'queue_ready', count: numberOf(count), revision };
    }
    if (query.type === 'dead_letters') {
      const { after, limit, idsOnly = false } = query;
      const args = { after: String(after), limit, maxBytes: mostBytesShown, idsOnly };
      const answer = await this.#run('deadLetters', query.name, new Map(), args);
      if (answer['missing'] === true) return { type: 'dead_letters', page: undefined, revision };
      const letters = listOf(answer['letters']).map(
        ([id, key, payload, deliveries, reason, age]) => ({
          id: numberOf(id),
          key: textOf(key),
          payload: textOf(payload),
          deliveries: numberOf(deliveries),
          reason: textOf(reason),
          ageMs: numberOf(age),
        }),
      );
      return { type: 'dead_letters', page: { letters, more: isTrue(answer['more']) }, revision };
    }
    const { after, limit } = query;
    const args = { limit, ...(after === undefined ? {} : { after }) };
    const answer = await this.#run('blockedKeys', query.name, new Map(), args);
    if (answer['missing'] === true) return { type: 'blocked_keys', page: undefined, revision };
    const keys = listOf(answer['keys']).map(([key, state, id, waiting, endsIn]) => ({
      key: textOf(key),
      because: becauseOf(state),
      messageId: numberOf(id),
      waiting: numberOf(waiting),
      endsInMs: state === 'dead' ? undefined : Math.max(0, numberOf(endsIn)),
    }));
    return { type: 'blocked_keys', page: { keys, more: isTrue(answer['more']) }, revision };
  }

  /** RSTATS-1. */
  #viewFor(name: string, consistency: Consistency): FoundView {
    const atMs = this.#nowMs();
    const kept = this.#views.get(name);
    if (consistency === 'stale' && kept !== undefined && atMs - kept.atMs < staleMs)
      return kept.view;
    const view = this.#view(name);
    if (this.#views.size >= viewsKept) this.#views.clear();
    this.#views.set(name, { atMs, view });
    // What failed is no answer to the next one.
    view.catch(() => this.#views.delete(name));
    return view;
  }

  async #view(name: string): FoundView {
    const answer = await this.#run('stats', name, new Map(), {});
    return answer['missing'] === true ? undefined : viewOf(name as ResourceName, answer);
  }

  /** Names are walked in parts, for Redis has them in no order. */
  async #page(
    { prefix, after = '', limit }: QueuesWanted,
    consistency: Consistency,
  ): Promise<QueuesPage> {
    const first = new FirstNames(limit + 1);
    for await (const names of this.#connection.names())
      for (const name of names) if (name > after && name.startsWith(prefix)) first.add(name);
    const queues: QueueRow[] = [];
    const sums: PartitionSum[] = [];
    let characters = 0;
    let last: string | undefined;
    const found = first.toSorted();
    let views: readonly (QueueView | undefined)[] = [];
    for (const [place, name] of found.entries()) {
      if (queues.length === limit || characters > mostBytesShown)
        return { queues, partitions: sums, nextAfter: last };
      last = name;
      const at = place % viewsAtOnce;
      const some = at === 0 ? found.slice(place, place + viewsAtOnce) : [];
      if (at === 0) views = await Promise.all(some.map((one) => this.#viewFor(one, consistency)));
      const view = views[at];
      if (view === undefined) continue; // Deleted meanwhile.
      const { partitions, ...row } = view;
      addPartitions(sums, partitions);
      queues.push(row);
      characters += JSON.stringify(row).length;
    }
    return { queues, partitions: sums, nextAfter: found.length > limit ? last : undefined };
  }

  /** @returns Whether it was not there before; a refusal where no more queues may be made. */
  async #addName(name: string): Promise<CommandResult | boolean> {
    const { maxQueues } = this.#limits;
    const isFull = (await this.#connection.countNames()) >= maxQueues;
    if (isFull && !(await this.#connection.hasName(name))) return refusals.tooManyQueues(maxQueues);
    const isAdded = await this.#connection.addName(name);
    if (this.#named.size >= namesRemembered) this.#named.clear();
    this.#named.add(name);
    return isAdded;
  }

  /** NAMED-1: the name comes before the queue and goes after it; where another node has made the queue meanwhile it is back. */
  async #removeNameUnlessMade(name: string): Promise<void> {
    if (await this.#isMade(name)) return;
    this.#named.delete(name);
    await this.#connection.removeName(name);
    if (await this.#isMade(name)) await this.#connection.addName(name);
  }

  async #isMade(name: string): Promise<boolean> {
    const { missing } = await this.#run('ready', name, new Map(), {});
    return missing !== true;
  }

  /** NAMED-2: the command is executed by then, and answered so, whatever becomes of its name; the next one that makes it looks again. */
  async #afterwards(name: string, keep: () => Promise<unknown>): Promise<void> {
    try {
      await keep();
    } catch {
      this.#named.delete(name);
    }
  }

  async #run(step: Step, queue: string, owned: Owned, args: object): Promise<ScriptReply> {
    const tokens = Object.fromEntries(owned);
    const answer = await this.#connection.run(step, queue, {
      owned: tokens,
      keyless,
      defaultMaxDeliveries,
      ...args,
    });
    if (!isAnswer(answer))
      throw new Error(`Redis answered a script with ${JSON.stringify(answer)}`);
    return answer;
  }
}

const tooLate = (): HoldfastError =>
  new HoldfastError(
    'store_unavailable',
    'The owner of the partition came to this request after its time. Nothing was done. Try again.',
  );

const notOwner = (partition: unknown): Executed => ({
  type: 'not_owner',
  ...(typeof partition === 'number' ? { partition } : {}),
});

const only = (owned: Owned, partitions: readonly number[]): Owned =>
  new Map([...owned].filter(([partition]) => partitions.includes(partition)));
