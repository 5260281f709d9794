/**
 * Who waits for a resource on this node: who has waited for longest is first. When no lease stands, the first
 * is told and has the turn for a moment; then the next. Nothing of safety depends on it: it spares polling.
 *
 * A waiter is granted nothing until a majority of the nodes tell it, so all have to agree on the order without
 * talking to each other: those that began nearly together stand in the order of their ids.
 *
 * T1: a line is looked at when its resource changed or its time has come, never because of another resource:
 *     what an operation costs does not grow with how many others wait for something else.
 * T2: a time may be early, since renewals prolong leases: the line is looked at, and again later. It is never
 *     late: whoever makes a lease end earlier says that its resource changed.
 */
import { DueTimes } from './due-times.ts';
import type { Due } from './due-times.ts';

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
/** For one resource. */
const maxWaiters = 1000;
/** For all resources; and so many lines, of which some have a turn and no waiters. */
const maxWaitersInAll = 50_000;

/** Due when its turn or the lease of its resource ends. */
interface Line extends Due {
  readonly resource: string;
  readonly places: Place[];
  turn: { readonly id: string; readonly untilMs: number } | undefined;
}

/** Due when its waiter has waited for long enough. */
interface Place extends Due {
  readonly line: Line;
  readonly waiter: Waiter;
}

export class Turns {
  readonly #lines = new Map<string, Line>();
  #looks = new DueTimes<Line>();
  #timeouts = new DueTimes<Place>();

  count(resource: string): number {
    return this.#lines.get(resource)?.places.length ?? 0;
  }

  /** False: the line is full, or the node is. */
  add(resource: string, waiter: Waiter): boolean {
    if (this.#timeouts.size >= maxWaitersInAll) return false;
    const known = this.#lines.get(resource);
    if (known === undefined && this.#lines.size >= maxWaitersInAll) return false;
    const line = known ?? { resource, places: [], turn: undefined, dueMs: 0, place: -1 };
    const { places } = line;
    if (places.length >= maxWaiters) return false;
    this.#lines.set(resource, line);
    let index = places.length;
    for (let ahead = places[index - 1]; ahead !== undefined && goesBefore(waiter, ahead.waiter);)
      ahead = places[--index - 1];
    const place = { line, waiter, dueMs: 0, place: -1 };
    places.splice(index, 0, place);
    this.#timeouts.set(place, waiter.untilMs);
    this.changed(resource);
    return true;
  }

  remove(resource: string, waiter: Waiter): void {
    const place = this.#lines.get(resource)?.places.find((one) => one.waiter === waiter);
    if (place !== undefined) this.#leave(place);
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
    this.changed(resource);
    this.#forgetIfEmpty(line);
  }

  /** Its lease may end earlier than it was to: the next `tick` looks at it (T2). */
  changed(resource: string): void {
    const line = this.#lines.get(resource);
    if (line !== undefined) this.#looks.set(line, Number.NEGATIVE_INFINITY);
  }

  /**
   * Tells those whose time has come.
   *
   * @param remainingMs How long the lease of a resource stands.
   * @returns When to look again; undefined: when something changes.
   */
  tick(nowMs: number, remainingMs: (resource: string) => number): number | undefined {
    // First of all: nobody whose time is over has the turn.
    for (const place of this.#timeouts.takeDue(nowMs)) {
      this.#leave(place);
      place.waiter.tell('TIMEOUT');
    }
    for (const line of this.#looks.takeDue(nowMs)) this.#look(line, nowMs, remainingMs);
    const { nextMs = Number.POSITIVE_INFINITY } = this.#timeouts;
    const next = Math.min(nextMs, this.#looks.nextMs ?? Number.POSITIVE_INFINITY);
    return next === Number.POSITIVE_INFINITY ? undefined : next;
  }

  /** The node stops. */
  endAll(): void {
    const lines = [...this.#lines.values()];
    this.#lines.clear();
    this.#looks = new DueTimes();
    this.#timeouts = new DueTimes();
    for (const { places } of lines)
      for (const { waiter } of places.splice(0)) waiter.tell('TIMEOUT');
  }

  #look(line: Line, nowMs: number, remainingMs: (resource: string) => number): void {
    const leftMs = remainingMs(line.resource);
    if (line.turn !== undefined && line.turn.untilMs <= nowMs) line.turn = undefined;
    const [first] = line.places;
    if (leftMs <= 0 && line.turn === undefined && first !== undefined) {
      line.turn = { id: first.waiter.id, untilMs: nowMs + turnMs };
      this.#leave(first);
      first.waiter.tell('FREE');
    }
    if (line.turn !== undefined) this.#looks.set(line, line.turn.untilMs);
    else if (line.places.length > 0) this.#looks.set(line, nowMs + leftMs);
    else this.#forgetIfEmpty(line);
  }

  #leave(place: Place): void {
    const { line } = place;
    line.places.splice(line.places.indexOf(place), 1);
    this.#timeouts.remove(place);
    this.#forgetIfEmpty(line);
  }

  #forgetIfEmpty(line: Line): void {
    if (line.places.length > 0 || line.turn !== undefined) return;
    this.#looks.remove(line);
    this.#lines.delete(line.resource);
  }
}

function goesBefore(one: Waiter, other: Waiter): boolean {
  const laterMs = one.sinceMs - other.sinceMs;
  return Math.abs(laterMs) > togetherMs ? laterMs < 0 : one.id < other.id;
}
