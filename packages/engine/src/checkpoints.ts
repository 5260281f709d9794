/** All members take a snapshot where a checkpoint stands in the log: the leader proposes it (REPLICA-5). */
import type { Status } from '@holdfast/raft';
import { nodeIdentity } from '@holdfast/state';
import type { CommandQueue } from './command-queue.ts';
import type { Replica } from './replica.ts';

export class Checkpoints {
  readonly #replica: Replica;
  readonly #queue: CommandQueue;
  #isPending = false;

  constructor(replica: Replica, queue: CommandQueue) {
    this.#replica = replica;
    this.#queue = queue;
  }

  /** On the leader. */
  onTick(status: Status): void {
    const { room } = this.#replica;
    if (this.#isPending || !room.isCheckpointDue || !status.ready) return;
    this.#isPending = true;
    const done = (): void => {
      this.#isPending = false;
    };
    this.#queue.submit({ identity: nodeIdentity, command: { type: 'checkpoint' } }, done, done);
  }
}
