/** Statistics of queues, each with the name of its queue: the first 1000, as the state shows them. */
import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { QueueView } from '@holdfast/state';
import type { StatSources } from './stats.ts';

type FigureOf = (queue: QueueView) => number;

const gauges: Readonly<Record<string, readonly [help: string, metricOf: FigureOf]>> = {
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
    'Since the push of the oldest message, as of the last entry; 0 without one.',
    (q) => (q.oldestAgeMs ?? 0) / 1000,
  ],
};

const counters: Readonly<Record<string, readonly [help: string, metricOf: FigureOf]>> = {
  holdfast_queue_pushed_total: ['Messages pushed.', (q) => q.rates.pushed.total],
  holdfast_queue_delivered_total: ['Deliveries.', (q) => q.rates.delivered.total],
  holdfast_queue_acknowledged_total: ['Messages acknowledged.', (q) => q.rates.acknowledged.total],
  holdfast_queue_dead_total: ['Messages that became dead letters.', (q) => q.rates.dead.total],
};

export function addMessageStats(registers: Registry[], { queues, waitingPops }: StatSources): void {
  // A store that cannot be reached leaves out what it would tell: the other metrics are told.
  const read = async (): Promise<readonly QueueView[]> => {
    const asked = queues().query({ type: 'queues' }, 'stale', { identity: 'metrics' });
    const result = await asked.catch(() => undefined);
    return result?.type === 'queues' ? result.queues : [];
  };
  const labelNames = ['queue'] as const;
  for (const [name, [help, metricOf]] of Object.entries(gauges))
    // oxlint-disable-next-line no-new -- a metric registers itself.
    new Gauge({
      name,
      help,
      registers,
      labelNames,
      async collect() {
        this.reset();
        for (const queue of await read()) this.set({ queue: queue.name }, metricOf(queue));
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
        this.reset();
        for (const queue of await read()) this.inc({ queue: queue.name }, metricOf(queue));
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
