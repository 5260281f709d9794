/** What a load of messages is asked for and what it answers; both cross a process boundary as JSON. */
import type { StepRates } from './steps.ts';

/** What carries the messages: nodes, nodes that keep them in Redis, or BullMQ. */
export type Carrier = 'holdfast' | 'redis' | 'bullmq';
/** A key for each worker, or none and so no order. */
export type Keys = 'own' | 'none';

export interface MessagePlan {
  readonly carrier: Carrier;
  /** Of the nodes, or of the one Redis. */
  readonly urls: readonly string[];
  readonly queue: string;
  readonly keys: Keys;
  /** So many push, each its next message when the one before is acknowledged; as many consumers take. */
  readonly workers: number;
  /** Between an acknowledgement and the next push: 0 for the rate, more for the latency without a load. */
  readonly pauseMs: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

export interface MessageStats {
  /** Of each step by itself; undefined of the row without a load. */
  readonly steps: StepRates | undefined;
  /** Pushed, taken and acknowledged, all of it answered: the next one of a worker after that. */
  readonly messagesPerSecond: number;
  /** From before the push was asked for until a consumer has the message. */
  readonly deliveredMs: { readonly p50: number; readonly p95: number; readonly p99: number };
  /** Messages of one key that came before their turn, or twice: anything but 0 is a fault. */
  readonly outOfOrder: number;
}

export function isMessageStats(value: unknown): value is MessageStats {
  return (
    typeof value === 'object' &&
    value !== null &&
    'messagesPerSecond' in value &&
    'deliveredMs' in value &&
    'outOfOrder' in value
  );
}

export function isMessagePlan(value: unknown): value is MessagePlan {
  return (
    typeof value === 'object' &&
    value !== null &&
    'carrier' in value &&
    'urls' in value &&
    'workers' in value &&
    'measureMs' in value
  );
}
