/**
 * Statistics of queues, each with the name of its queue: the first 1000 in the order of their names. And of all together, without a
 * label, so that an alert misses no queue for its name.
 *
 * SCRAPE-1: whoever asks for the metrics makes the queues be read once for all of them, by pages, each in a turn of the
 *     event loop of its own; and what each metric tells is put together in a turn of its own.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { QueueRow, QueuesPage } from '@holdfast/state';
import type { StatSources } from './sources.ts';

type MetricOf = (queue: QueueRow) => number;

/** Queues that are told of by name, those that are read for what all have together, and those that are read in one turn. */
const mostNamed = 1000;
const mostRead = 10_000;
const queuesAtOnce = 250;

const gauges: Readonly<Record<string, readonly [help: string, metricOf: MetricOf]>> = {
  holdfast_queue_depth: ['Messages of a queue that are no dead letters.', (q) => q.counts.depth],
  holdfast_queue_ready: ['Messages that would be delivered now.', (q) => q.counts.ready],
  holdfast_queue_in_flight: [
    'Messages that are delivered and not acknowledged yet.',
    (q) => q.counts.inFlight,
  ],
  holdfast_queue_delayed: [
    'Messages that wait for their delay or for a retry.',
    (q) => q.counts.delayed,
  ],
  holdfast_queue_blocked: [
    'Messages that wait behind another one of their key.',
    (q) => q.counts.blocked,
  ],
  holdfast_queue_dead_letters: ['Messages that were delivered too often.', (q) => q.dead],
  holdfast_queue_bytes: ['What messages and dead letters take.', (q) => q.bytes],
  holdfast_queue_oldest_message_age_seconds: [
    'Since the push of the oldest message, by cluster time; 0 without one.',
    (q) => (q.oldestAgeMs ?? 0) / 1000,
  ],
};

const counters: Readonly<Record<string, readonly [help: string, metricOf: MetricOf]>> = {
  holdfast_queue_pushed_total: ['Messages pushed.', (q) => q.rates.pushed.total],
  holdfast_queue_delivered_total: ['Deliveries.', (q) => q.rates.delivered.total],
  holdfast_queue_acknowledged_total: ['Messages acknowledged.', (q) => q.rates.acknowledged.total],
  holdfast_queue_dead_total: ['Messages that became dead letters.', (q) => q.rates.dead.total],
};

/** What all metrics of one scrape tell of. */
interface Reading {
  readonly named: readonly QueueRow[];
  /** Undefined where the store cannot be reached. */
  readonly all: { readonly oldestAgeMs: number; readonly dead: number } | undefined;
}

const ofAll: Readonly<
  Record<string, readonly [help: string, metricOf: (all: NonNullable<Reading['all']>) => number]>
> = {
  holdfast_queues_oldest_message_age_seconds: [
    'Since the push of the oldest message of all queues, also of those that have no metrics by name (of the first 10000); 0 without one.',
    ({ oldestAgeMs }) => oldestAgeMs / 1000,
  ],
  holdfast_queues_dead_letters: [
    'Dead letters of all queues, also of those that have no metrics by name (of the first 10000).',
    ({ dead }) => dead,
  ],
};

class QueueReadings {
  readonly #store: StatSources['queues'];
  #reading: Promise<Reading> | undefined = undefined;
  #turns: Promise<unknown> = Promise.resolve();

  constructor(store: StatSources['queues']) {
    this.#store = store;
  }

  /** SCRAPE-1: those who ask while it is read get the same; each goes on in a turn of its own. */
  async read(): Promise<Reading> {
    this.#reading ??= this.#all().finally(() => (this.#reading = undefined));
    const reading = await this.#reading;
    this.#turns = this.#turns.then(async () => nextTurn());
    await this.#turns;
    return reading;
  }

  async #all(): Promise<Reading> {
    const named: QueueRow[] = [];
    let [read, oldestAgeMs, dead] = [0, 0, 0];
    let after: string | undefined;
    do {
      const page = await this.#page(after, Math.min(queuesAtOnce, mostRead - read));
      // A store that cannot be reached leaves out what it would tell: the other metrics are told.
      if (page === undefined) return { named: [], all: undefined };
      for (const row of page.queues) {
        if (named.length < mostNamed) named.push(row);
        oldestAgeMs = Math.max(oldestAgeMs, row.oldestAgeMs ?? 0);
        dead += row.dead;
      }
      read += page.queues.length;
      after = page.nextAfter;
      await nextTurn();
    } while (after !== undefined && read < mostRead);
    return { named, all: { oldestAgeMs, dead } };
  }

  async #page(after: string | undefined, limit: number): Promise<QueuesPage | undefined> {
    const wanted = { prefix: '', limit, ...(after === undefined ? {} : { after }) };
    const query = { type: 'queues', wanted } as const;
    const asked = this.#store().query(query, 'stale', { identity: 'metrics' });
    return (await asked.catch(() => undefined))?.page;
  }
}

export function addMessageStats(registers: Registry[], { queues, waitingPops }: StatSources): void {
  const readings = new QueueReadings(queues);
  const labelNames = ['queue'] as const;
  for (const [name, [help, metricOf]] of Object.entries(gauges))
    // oxlint-disable-next-line no-new -- a metric registers itself.
    new Gauge({
      name,
      help,
      registers,
      labelNames,
      async collect() {
        const { named } = await readings.read();
        this.reset();
        for (const queue of named) this.set({ queue: queue.name }, metricOf(queue));
      },
    });
  for (const [name, [help, metricOf]] of Object.entries(counters))
    // oxlint-disable-next-line no-new -- a metric registers itself.
    new Counter({
      name,
      help,
      registers,
      labelNames,
      async collect() {
        const { named } = await readings.read();
        this.reset();
        for (const queue of named) this.inc({ queue: queue.name }, metricOf(queue));
      },
    });
  for (const [name, [help, metricOf]] of Object.entries(ofAll))
    // oxlint-disable-next-line no-new -- a metric registers itself.
    new Gauge({
      name,
      help,
      registers,
      labelNames: [],
      async collect() {
        const { all } = await readings.read();
        this.remove();
        if (all !== undefined) this.set(metricOf(all));
      },
    });
  // oxlint-disable-next-line no-new -- a metric registers itself.
  new Gauge({
    name: 'holdfast_queue_waiting_pops',
    help: 'Pops of callers of this node that wait for messages.',
    registers,
    collect() {
      this.set(waitingPops());
    },
  });
}
