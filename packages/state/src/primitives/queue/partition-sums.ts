/** What several partitions have together: of one node, or one partition of several queues. */
import type { QueuePartition, QueueRates } from './commands.ts';

type Mutable<Of> = { -readonly [Name in keyof Of]: Of[Name] };

/** A `QueuePartition` to which others are added. */
export type PartitionSum = Mutable<Omit<QueuePartition, 'rates'>> & {
  readonly rates: Mutable<QueueRates<number>>;
};

export const emptyPartition = (): PartitionSum => ({
  depth: 0,
  ready: 0,
  inFlight: 0,
  delayed: 0,
  blocked: 0,
  oldestAgeMs: undefined,
  rates: { pushed: 0, delivered: 0, acknowledged: 0, dead: 0 },
});

export function addPartition(sum: PartitionSum, more: QueuePartition): void {
  sum.depth += more.depth;
  sum.ready += more.ready;
  sum.inFlight += more.inFlight;
  sum.delayed += more.delayed;
  sum.blocked += more.blocked;
  if (more.oldestAgeMs !== undefined)
    sum.oldestAgeMs = Math.max(sum.oldestAgeMs ?? 0, more.oldestAgeMs);
  sum.rates.pushed += more.rates.pushed;
  sum.rates.delivered += more.rates.delivered;
  sum.rates.acknowledged += more.rates.acknowledged;
  sum.rates.dead += more.rates.dead;
}

/** Adds what each partition has to what is at its place. */
export function addPartitions(sums: PartitionSum[], partitions: readonly QueuePartition[]): void {
  for (const [partition, more] of partitions.entries())
    addPartition((sums[partition] ??= emptyPartition()), more);
}
