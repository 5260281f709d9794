/** The blocked keys of one queue in order, so that a page of them costs what it shows. */
import { hashOfText } from '../../kernel/collections/hash.ts';
import { NameIndex } from '../../kernel/collections/name-index.ts';
import { OrderedMap } from '../../kernel/collections/ordered-map.ts';
import type { ResourceName } from '../../kernel/names.ts';

export class BlockedKeys<Lane extends { readonly key: string }> {
  readonly #keys = new NameIndex();
  readonly #lanes = new OrderedMap<string, Lane>(hashOfText);

  get size(): number {
    return this.#lanes.size;
  }

  add(lane: Lane): void {
    if (this.#lanes.has(lane.key)) return;
    this.#lanes.set(lane.key, lane);
    this.#keys.add(lane.key as ResourceName);
  }

  remove({ key }: Lane): void {
    if (!this.#lanes.delete(key)) return;
    this.#keys.remove(key as ResourceName);
  }

  /** Those behind this key; all when absent. */
  *after(key: string | undefined): Generator<Lane, void, undefined> {
    for (const found of this.#keys.from(key ?? '')) {
      const lane = found === key ? undefined : this.#lanes.get(found);
      if (lane !== undefined) yield lane;
    }
  }
}
