/**
 * The latest events of this node, for those who watch: what they have seen is a position, and they go
 * on from it here or on any other node, since all apply the same entries in the same order.
 *
 * FEED-1: events are read in the order of the log, none is left out: where some are no longer kept, the
 *     reader is told `compacted` and nothing else.
 * FEED-2: the memory is bounded by a number of events; the oldest entries go first.
 * FEED-3: a page is bounded by a number of events and by what they weigh.
 * FEED-4: who waits for an event is called in the order of events and of subscriptions, a slice a turn (SLICE-2):
 *     a barrier may open for 100,000 at once. Nobody is called about what came before it subscribed, nor
 *     after it unsubscribed.
 */
import type { Engine } from '@holdfast/engine';
import { TurnSlices } from '@holdfast/engine/parts';
import type { WatchEvent } from '@holdfast/protocol';
import type { Event } from '@holdfast/state';
import type { Position } from './position.ts';
import { readPosition } from './position.ts';
import { keysOf, wireEvents } from './wire-events.ts';

interface Entry {
  readonly revision: number;
  readonly events: readonly Event[];
  readonly wallMs: number | undefined;
  /** Made when first read. */
  wire: readonly WatchEvent[] | undefined;
}

export interface Page {
  readonly events: readonly WatchEvent[];
  /** Behind the last event that was looked at. */
  readonly position: Position;
  readonly more: boolean;
}

/** A page ends behind the event that makes it as large as this. */
const maxPageBytes = 1024 * 1024;
const valueBytes = 1024;

/** What an event may take on the wire: a UTF-16 unit is at most three bytes of UTF-8. */
const weightOf = ({ resource, client_id = '', note = '', value }: WatchEvent): number =>
  300 +
  3 * (resource.length + client_id.length + note.length) +
  (value === undefined ? 0 : valueBytes);

export type Wants = (event: WatchEvent) => boolean;
/** The key of every event. */
export const everything = '*';
export type RawListener = (event: Event) => void;

const behind = (revision: number): Position => ({ revision, number: Number.POSITIVE_INFINITY });

