import { turnMs } from '../../../src/node/wait-queues.ts';
import type { LeaseWaiter } from '../../../src/node/wait-queues.ts';

interface Queue {
  readonly waiters: LeaseWaiter[];
  turn: { readonly id: string; readonly untilMs: number } | undefined;
}

/** What `WaitQueues` does, as it is said: looks at every queue whenever it is asked, and plans nothing. */
export class NaiveWaitQueues {
  readonly #queues = new Map<string, Queue>();

  count(resource: string): number {
    return this.#queue(resource).waiters.length;
  }

  add(resource: string, waiter: LeaseWaiter): void {
    const { waiters } = this.#queue(resource);
    const goesBefore = (one: LeaseWaiter, other: LeaseWaiter): boolean =>
      one.sinceMs < other.sinceMs || (one.sinceMs === other.sinceMs && one.id < other.id);
    // Behind the last one that it does not go before.
    waiters.splice(1 + waiters.findLastIndex((other) => !goesBefore(waiter, other)), 0, waiter);
  }

  remove(resource: string, waiter: LeaseWaiter): void {
    const { waiters } = this.#queue(resource);
    if (waiters.includes(waiter)) waiters.splice(waiters.indexOf(waiter), 1);
  }

  turnOfOthersMs(resource: string, waiterId: string | undefined, nowMs: number): number {
    const { turn } = this.#queue(resource);
    return turn === undefined || turn.id === waiterId ? 0 : Math.max(0, turn.untilMs - nowMs);
  }

  taken(resource: string): void {
    this.#queue(resource).turn = undefined;
  }

  tick(nowMs: number, remainingMs: (resource: string) => number): void {
    for (const [resource, queue] of this.#queues) {
      for (const waiter of queue.waiters.filter(({ untilMs }) => untilMs <= nowMs)) {
        this.remove(resource, waiter);
        waiter.tell('TIMEOUT');
      }
      if (queue.turn !== undefined && queue.turn.untilMs <= nowMs) queue.turn = undefined;
      if (remainingMs(resource) > 0 || queue.turn !== undefined) continue;
      const first = queue.waiters.shift();
      if (first === undefined) continue;
      queue.turn = { id: first.id, untilMs: nowMs + turnMs };
      first.tell('FREE');
    }
  }

  #queue(resource: string): Queue {
    const queue = this.#queues.get(resource) ?? { waiters: [], turn: undefined };
    this.#queues.set(resource, queue);
    return queue;
  }
}
