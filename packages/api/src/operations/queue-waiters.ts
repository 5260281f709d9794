/**
 * Pops of this node that wait for messages, in the order in which they came.
 *
 * QWAIT-1: whoever waits listens before the cluster is asked what is ready, so nothing falls between; where events were
 *     missed, and now and then in any case, it is asked again: once for all that wait for one queue.
 * QWAIT-2: a message that becomes ready wakes one that waits, and not all of them. One that was woken and takes nothing,
 *     since its caller is gone or its pop failed, passes that on.
 * QWAIT-3: where the store tells only who asks what has become due by time, one that waits is woken at that time. Soon after
 *     that the store is asked again, for the others: the one that was woken may not come back.
 * QWAIT-4: a push wakes one that waits on its node for each of its messages, before it is executed: their pops stand behind it
 *     in the log. Where it comes to nothing they find nothing, and wait again.
 */
import type { QueueStore } from '@holdfast/queue';

const lookAgainMs = 5000;
/** QWAIT-3: by then the pop that was woken has found what is due next. */
const afterDueMs = 100;

/** The node asks for itself. */
const asker = { identity: 'holdfast' };

interface Waiter {
  readonly wake: () => void;
}

interface Waiters {
  readonly all: Set<Waiter>;
  readonly stop: () => void;
  readonly look: () => void;
}

type After = (delayMs: number, callback: () => void) => () => void;

export class QueueWaiters {
  readonly #store: Pick<QueueStore, 'query' | 'onReady' | 'dueInMs'>;
  readonly #after: After;
  readonly #queues = new Map<string, Waiters>();

  constructor(store: Pick<QueueStore, 'query' | 'onReady' | 'dueInMs'>, after: After) {
    this.#store = store;
    this.#after = after;
  }

  /** How many wait. */
  get count(): number {
    let count = 0;
    for (const { all } of this.#queues.values()) count += all.size;
    return count;
  }

  /**
   * Calls back once, when something may be ready.
   *
   * @returns Ends it; false where it has been called.
   */
  wait(queue: string, wake: () => void): () => boolean {
    const found = this.#queues.get(queue);
    const waiters = found ?? this.#open(queue);
    const waiter = { wake };
    waiters.all.add(waiter);
    waiters.look(); // QWAIT-1
    return () => {
      const isWaiting = waiters.all.delete(waiter);
      if (waiters.all.size === 0) this.#close(queue, waiters);
      return isWaiting;
    };
  }

  /** So many messages have become ready (QWAIT-2). */
  wakeSome(queue: string, count: number): void {
    const waiters = this.#queues.get(queue);
    if (waiters === undefined) return;
    let left = count;
    for (const waiter of waiters.all) {
      if (left === 0) break;
      left -= 1;
      waiters.all.delete(waiter);
      waiter.wake();
    }
    if (waiters.all.size === 0) this.#close(queue, waiters);
  }

  #open(queue: string): Waiters {
    let cancelLook = (): void => undefined;
    let isLooking = false;
    let isOver = false;
    const look = (): void => {
      if (isLooking || isOver) return;
      isLooking = true;
      cancelLook();
      const next = (ready: number): void => {
        isLooking = false;
        if (isOver) return;
        const dueInMs = this.#store.dueInMs(queue) ?? lookAgainMs;
        const isDueFirst = dueInMs < lookAgainMs;
        // QWAIT-3: the pop that is woken finds what is due.
        const atDue = (): void => {
          cancelLook = this.#after(afterDueMs, look);
          this.wakeSome(queue, 1);
        };
        cancelLook = isDueFirst ? this.#after(dueInMs, atDue) : this.#after(lookAgainMs, look);
        if (ready > 0) this.wakeSome(queue, ready);
      };
      this.#readyCount(queue).then(next, () => next(0));
    };
    const unsubscribe = this.#store.onReady(queue, (count) => this.wakeSome(queue, count), look);
    const stop = (): void => {
      isOver = true;
      unsubscribe();
      cancelLook();
    };
    const waiters = { all: new Set<Waiter>(), stop, look };
    this.#queues.set(queue, waiters);
    return waiters;
  }

  async #readyCount(name: string): Promise<number> {
    const result = await this.#store.query({ type: 'queue_ready', name }, 'linearizable', asker);
    return result.type === 'queue_ready' ? result.count : 0;
  }

  #close(queue: string, waiters: Waiters): void {
    if (this.#queues.get(queue) !== waiters) return;
    this.#queues.delete(queue);
    waiters.stop();
  }
}
