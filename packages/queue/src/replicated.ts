/** Queues in the replicated state: commands are entries of the log, durable on a majority. */
import type {
  CallOptions,
  CommandAnswer,
  Consistency,
  Engine,
  QueryAnswer,
} from '@holdfast/engine';
import { nodeIdentity } from '@holdfast/state';
import type { Event, QueueCommand } from '@holdfast/state';
import { ownersOf } from './owners.ts';
import type { QueueQuery, QueueStore } from './store.ts';

/** Where the events of this node's applied entries are heard. */
export interface Events {
  onRaw(keys: readonly string[], listener: (event: Event) => void, gap: () => void): () => void;
}

export class ReplicatedQueues implements QueueStore {
  readonly #engine: Pick<Engine, 'submit' | 'query' | 'status'>;
  readonly #events: Events;

  constructor(engine: Pick<Engine, 'submit' | 'query' | 'status'>, events: Events) {
    this.#engine = engine;
    this.#events = events;
  }

  submit<C extends QueueCommand>(command: C, options: CallOptions): Promise<CommandAnswer<C>> {
    return this.#engine.submit(command, options);
  }

  query<Q extends QueueQuery>(
    query: Q,
    consistency: Consistency,
    options: CallOptions,
  ): Promise<QueryAnswer<Q>> {
    return this.#engine.query(query, consistency, options);
  }

  onReady(queue: string, ready: (count: number) => void, missed: () => void): () => void {
    return this.#events.onRaw(
      [`queue ${queue}`],
      (event) => {
        if (event.type === 'queue_ready') ready(event.count);
      },
      missed,
    );
  }

  async readyHere(queue: string): Promise<number> {
    const query = { type: 'queue_ready', name: queue } as const;
    return (await this.#engine.query(query, 'stale', { identity: nodeIdentity })).count;
  }

  /** What is due is told by an event as well. */
  dueInMs(): undefined {
    return undefined;
  }

  /** Of those that this node is connected to. They decide nothing: deliveries are decided by the log. */
  owners(): readonly string[] {
    const { members, nodeId } = this.#engine.status();
    return ownersOf(
      members
        .filter(({ id, connected, role }) => role === 'voter' && (connected || id === nodeId))
        .map(({ id }) => id),
    );
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
