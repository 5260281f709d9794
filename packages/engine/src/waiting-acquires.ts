/**
 * Acquires in the queues of the state machine, by session, request and name: mostly one of each, and as many copies of one
 * as a client sends.
 *
 * COPIES-1: one comes and goes at the same cost, however many copies of it there are.
 */
import { RenewedMap } from '@holdfast/protocol';

export class WaitingAcquires<Acquire extends object> {
  #byKey = new RenewedMap<string, Acquire | Set<Acquire>>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(key: string, acquire: Acquire): void {
    const found = this.#byKey.get(key);
    if (found === undefined) this.#byKey.set(key, acquire);
    else if (found instanceof Set) found.add(acquire);
    else this.#byKey.set(key, new Set([found, acquire]));
    this.#count += 1;
  }

  /** Of one that is not there, nothing. COPIES-1. */
  remove(key: string, acquire: Acquire): void {
    const found = this.#byKey.get(key);
    if (found instanceof Set) {
      if (!found.delete(acquire)) return;
      if (found.size === 0) this.#byKey.delete(key);
    } else {
      if (found !== acquire) return;
      this.#byKey.delete(key);
    }
    this.#count -= 1;
  }

  /** They are here no more. @returns One, or its copies in the order in which they came. */
  take(key: string): Acquire | ReadonlySet<Acquire> | undefined {
    const found = this.#byKey.get(key);
    if (found === undefined) return undefined;
    this.#byKey.delete(key);
    this.#count -= found instanceof Set ? found.size : 1;
    return found;
  }

  /** All are here no more. */
  takeAll(): Iterable<Acquire> {
    const all = this.#byKey;
    this.#byKey = new RenewedMap();
    this.#count = 0;
    return eachOf(all.values());
  }
}

function* eachOf<Acquire extends object>(
  entries: Iterable<Acquire | ReadonlySet<Acquire>>,
): Generator<Acquire, void, undefined> {
  for (const entry of entries)
    if (entry instanceof Set) yield* entry as ReadonlySet<Acquire>;
    else yield entry as Acquire;
}
