/**
 * Which owner is the first for the next pop of a queue (RSTORE-6 of store.ts).
 *
 * TURNS-1: of more queues than are remembered the one that was remembered first is forgotten, and no other: else all of them would begin
 *     again with the same owner, each time.
 */
import { RenewedMap } from '@holdfast/protocol';

export class OwnerTurns {
  readonly #turns = new RenewedMap<string, number>();
  readonly #remembered: number;

  /** @param remembered So many queues at most. */
  constructor(remembered: number) {
    this.#remembered = remembered;
  }

  /**
   * The owners in the order in which they are asked, and the next one's turn.
   *
   * @param first Whose turn it is where nothing is remembered.
   */
  take(queue: string, owners: readonly string[], first: string): readonly string[] {
    const own = Math.max(0, owners.indexOf(first));
    const from = this.#turns.get(queue) ?? own;
    remember(this.#turns, queue, (from + 1) % Math.max(1, owners.length), this.#remembered);
    return [...owners.slice(from), ...owners.slice(0, from)];
  }
}

/** TURNS-1. */
export function remember<Value>(
  map: RenewedMap<string, Value>,
  key: string,
  value: Value,
  most: number,
): void {
  if (map.size >= most && !map.has(key)) map.deleteOldest();
  map.set(key, value);
}
