/**
 * What becomes due by the passing of time, earliest first.
 *
 * LEASE-DUE-1: a member is in here at most once, under its latest time.
 * LEASE-DUE-2: to put, move or remove one costs a number of steps that grows with the logarithm of how many there are.
 *
 * Members know their place: one that leaves before its time leaves at once.
 */
export interface Due {
  /** Changed by `DueTimes` alone. */
  dueMs: number;
  /** In the heap; -1: outside. */
  place: number;
}

export class DueTimes<T extends Due> {
  readonly #heap: T[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** When the first one is due; undefined: there is none. */
  get nextMs(): number | undefined {
    return this.#heap[0]?.dueMs;
  }

  /** Puts it in, or moves it (LEASE-DUE-1). */
  set(item: T, dueMs: number): void {
    this.remove(item);
    item.dueMs = dueMs;
    this.#rise(item, this.#heap.push(item) - 1);
  }

  /** Whether it is in or not. */
  remove(item: T): void {
    const { place } = item;
    if (place < 0) return;
    item.place = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === item) return;
    this.#sink(last, place);
    if (last.place === place) this.#rise(last, place);
  }

  /** Takes out what is due, earliest first: all of it, or so much. */
  takeDue(nowMs: number, most: number = Number.POSITIVE_INFINITY): T[] {
    const due: T[] = [];
    for (
      let [first] = this.#heap;
      first !== undefined && first.dueMs <= nowMs && due.length < most;
      [first] = this.#heap
    ) {
      this.remove(first);
      due.push(first);
    }
    return due;
  }

  #rise(item: T, from: number): void {
    let place = from;
    while (place > 0) {
      const parentPlace = (place - 1) >> 1;
      const parent = this.#heap[parentPlace];
      if (parent === undefined || parent.dueMs <= item.dueMs) break;
      this.#put(parent, place);
      place = parentPlace;
    }
    this.#put(item, place);
  }

  #sink(item: T, from: number): void {
    let place = from;
    for (;;) {
      let childPlace = place * 2 + 1;
      let child = this.#heap[childPlace];
      if (child === undefined) break;
      const other = this.#heap[childPlace + 1];
      if (other !== undefined && other.dueMs < child.dueMs) {
        child = other;
        childPlace += 1;
      }
      if (item.dueMs <= child.dueMs) break;
      this.#put(child, place);
      place = childPlace;
    }
    this.#put(item, place);
  }

  #put(item: T, place: number): void {
    this.#heap[place] = item;
    item.place = place;
  }
}
