/**
 * Who waits for a resource on this node: who has waited for longest is first. When no lease stands, the first
 * is told and has the turn for a moment; then the next. Nothing of safety depends on it: it spares polling.
 *
 * A waiter is granted nothing until a majority of the nodes tell it, so all have to agree on the order without
 * talking to each other: those that began nearly together stand in the order of their ids.
 */
export interface Waiter {
  readonly id: string;
  /** When it began to wait, here or elsewhere. */
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly tell: (status: 'FREE' | 'TIMEOUT') => void;
}

/** How long a waiter that was told keeps the others out. */
export const turnMs = 150;
/** What began within so long of each other may arrive in another order on another node. */
const togetherMs = 5;
const maxWaiters = 1000;

interface Line {
  readonly waiters: Waiter[];
  turn: { readonly id: string; readonly untilMs: number } | undefined;
}

export class Turns {
  readonly #lines = new Map<string, Line>();

  count(resource: string): number {
    return this.#lines.get(resource)?.waiters.length ?? 0;
  }

  /** False: the line is full. */
  add(resource: string, waiter: Waiter): boolean {
    const line = this.#lines.get(resource) ?? { waiters: [], turn: undefined };
    if (line.waiters.length >= maxWaiters) return false;
    this.#lines.set(resource, line);
    let place = line.waiters.length;
    for (let ahead = line.waiters[place - 1]; ahead !== undefined && goesBefore(waiter, ahead);)
      ahead = line.waiters[--place - 1];
    line.waiters.splice(place, 0, waiter);
    return true;
  }

  remove(resource: string, waiter: Waiter): void {
    const line = this.#lines.get(resource);
    if (line === undefined) return;
    const place = line.waiters.indexOf(waiter);
    if (place >= 0) line.waiters.splice(place, 1);
    this.#forgetIfEmpty(resource, line);
  }

  /** Ms for which others have to stay behind; 0: nobody else has the turn. */
  turnOfOthersMs(resource: string, waiterId: string | undefined, nowMs: number): number {
    const turn = this.#lines.get(resource)?.turn;
    if (turn === undefined || turn.id === waiterId || turn.untilMs <= nowMs) return 0;
    return turn.untilMs - nowMs;
  }

  /** The resource has a lease again: the turn is over. */
  taken(resource: string): void {
    const line = this.#lines.get(resource);
    if (line === undefined) return;
    line.turn = undefined;
    this.#forgetIfEmpty(resource, line);
  }

  /**
   * Tells those whose time has come.
   *
   * @param remainingMs How long the lease of a resource stands.
   * @returns When to look again; undefined: when something changes.
   */
  tick(nowMs: number, remainingMs: (resource: string) => number): number | undefined {
    let next: number | undefined;
    for (const [resource, line] of this.#lines) {
      for (const waiter of line.waiters.filter(({ untilMs }) => untilMs <= nowMs)) {
        line.waiters.splice(line.waiters.indexOf(waiter), 1);
        waiter.tell('TIMEOUT');
      }
      const leftMs = remainingMs(resource);
      if (line.turn !== undefined && line.turn.untilMs <= nowMs) line.turn = undefined;
      if (leftMs <= 0 && line.turn === undefined) {
        const first = line.waiters.shift();
        if (first !== undefined) {
          line.turn = { id: first.id, untilMs: nowMs + turnMs };
          first.tell('FREE');
        }
      }
      this.#forgetIfEmpty(resource, line);
      const dues = line.waiters.map(({ untilMs }) => untilMs);
      if (leftMs > 0 && line.waiters.length > 0) dues.push(nowMs + leftMs);
      if (line.turn !== undefined) dues.push(line.turn.untilMs);
      for (const due of dues) next = next === undefined ? due : Math.min(next, due);
    }
    return next;
  }

  /** The node stops. */
  endAll(): void {
    for (const { waiters } of this.#lines.values())
      for (const waiter of waiters.splice(0)) waiter.tell('TIMEOUT');
    this.#lines.clear();
  }

  #forgetIfEmpty(resource: string, line: Line): void {
    if (line.waiters.length === 0 && line.turn === undefined) this.#lines.delete(resource);
  }
}

function goesBefore(one: Waiter, other: Waiter): boolean {
  const laterMs = one.sinceMs - other.sinceMs;
  return Math.abs(laterMs) > togetherMs ? laterMs < 0 : one.id < other.id;
}
