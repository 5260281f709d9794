/**
 * Virtual time: a queue of what happens when. Between two events the event loop is left to run dry, so
 * that every promise that the first one settled has had its consequences.
 */
interface Planned {
  readonly atMs: number;
  /** Of two at the same time the one planned first is first. */
  readonly order: number;
  act: (() => void) | undefined;
}

const earlier = (left: Planned, right: Planned): boolean =>
  left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order);

/** So many events without any time passing are a loop that would never end. */
const maxEventsAtOnce = 100_000;

export class Timeline {
  readonly #heap: Planned[] = [];
  #nowMs = 0;
  #nextOrder = 0;
  #events = 0;
  /** Events since time last went on. */
  #atOnce = 0;
  #failure: { readonly error: unknown } | undefined;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** How many events there have been. */
  get events(): number {
    return this.#events;
  }

  /** Plans; returns the cancel. */
  at(atMs: number, act: () => void): () => void {
    const planned: Planned = { atMs: Math.max(atMs, this.#nowMs), order: this.#nextOrder++, act };
    this.#push(planned);
    return () => {
      planned.act = undefined;
    };
  }

  after(delayMs: number, act: () => void): () => void {
    return this.at(this.#nowMs + Math.max(0, delayMs), act);
  }

  /** Ends the run with this error; the first one counts. */
  fail(error: unknown): void {
    this.#failure ??= { error };
  }

  /** Lets things happen until `untilMs`, or until `isOver` says so. Rejects with what any event threw. */
  run(untilMs: number, isOver: () => boolean = () => false): Promise<void> {
    return new Promise((resolve, reject) => {
      const step = (): void => {
        try {
          if (this.#failure !== undefined) {
            reject(this.#failure.error);
            return;
          }
          const next = isOver() ? undefined : this.#takeNext(untilMs);
          if (next === undefined) {
            resolve();
            return;
          }
          this.#atOnce = next.atMs > this.#nowMs ? 0 : this.#atOnce + 1;
          if (this.#atOnce > maxEventsAtOnce)
            throw new Error(`Something goes round and round at ${String(this.#nowMs)} ms.`);
          this.#nowMs = next.atMs;
          this.#events += 1;
          next.act?.();
        } catch (error) {
          reject(error);
          return;
        }
        setImmediate(step);
      };
      step();
    });
  }

  #takeNext(untilMs: number): Planned | undefined {
    for (;;) {
      const top = this.#heap[0];
      if (top === undefined || top.atMs > untilMs) {
        this.#nowMs = Math.max(this.#nowMs, untilMs);
        return undefined;
      }
      this.#pop();
      if (top.act !== undefined) return top;
    }
  }

  #push(planned: Planned): void {
    const heap = this.#heap;
    let position = heap.length;
    heap.push(planned);
    while (position > 0) {
      const parentPosition = (position - 1) >> 1;
      const parent = heap[parentPosition];
      if (parent === undefined || earlier(parent, planned)) break;
      heap[position] = parent;
      position = parentPosition;
    }
    heap[position] = planned;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let position = 0;
    for (;;) {
      let childPosition = 2 * position + 1;
      let child = heap[childPosition];
      if (child === undefined) break;
      const right = heap[childPosition + 1];
      if (right !== undefined && earlier(right, child)) {
        child = right;
        childPosition += 1;
      }
      if (earlier(last, child)) break;
      heap[position] = child;
      position = childPosition;
    }
    heap[position] = last;
  }
}
