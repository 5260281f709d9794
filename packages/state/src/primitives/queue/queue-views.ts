/**
 * What is shown of queues.
 *
 * QVIEW-1: a page of queues costs what it shows, and a queue on it the same however many partitions and messages it has;
 *     what each partition has is told of one queue, or of a page together.
 * IDS-1: who asks for ids of dead letters alone is given as many as it asked for, whatever the letters weigh, and names no payload:
 *     one that nobody can read keeps nobody waiting.
 */
import { ListBudget } from '../../kernel/view-bounds.ts';
import { settingsOf } from './push.ts';
import type { Tables } from '../../kernel/tables.ts';
import type { ResourceName } from '../../kernel/names.ts';
import { addPartition, emptyPartition } from './partition-sums.ts';
import type { PartitionSum } from './partition-sums.ts';
import { storedPayload } from './payloads.ts';
import type { Payload, StoredPayload } from './payloads.ts';
import type { Lane, Message, MutableCounts, Queue } from './shapes.ts';
import type { Rate } from './rates.ts';
import type {
  BlockedKeysPage,
  BlockedKeyView,
  DeadLettersPage,
  DeadLetterView,
  QueueCounts,
  QueuePart,
  QueueRate,
  QueueRates,
  QueueRow,
  QueuesPage,
  QueuesWanted,
  QueueView,
  QueueViews,
  StoredPage,
} from './commands.ts';

/** What a queue weighs in an answer beside its name, above other rows: names of fields and numbers. */
const numbersBytes = 600;

const rateAt = (rate: Rate, timeMs: number): QueueRate => ({
  total: rate.total,
  perSecond: rate.at(timeMs),
});

const bytesBeside = ({ text, byteLength }: Payload): number =>
  text === undefined ? byteLength : 0;

const withDepth = (counts: MutableCounts): QueueCounts => ({
  ...counts,
  depth: counts.ready + counts.inFlight + counts.delayed + counts.blocked,
});

const noRates: QueueRates<number> = { pushed: 0, delivered: 0, acknowledged: 0, dead: 0 };

const ageAt = (oldest: Message | undefined, timeMs: number): number | undefined =>
  oldest === undefined ? undefined : Math.max(0, timeMs - oldest.pushedAtMs);

/** @param timeMs Of now: that of the last entry, or later. */
function queueRow(queue: Queue, timeMs: number): QueueRow {
  return {
    name: queue.name,
    settings: settingsOf(queue),
    counts: withDepth(queue.counts),
    dead: queue.dead.size,
    blockedKeys: queue.blockedKeys.size,
    bytes: queue.bytes,
    oldestAgeMs: ageAt(queue.live.first(), timeMs),
    rates: {
      pushed: rateAt(queue.pushed, timeMs),
      delivered: rateAt(queue.delivered, timeMs),
      acknowledged: rateAt(queue.acknowledged, timeMs),
      dead: rateAt(queue.died, timeMs),
    },
  };
}

/** Adds what each partition of a queue has to what is at its place. @param timeMs Of now. */
function addPartitionsOf(
  { partitions, statistics }: Queue,
  timeMs: number,
  sums: PartitionSum[],
): void {
  const isQuiet = statistics.isQuiet(timeMs);
  for (const [partition, counts] of partitions.entries()) {
    const sum = (sums[partition] ??= emptyPartition());
    const oldest = statistics.oldestOf(partition);
    if (isQuiet && oldest === undefined) continue;
    addPartition(sum, {
      ...withDepth(counts),
      oldestAgeMs: ageAt(oldest, timeMs),
      rates: isQuiet ? noRates : statistics.ratesOf(partition, timeMs),
    });
  }
}

const idAlone = { key: '', payload: '', deliveries: 0, reason: '', ageMs: 0 };

