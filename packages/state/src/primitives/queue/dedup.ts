/**
 * Which dedup ids were pushed, so that a message that is pushed again is the same message.
 *
 * DEDUP-1: a dedup id is remembered for `dedupWindowMs` of cluster time, whatever became of its message. Until then no
 *     other message of the queue has it.
 * DEDUP-2: where no more fit, a push with a new dedup id is refused: none is forgotten before its time.
 */
import { tooManyDedupIds } from './refusals.ts';
import { ShardedMap } from '../../kernel/collections/sharded-map.ts';
import { OrderedByNumber } from '../../kernel/collections/ordered-by-number.ts';
import type { Refusal } from '../../kernel/outcomes.ts';

export const dedupWindowMs = 300_000;

export interface RememberedPush {
  /** Of the message. */
  readonly id: number;
  readonly queue: string;
  readonly dedupId: string;
  readonly untilMs: number;
}

const nameOf = (queue: string, dedupId: string): string => `${queue}\0${dedupId}`;

export class DedupMemory {
  readonly #byName = new ShardedMap<string, RememberedPush>();
  /** In the order of their pushes, which is that of their ends. */
  readonly #all = new OrderedByNumber<RememberedPush>(({ id }) => id);

  get size(): number {
    return this.#all.size;
  }

  /** DEDUP-1: one whose time is over is none, also while it is not forgotten yet. */
  find(queue: string, dedupId: string, timeMs: number): RememberedPush | undefined {
    const found = this.#byName.get(nameOf(queue, dedupId));
    return found === undefined || found.untilMs <= timeMs ? undefined : found;
  }

  add(remembered: RememberedPush): void {
    this.#all.add(remembered);
    this.#byName.set(nameOf(remembered.queue, remembered.dedupId), remembered);
  }

  /** DEDUP-2. */
  tooMany(limit: number, more: number): Refusal | undefined {
    if (more === 0 || this.size + more <= limit) return undefined;
    return tooManyDedupIds(limit);
  }

  /** DEDUP-1: at most so many whose time is over. */
  forget(timeMs: number, most: number): void {
    for (let count = 0; count < most; count++) {
      const oldest = this.#all.first();
      if (oldest === undefined || oldest.untilMs > timeMs) return;
      this.#all.remove(oldest.id);
      const name = nameOf(oldest.queue, oldest.dedupId);
      if (this.#byName.get(name) === oldest) this.#byName.delete(name);
    }
  }

  capture(): Iterable<RememberedPush> {
    return this.#all.capture();
  }

  values(): Iterable<RememberedPush> {
    return this.#all.values();
  }
}
