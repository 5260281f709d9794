/**
 * Which dedup ids were pushed, so that a message that is pushed again is the same message.
 *
 * DEDUP-1: a dedup id is remembered for `dedupWindowMs` of cluster time, whatever became of its message. Until then no
 *     other message of the queue has it.
 * DEDUP-2: where no more fit, a push with a new dedup id is refused: none is forgotten before its time.
 */
import { DedupPages } from './dedup-pages.ts';
import type { RememberedPush } from './dedup-pages.ts';
import { tooManyDedupIds } from './refusals.ts';
import { hashOfText } from '../../kernel/collections/hash.ts';
import { OrderedMap } from '../../kernel/collections/ordered-map.ts';
import type { Refusal } from '../../kernel/outcomes.ts';

export const dedupWindowMs = 300_000;

/** Of one queue: the position of each dedup id among all pushes that are remembered. */
type DedupIndex = OrderedMap<string, number>;

export class DedupMemory {
  /** In the order of their pushes, which is that of their ids and of their ends. */
  readonly #all = new DedupPages();
  /** By the names of queues; none of a queue of which nothing is remembered. */
  readonly #byQueue = new OrderedMap<string, DedupIndex>(hashOfText);

  get size(): number {
    return this.#all.size;
  }

  /** DEDUP-1: one whose time is over is none, also while it is not forgotten yet. */
  find(queue: string, dedupId: string, timeMs: number): RememberedPush | undefined {
    const position = this.#byQueue.get(queue)?.get(dedupId);
    const found = position === undefined ? undefined : this.#all.at(position);
    return found === undefined || found.untilMs <= timeMs ? undefined : found;
  }

  /** Of a message that came after all that are remembered. */
  add(remembered: RememberedPush): void {
    const { queue, dedupId } = remembered;
    const known = this.#byQueue.get(queue);
    const index = known ?? new OrderedMap<string, number>(hashOfText);
    if (known === undefined) this.#byQueue.set(queue, index);
    // The one before it may not be forgotten yet, though its time is over: it stands behind all others now.
    index.delete(dedupId);
    index.set(dedupId, this.#all.add(remembered));
  }

  /** DEDUP-2. */
  tooMany(limit: number, more: number): Refusal | undefined {
    if (more === 0 || this.size + more <= limit) return undefined;
    return tooManyDedupIds(limit);
  }

  /** DEDUP-1: at most so many whose time is over. */
  forget(timeMs: number, most: number): void {
    for (let count = 0; count < most; count++) {
      const position = this.#all.first;
      const oldest = position === undefined ? undefined : this.#all.at(position);
      if (oldest === undefined || oldest.untilMs > timeMs) return;
      const { queue, dedupId } = oldest;
      this.#all.removeFirst();
      const index = this.#byQueue.get(queue);
      if (index?.get(dedupId) !== position) continue;
      index?.delete(dedupId);
      if (index?.size === 0) this.#byQueue.delete(queue);
    }
  }

  capture(): Iterable<RememberedPush> {
    return this.#all.capture();
  }

  values(): Iterable<RememberedPush> {
    return this.#all.values();
  }
}
