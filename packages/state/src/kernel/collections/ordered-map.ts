/**
 * A Map that grows without a long pause, and whose values can be captured without copying them all at once. The entries
 * stand in segments in the order in which they came, each a Map of bounded size; where there is more than one segment an
 * index knows in which a key is.
 *
 * GROW-1: no operation moves more entries than a segment takes (`segmentLength`), or a leaf of the index has
 *     (INDEX-1), however many there are.
 * GROW-2: the order is that of a Map: as the keys came; one that is set again keeps its place. Reading on while entries come and go
 *     shows what a Map shows: none that has gone, and those that came. What is shown depends on nothing else, such as where
 *     a segment ends: nodes that have the same entries in other segments do the same.
 * GROW-3: what was captured is as of the moment of the capture, whatever comes and goes while it is read: a segment is copied
 *     when it changes for the first time after it, so that capturing costs a reference for each segment.
 * GROW-4: a segment takes no more than so many entries, those that have gone included, one in which nothing is left goes, and
 *     the only one is made anew every `renewedEvery` times that it becomes empty. The old tables of a Map point to those
 *     that took their place (V8), so that in one whose keys come and go all that ever was in it stays until a full
 *     collection.
 * GROW-5: with the second segment comes the index, and the keys of the first one enter it some at a time, with each key that is
 *     set: the shards of a map grow in step, so that all their first segments are full at nearly the same moment. Until
 *     they all are in it, the first segment is asked before the index.
 */
import { HashIndex } from './hash-index.ts';

/** Some tenths of a ms, when such a Map doubles. */
export const segmentLength = 2048;

/** Keys of the first segment that enter the index with each key that is set (GROW-5). */
const indexedAtOnce = 8;

/** Often enough that little stays; to make one each time would cost more than it gains. */
const renewedEvery = 8;

/** Who reads what was captured, of one map or of many. */
export interface Reader {
  /** Nothing of it is read any more. */
  isOver: boolean;
}

/** What a segment had at one moment: made when it changes, or is read. */
class Kept<Value> {
  values: readonly Value[] | undefined = undefined;
  isWanted = true;
  readonly #reader: Reader | undefined;

  constructor(reader: Reader | undefined) {
    this.#reader = reader;
  }

  keep(map: ReadonlyMap<unknown, Value>): void {
    if (this.isWanted && this.#reader?.isOver !== true) this.values ??= Array.from(map.values());
  }
}

class Segment<Key, Value> {
  map: Map<Key, Value> = new Map<Key, Value>();
  /** Entries that came since the Map was made. */
  taken = 0;
  timesEmpty = 0;
  /** By which the index knows it. */
  number = 0;
  previous: Segment<Key, Value> | undefined;
  next: Segment<Key, Value> | undefined = undefined;
  /** Of the latest capture, until it has its values. */
  kept: Kept<Value> | undefined = undefined;

  constructor(previous: Segment<Key, Value> | undefined) {
    this.previous = previous;
  }

  /** It is about to change (GROW-3). */
  keep(): void {
    if (this.kept === undefined) return;
    this.kept.keep(this.map);
    this.kept = undefined;
  }

  renew(): void {
    this.map = new Map<Key, Value>();
    this.taken = 0;
  }
}

/** A segment whose keys enter the index, and those that are in it (GROW-5). */
interface Entering<Key, Value> {
  readonly segment: Segment<Key, Value>;
  readonly keys: Iterator<Key>;
  readonly entered: Set<Key>;
}

/** The values that a map had at one moment. */
export class Captured<Value> implements Iterable<Value> {
  readonly #parts: readonly (readonly [Segment<unknown, Value>, Kept<Value>])[];
  readonly size: number;

  constructor(parts: readonly (readonly [Segment<unknown, Value>, Kept<Value>])[], size: number) {
    this.#parts = parts;
    this.size = size;
  }

  *[Symbol.iterator](): Generator<Value, void, undefined> {
    for (const [segment, kept] of this.#parts) {
      kept.values ??= Array.from(segment.map.values());
      yield* kept.values;
    }
  }

  /** It is not read any more. */
  release(): void {
    for (const [, kept] of this.#parts) {
      kept.isWanted = false;
      kept.values = [];
    }
  }
}

/** Of those who read only. */
export interface ReadableMap<Key, Value> {
  readonly size: number;
  get(key: Key): Value | undefined;
  has(key: Key): boolean;
  values(): Iterable<Value>;
  capture(reader?: Reader): Captured<Value>;
}

export class OrderedMap<Key, Value> implements ReadableMap<Key, Value> {
  readonly #hashOf: (key: Key) => number;
  #first: Segment<Key, Value> | undefined = undefined;
  #last: Segment<Key, Value> | undefined = undefined;
  /** Where there is more than one segment. */
  #index: HashIndex<Key, Segment<Key, Value>> | undefined = undefined;
  /** The segment of which not all keys are in the index yet (GROW-5). */
  #entering: Entering<Key, Value> | undefined = undefined;
  #size = 0;

