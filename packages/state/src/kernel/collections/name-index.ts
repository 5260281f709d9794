/**
 * Names in order (by UTF-16 code unit), so that a page of a listing costs what it shows, however many
 * names there are: a list of leaves, each a sorted list of bounded length.
 *
 * NAMES-1: leaves are in order, none is empty, and none is longer than `maxLeafLength`: adding and
 *     removing moves the names of one leaf, and now and then the list of the leaves.
 * NAMES-2: those names are in it whose locks are held or waited for: a lock that only a lock delay keeps is not
 *     listed, and costs a listing nothing.
 */
import { invariant } from '../invariant.ts';
import type { ResourceName } from '../names.ts';

const maxLeafLength = 512;

export class NameIndex<Name extends string = ResourceName> {
  readonly #leaves: Name[][] = [];

  get isEmpty(): boolean {
    return this.#leaves.length === 0;
  }

  add(name: Name): void {
    const at = this.#leafOf(name);
    const leaf = this.#leaves[at];
    if (leaf === undefined) {
      this.#leaves.push([name]);
      return;
    }
    if (leaf.length < maxLeafLength) {
      leaf.splice(placeOf(leaf, name), 0, name);
      return;
    }
    // Names that come in order leave full leaves behind them.
    const isLast = at === this.#leaves.length - 1 && placeOf(leaf, name) === leaf.length;
    this.#leaves.splice(at + 1, 0, isLast ? [name] : leaf.splice(maxLeafLength / 2)); // NAMES-1
    if (!isLast) this.add(name);
  }

  remove(name: Name): void {
    const at = this.#leafOf(name);
    const leaf = this.#leaves[at];
    const place = leaf === undefined ? 0 : placeOf(leaf, name);
    invariant(leaf?.[place] === name, 'NAMES-1: a name that goes is there.', name);
    leaf.splice(place, 1);
    if (leaf.length === 0) this.#leaves.splice(at, 1); // NAMES-1
  }

  /** The names from `first` on, in order. Nothing may be added or removed meanwhile. */
  *from(first: string): Generator<Name, void, undefined> {
    let at = this.#leafOf(first);
    let leaf = this.#leaves[at];
    let place = leaf === undefined ? 0 : placeOf(leaf, first);
    for (; leaf !== undefined; leaf = this.#leaves[(at += 1)], place = 0)
      for (; place < leaf.length; place++) {
        const name = leaf[place];
        if (name !== undefined) yield name;
      }
  }

  /** The last leaf that begins with this name or before it; the first one where none does. */
  #leafOf(name: string): number {
    let low = 0;
    let high = this.#leaves.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const begin = this.#leaves[middle]?.[0];
      if (begin !== undefined && begin <= name) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }
}

/** Where a name stands in a sorted list, or would stand. */
function placeOf(sorted: readonly string[], name: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = sorted[middle];
    if (other !== undefined && other < name) low = middle + 1;
    else high = middle;
  }
  return low;
}
