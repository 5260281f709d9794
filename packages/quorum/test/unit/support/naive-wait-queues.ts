import { turnMs } from '../../../src/node/wait-queues.ts';
import type { LeaseWaiter } from '../../../src/node/wait-queues.ts';

interface Line {
  readonly waiters: LeaseWaiter[];
  turn: { readonly id: string; readonly untilMs: number } | undefined;
}

/** What `WaitQueues` does, as it is said: looks at every queue whenever it is asked, and plans nothing. */
export class NaiveWaitQueues {
  readonly #lines = new Map<string, Line>();

  count(resource: string): number {
    return this.#line(resource).waiters.length;
  }

  add(resource: string, waiter: LeaseWaiter): void {
    const { waiters } = this.#line(resource);
    const goesBefore = (one: LeaseWaiter, other: LeaseWaiter): boolean =>
      one.sinceMs < other.sinceMs || (one.sinceMs === other.sinceMs && one.id < other.id);
    // Behind the last one that it does not go before.
    waiters.splice(1 + waiters.findLastIndex((other) => !goesBefore(waiter, other)), 0, waiter);
  }

  remove(resource: string, waiter: LeaseWaiter): void {
    const { waiters } = this.#line(resource);
    if (waiters.includes(waiter)) waiters.splice(waiters.indexOf(waiter), 1);
  }

  turnOfOthersMs(resource: string, waiterId: string | undefined, nowMs: number): number {
    const { turn } = this.#line(resource);
    return turn === undefined || turn.id === waiterId ? 0 : Math.max(0, turn.untilMs - nowMs);
  }

  taken(resource: string): void {
    this.#line(resource).turn = undefined;
  }

  tick(nowMs: number, remainingMs: (resource: string) => number): void {
    for (const [resource, line] of this.#lines) {
      for (const waiter of line.waiters.filter(({ untilMs }) => untilMs <= nowMs)) {
        this.remove(resource, waiter);
        waiter.tell('TIMEOUT');
      }
      if (line.turn !== undefined && line.turn.untilMs <= nowMs) line.turn = undefined;
      if (remainingMs(resource) > 0 || line.turn !== undefined) continue;
      const first = line.waiters.shift();
      if (first === undefined) continue;
      line.turn = { id: first.id, untilMs: nowMs + turnMs };
      first.tell('FREE');
    }
  }

  #line(resource: string): Line {
    const line = this.#lines.get(resource) ?? { waiters: [], turn: undefined };
    this.#lines.set(resource, line);
    return line;
  }
}