  /** @param hashOf Different keys are to have different hashes, most of them (INDEX-1). */
  constructor(hashOf: (key: Key) => number) {
    this.#hashOf = hashOf;
  }

  get size(): number {
    return this.#size;
  }

  get(key: Key): Value | undefined {
    return this.#segmentOf(key)?.map.get(key);
  }

  has(key: Key): boolean {
    return this.#segmentOf(key)?.map.has(key) === true;
  }

  set(key: Key, value: Value): this {
    const last = this.#last;
    if (this.#index !== undefined || last === undefined || last.taken >= segmentLength) {
      this.#setAmongMany(key, value);
      return this;
    }
    last.keep();
    const sizeBefore = last.map.size;
    last.map.set(key, value);
    if (last.map.size === sizeBefore) return this; // GROW-2
    last.taken += 1;
    this.#size += 1;
    return this;
  }

  #setAmongMany(key: Key, value: Value): void {
    const last = this.#lastWithRoom();
    const known = this.#index === undefined ? undefined : this.#segmentOf(key);
    const segment = known ?? last;
    this.#enterSome();
    segment.keep();
    segment.map.set(key, value);
    if (known !== undefined) return; // GROW-2
    this.#index?.add(key, segment);
    segment.taken += 1;
    this.#size += 1;
  }

  /** @returns Whether it was there. */
  delete(key: Key): boolean {
    const segment = this.#segmentOf(key);
    if (segment === undefined) return false;
    segment.keep();
    if (!segment.map.delete(key)) return false;
    if (this.#entering?.segment !== segment || this.#entering.entered.delete(key))
      this.#index?.delete(key, segment);
    this.#size -= 1;
    if (segment.map.size === 0) this.#emptied(segment);
    return true;
  }

  /** The key that came first. */
  firstKey(): Key | undefined {
    // Only the last segment may be empty.
    for (const key of this.#first?.map.keys() ?? []) return key;
    return undefined;
  }

  *keys(): Generator<Key, void, undefined> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): Generator<Value, void, undefined> {
    for (let segment = this.#first; segment !== undefined; segment = segment.next)
      // One that was made anew meanwhile may have entries again (GROW-2).
      for (let read: unknown; read !== segment.map;) {
        read = segment.map;
        yield* segment.map.values();
      }
  }

  *entries(): Generator<[Key, Value], void, undefined> {
    for (let segment = this.#first; segment !== undefined; segment = segment.next)
      for (let read: unknown; read !== segment.map;) {
        read = segment.map;
        yield* segment.map;
      }
  }

  /**
   * As of now, in order. One that was captured before and is still wanted gets its copies now.
   *
   * @param reader Whose end releases what it captured, of however many maps, at once.
   */
  capture(reader?: Reader): Captured<Value> {
    const parts: (readonly [Segment<Key, Value>, Kept<Value>])[] = [];
    for (let segment = this.#first; segment !== undefined; segment = segment.next) {
      segment.keep();
      const kept = new Kept<Value>(reader);
      segment.kept = kept;
      parts.push([segment, kept]);
    }
    return new Captured<Value>(parts, this.#size);
  }

  #segmentOf(key: Key): Segment<Key, Value> | undefined {
    if (this.#index === undefined) return this.#first;
    const entering = this.#entering?.segment;
    return entering?.map.has(key) === true ? entering : this.#index.get(key); // GROW-5
  }

  /** GROW-5 */
  #enterSome(): void {
    const entering = this.#entering;
    if (entering === undefined) return;
    for (let count = 0; count < indexedAtOnce; count++) {
      const next = entering.keys.next();
      if (next.done === true) {
        this.#entering = undefined;
        return;
      }
      this.#index?.add(next.value, entering.segment);
      entering.entered.add(next.value);
    }
  }

  #lastWithRoom(): Segment<Key, Value> {
    const last = this.#last;
    if (last === undefined) return (this.#first = this.#last = new Segment<Key, Value>(undefined));
    if (last.taken < segmentLength) return last;
    if (last.map.size === 0) {
      last.keep();
      last.renew();
      return last;
    }
    const next = new Segment<Key, Value>(last); // GROW-1
    last.next = next;
    this.#last = next;
    if (this.#index === undefined) {
      this.#index = new HashIndex<Key, Segment<Key, Value>>(this.#hashOf);
      this.#index.addSegment(last);
      this.#entering = { segment: last, keys: last.map.keys(), entered: new Set<Key>() };
    }
    this.#index.addSegment(next);
    return next;
  }

  /** GROW-4. The last one stays, so that who reads it is shown what comes. */
  #emptied(segment: Segment<Key, Value>): void {
    const { previous, next } = segment;
    if (next === undefined) {
      segment.timesEmpty = (segment.timesEmpty + 1) % renewedEvery;
      if (segment.timesEmpty === 0) segment.renew();
      return;
    }
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    next.previous = previous;
    segment.renew(); // Whoever stands there finds the next one.
    this.#index?.removeSegment(segment);
    if (this.#entering?.segment === segment) this.#entering = undefined;
    if (this.#first === this.#last) {
      this.#index = undefined;
      this.#entering = undefined;
    }
  }
}
