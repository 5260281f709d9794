/** What metrics are read from. */
import type { QueueStore } from '@holdfast/queue';
import type { MachineSources } from './machine.ts';

/** What the stream counts of itself. */
export interface StreamStats {
  readonly connections: number;
  /** How many callers they are of, watches as server-sent events included. */
  readonly callers: number;
  readonly requests: number;
}

export interface StatSources extends MachineSources {
  /** Where queues are kept. */
  readonly queues: () => Pick<QueueStore, 'query'>;
  /** Pops that wait for messages on this node. */
  readonly waitingPops: () => number;
  readonly stream: () => StreamStats;
  readonly waiting: () => number;
  /** Of the event loop, in the last minute. */
  readonly longestTurnSeconds: () => number;
}