export class EventFeed {
  readonly #capacity: number;
  /** A queue: entries before `#first` have been dropped. */
  #entries: Entry[] = [];
  #first = 0;
  #count = 0;
  /** Everything after this revision is kept. */
  #startsAfter: number;
  #last: number;
  readonly #readers = new Set<() => void>();
  readonly #raw = new Map<string, Set<RawListener>>();
  readonly #gaps = new Set<() => void>();
  readonly #calls: TurnSlices = new TurnSlices({
    endOfTurn: (callback) => void setImmediate(callback),
  });
  readonly #unsubscribes: readonly (() => void)[];

  /** @param capacity How many events are kept, at least. */
  constructor(engine: Engine, capacity: number) {
    this.#capacity = capacity;
    this.#startsAfter = engine.status().appliedIndex;
    this.#last = this.#startsAfter;
    this.#unsubscribes = [
      engine.onEvents((revision, events, wallMs) => this.#take(revision, events, wallMs)),
      engine.onGap((revision) => this.#skipTo(revision)),
    ];
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribes) unsubscribe();
  }

  /** Behind the latest event. */
  get position(): Position {
    return behind(this.#last);
  }

  /** How many follow the feed. */
  get readers(): number {
    return this.#readers.size;
  }

  /** Calls back after new events, and when some were lost. */
  onChange(reader: () => void): () => void {
    this.#readers.add(reader);
    return () => this.#readers.delete(reader);
  }

  /**
   * Calls back with each event about one of these things as it is applied (`keysOf`); `gap` where some
   * may have been missed.
   */
  onRaw(keys: readonly string[], listener: RawListener, gap: () => void): () => void {
    for (const key of keys) {
      const listeners = this.#raw.get(key) ?? new Set<RawListener>();
      this.#raw.set(key, listeners.add(listener));
    }
    this.#gaps.add(gap);
    return () => {
      for (const key of keys) {
        const listeners = this.#raw.get(key);
        listeners?.delete(listener);
        if (listeners?.size === 0) this.#raw.delete(key);
      }
      this.#gaps.delete(gap);
    };
  }

  /** How many wait on this node for events about one thing (`keysOf`). */
  listenersTo(key: string): number {
    return this.#raw.get(key)?.size ?? 0;
  }

  /**
   * Events after a position, at most `limit`, and fewer where they are large; those that are not wanted count as looked at. A position
   * that this node has not come to yet has none (POSITION-2).
   *
   * @returns `compacted` where some after it are no longer kept (FEED-1).
   */
  read(after: Position, wants: Wants, limit: number): Page | 'compacted' {
    if (after.revision < this.#startsAfter) return 'compacted';
    const found: WatchEvent[] = [];
    let bytes = 0;
    for (let index = this.#indexAt(after.revision); index < this.#entries.length; index++) {
      const entry = this.#entries[index];
      if (entry === undefined) break;
      entry.wire ??= wireEvents(entry.revision, entry.events, entry.wallMs);
      for (const event of entry.wire) {
        if (entry.revision === after.revision && numberOf(event) <= after.number) continue;
        if (!wants(event)) continue;
        if (found.length === limit || bytes >= maxPageBytes)
          return { events: found, position: positionOf(found.at(-1)) ?? after, more: true };
        found.push(event);
        bytes += weightOf(event); // FEED-3
      }
    }
    // A node that is behind where the reader has been must not send it back.
    const position = after.revision > this.#last ? after : behind(this.#last);
    return { events: found, position, more: false };
  }

  /** The latest events that are wanted, at most `limit`, oldest first. */
  latest(wants: Wants, limit: number): readonly WatchEvent[] {
    const found: WatchEvent[] = [];
    let bytes = 0;
    for (let index = this.#entries.length - 1; index >= this.#first; index--) {
      const entry = this.#entries[index];
      if (entry === undefined) break;
      entry.wire ??= wireEvents(entry.revision, entry.events, entry.wallMs);
      for (const event of entry.wire.toReversed()) {
        if (found.length === limit || bytes >= maxPageBytes) return found.toReversed();
        if (!wants(event)) continue;
        found.push(event);
        bytes += weightOf(event);
      }
    }
    return found.toReversed();
  }

  #take(revision: number, events: readonly Event[], wallMs: number | undefined): void {
    // Nobody is told of them: they push nothing else out of memory.
    const kept = events.filter(({ type }) => type !== 'queue_ready' && type !== 'access_changed');
    this.#entries.push({ revision, events: kept, wallMs, wire: undefined });
    this.#last = revision;
    this.#count += kept.length;
    while (this.#count > this.#capacity && this.#first < this.#entries.length - 1) this.#drop(); // FEED-2
    if (this.#raw.size > 0) for (const event of events) this.#callListeners(event);
    for (const reader of this.#readers) reader();
  }

  /** FEED-4. */
  #callListeners(event: Event): void {
    for (const key of [...keysOf(event), everything]) {
      const listeners = this.#raw.get(key);
      if (listeners !== undefined)
        this.#calls.add(callsOf(listeners, (listener) => listener(event)));
    }
  }

  #drop(): void {
    const dropped = this.#entries[this.#first];
    if (dropped === undefined) return;
    this.#startsAfter = dropped.revision;
    this.#count -= dropped.events.length;
    this.#first += 1;
    if (this.#first < 1024 || this.#first * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#first);
    this.#first = 0;
  }

  /** FEED-1: the state came from a snapshot; what led to it is not known here. */
  #skipTo(revision: number): void {
    this.#entries = [];
    this.#first = 0;
    this.#count = 0;
    this.#startsAfter = revision;
    this.#last = revision;
    this.#calls.add(callsOf(this.#gaps, (gap) => gap()));
    for (const reader of this.#readers) reader();
  }

  /** The first kept entry of this revision or a later one. */
  #indexAt(revision: number): number {
    let low = this.#first;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const entry = this.#entries[middle];
      if (entry !== undefined && entry.revision < revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Of those who listen now, and still do when their turn comes (FEED-4). */
function callsOf<T>(listeners: ReadonlySet<T>, call: (listener: T) => void): Iterable<() => void> {
  const now = [...listeners];
  return (function* () {
    for (const listener of now) if (listeners.has(listener)) yield () => call(listener);
  })();
}

const numberOf = ({ position }: WatchEvent): number => readPosition(position)?.number ?? 0;
const positionOf = (event: WatchEvent | undefined): Position | undefined =>
  event === undefined ? undefined : readPosition(event.position);
