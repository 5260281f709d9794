/**
 * In which order answered operations are best tried, where their answers tell (as fencing tokens do). It
 * is a hint: what is out of turn is tried as well, last.
 */
export class Turns {
  /** The turn of an operation, from 0: those with the same ticket have the same. */
  readonly #turnOf = new Map<number, number>();
  /** How many operations of each turn are placed. */
  readonly #placed: number[];
  /** The first turn of which none is placed. */
  #next = 0;

  constructor(tickets: readonly (readonly [operation: number, ticket: number])[]) {
    const sorted = [...new Set(tickets.map(([, ticket]) => ticket))].sort((a, b) => a - b);
    const turns = new Map(sorted.map((ticket, turn) => [ticket, turn]));
    for (const [operation, ticket] of tickets) this.#turnOf.set(operation, turns.get(ticket) ?? 0);
    this.#placed = sorted.map(() => 0);
  }

  isTurnOf(operation: number): boolean {
    return (this.#turnOf.get(operation) ?? 0) <= this.#next;
  }

  place(operation: number): void {
    const turn = this.#turnOf.get(operation);
    if (turn === undefined) return;
    this.#placed[turn] = (this.#placed[turn] ?? 0) + 1;
    while ((this.#placed[this.#next] ?? 0) > 0) this.#next += 1;
  }

  takeBack(operation: number): void {
    const turn = this.#turnOf.get(operation);
    if (turn === undefined) return;
    const left = (this.#placed[turn] ?? 0) - 1;
    this.#placed[turn] = left;
    if (left === 0) this.#next = Math.min(this.#next, turn);
  }
}
