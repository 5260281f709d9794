/**
 * What goes on is told when it changes, not each time it is met.
 *
 * TOLD-1: of each thing the same state is told once, until it is another one or is over; what is told of one thing
 *     says nothing of another.
 */
export class ToldOnce {
  readonly #told = new Map<string, string>();

  /** Whether it is new. @param what Of which thing: there are few of them. */
  isNew(what: string, state: string): boolean {
    if (this.#told.get(what) === state) return false;
    this.#told.set(what, state);
    return true;
  }

  /** All is well with it. @returns whether something else was told. */
  over(what: string): boolean {
    return this.#told.delete(what);
  }
}
