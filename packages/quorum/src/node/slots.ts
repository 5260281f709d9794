/**
 * The names of the rows of a lease node in an order that their use does not change.
 *
 * SLOTS-1: a name stays in its slot for as long as it is known, so that a reading over many turns of the event loop passes each name
 *     that is known throughout, once, however often its row is changed meanwhile. A slot that became free is used again.
 */
export class Slots {
  readonly #names: (string | undefined)[] = [];
  readonly #free: number[] = [];

  /** @returns The slot of the name from now on. */
  add(name: string): number {
    const slot = this.#free.pop() ?? this.#names.length;
    this.#names[slot] = name;
    return slot;
  }

  remove(slot: number): void {
    this.#names[slot] = undefined;
    this.#free.push(slot);
  }

  /** Undefined for a slot that is free. What is added behind the others meanwhile is not passed: a reading has an end. */
  *names(): Generator<string | undefined, void, undefined> {
    const end = this.#names.length;
    for (let slot = 0; slot < end; slot += 1) yield this.#names[slot];
  }
}
