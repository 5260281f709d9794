/** What operations of queues need of the place where queues are kept. */
import type { CallOptions, CommandAnswer, Consistency, Query, QueryAnswer } from '@holdfast/engine';
import type { QueueCommand } from '@holdfast/state';

export type QueueQuery = Extract<
  Query,
  { readonly type: 'queue' | 'queues' | 'queue_ready' | 'dead_letters' | 'blocked_keys' }
>;

/**
 * A store executes the commands of queues, and each does what the state machine does with it: the same answers, the
 * same refusals (one suite of tests holds them to it). Its methods may throw `HoldfastError` with what an engine throws, and
 * `store_unavailable`.
 */
export interface QueueStore {
  submit<C extends QueueCommand>(command: C, options: CallOptions): Promise<CommandAnswer<C>>;
  query<Q extends QueueQuery>(
    query: Q,
    consistency: Consistency,
    options: CallOptions,
  ): Promise<QueryAnswer<Q>>;
  /**
   * Calls back when messages of a queue have become ready, with how many.
   *
   * @param missed Called where some may have been missed: whoever waits has to ask.
   */
  onReady(queue: string, ready: (count: number) => void, missed: () => void): () => void;
  /**
   * How many messages of a queue are ready as far as this node knows, without asking others. Absent: it knows nothing.
   * What is submitted to such a store in one turn is executed in its order, unless the leader is lost.
   */
  readyHere?(queue: string): Promise<number>;
  /** Ms until messages of a queue become ready by time alone, as far as that is known here. */
  dueInMs(queue: string): number | undefined;
  /** The node that owns each partition, by its id; '' of one without an owner. Empty: nobody owns any. */
  owners(): readonly string[];
  close(): Promise<void>;
}