export class QueueReader implements QueueViews {
  readonly #tables: Tables;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  show(name: ResourceName, timeMs?: number): QueueView | undefined {
    const queue = this.#queue(name);
    if (queue === undefined) return undefined;
    const now = this.#tables.shownAtMs(timeMs);
    const partitions: PartitionSum[] = [];
    addPartitionsOf(queue, now, partitions);
    return { ...queueRow(queue, now), partitions };
  }

  /** QVIEW-1. */
  page({ prefix, after, limit }: QueuesWanted, timeMs?: number): QueuesPage {
    const { byName } = this.#tables.queues;
    const now = this.#tables.shownAtMs(timeMs);
    const budget = new ListBudget(limit);
    const queues: QueueRow[] = [];
    const partitions: PartitionSum[] = [];
    const told = (nextAfter: string | undefined): QueuesPage => ({
      queues,
      partitions,
      nextAfter,
    });
    for (const name of byName.names.from(after !== undefined && after > prefix ? after : prefix)) {
      if (!name.startsWith(prefix)) break;
      const queue = name === after ? undefined : byName.get(name);
      if (queue === undefined) continue;
      if (!budget.takes([name], undefined, numbersBytes)) return told(queues.at(-1)?.name);
      queues.push(queueRow(queue, now));
      if (queue.live.size > 0 || !queue.statistics.isQuiet(now))
        addPartitionsOf(queue, now, partitions);
    }
    return told(undefined);
  }

  deadLetters(
    name: ResourceName,
    after: number,
    limit: number,
    timeMs?: number,
  ): DeadLettersPage | undefined {
    const queue = this.#queue(name);
    if (queue === undefined) return undefined;
    const budget = new ListBudget(limit);
    const letters: DeadLetterView[] = [];
    for (const message of queue.dead.after(after)) {
      const { id, key, payload, deliveries, reason, diedAtMs } = message;
      if (!budget.takes([key, payload.text ?? '', reason], undefined, bytesBeside(payload)))
        return { letters, more: true };
      const ageMs = Math.max(0, this.#tables.shownAtMs(timeMs) - diedAtMs);
      const stored = storedPayload(id, payload);
      letters.push({
        id,
        key,
        payload: payload.text ?? '',
        ...(stored === undefined ? {} : { stored }),
        deliveries,
        reason,
        ageMs,
      });
    }
    return { letters, more: false };
  }

  /** IDS-1. */
  deadIds(name: ResourceName, after: number, limit: number): DeadLettersPage | undefined {
    const queue = this.#queue(name);
    if (queue === undefined) return undefined;
    const letters: DeadLetterView[] = [];
    for (const { id } of queue.dead.after(after)) {
      if (letters.length >= limit) return { letters, more: true };
      letters.push({ ...idAlone, id });
    }
    return { letters, more: false };
  }

  blockedKeys(
    name: ResourceName,
    after: string | undefined,
    limit: number,
    timeMs?: number,
  ): BlockedKeysPage | undefined {
    const queue = this.#queue(name);
    if (queue === undefined) return undefined;
    const budget = new ListBudget(limit);
    const keys: BlockedKeyView[] = [];
    for (const lane of queue.blockedKeys.after(after)) {
      if (!budget.takes([lane.key])) return { keys, more: true };
      const view = blockedKey(lane, this.#tables.shownAtMs(timeMs));
      if (view !== undefined) keys.push(view);
    }
    return { keys, more: false };
  }

  readyCount(name: ResourceName): number {
    return this.#queue(name)?.readyCount ?? 0;
  }

  lastId(): number {
    return this.#tables.sequence;
  }

  *stored(): Generator<StoredPayload, void, undefined> {
    for (const queue of this.#tables.queues.byName.values())
      for (const messages of [queue.live, queue.dead])
        for (const { id, payload } of messages.values()) {
          const stored = storedPayload(id, payload);
          if (stored !== undefined) yield stored;
        }
  }

  names(): readonly ResourceName[] {
    return Array.from(this.#tables.queues.byName.values(), ({ name }) => name);
  }

  storedAfter(name: ResourceName, part: QueuePart, after: number, limit: number): StoredPage {
    const queue = this.#queue(name);
    const stored: StoredPayload[] = [];
    let looked = 0;
    for (const { id, payload } of (part === 'messages' ? queue?.live : queue?.dead)?.after(after) ??
      []) {
      const one = storedPayload(id, payload);
      if (one !== undefined) stored.push(one);
      looked += 1;
      if (looked >= limit) return { stored, next: id };
    }
    return { stored, next: undefined };
  }

  storedOf(name: ResourceName, id: number): StoredPayload | undefined {
    const queue = this.#queue(name);
    const message = queue?.live.get(id) ?? queue?.dead.get(id);
    return message === undefined ? undefined : storedPayload(id, message.payload);
  }

  #queue(name: ResourceName): Queue | undefined {
    return this.#tables.queues.byName.get(name);
  }
}

function blockedKey({ key, held, waiting }: Lane, timeMs: number): BlockedKeyView | undefined {
  if (held === undefined) return undefined;
  const { state, id: messageId, dueMs } = held;
  const about = { key, messageId, waiting: waiting.size };
  if (state === 'dead') return { ...about, because: 'dead_letter', endsInMs: undefined };
  const endsInMs = Math.max(0, dueMs - timeMs);
  return { ...about, because: state === 'in_flight' ? 'in_flight' : 'retry', endsInMs };
}
