/**
 * Snapshots: the tables as of one moment, pulled chunk by chunk while commands go on. How they are read
 * is in restore.ts.
 *
 * SNAP-1: a record that changes before it was written is encoded as it was, first (copy on write), and
 *     written in its place. A record that came to be after the snapshot began is not in it.
 * SNAP-2: at most one snapshot is being taken. What is kept for it goes as it is written or given up.
 * SNAP-3: the first line names the format and its version, the last one tells the number of lines and
 *     their hash: what is cut off or damaged is refused, never restored in part.
 * SNAP-4: see ties.ts.
 * SNAP-5: equal states give equal bytes: records stand in the order of the tables, which restoring keeps,
 *     whatever happens while the snapshot is pulled.
 * SNAP-6: no call takes longer than some milliseconds, however large the state is. What begins a
 *     snapshot copies references, which is 10 ms for a million of them.
 */
import { TextHash } from './digest.ts';
import { invariant } from './invariant.ts';
import {
  encodeEndedHold,
  encodeOrder,
  encodePlace,
  encodeSession,
  encodeTombstone,
} from './records.ts';
import type { SessionOrder } from './records.ts';
import type { Session } from './sessions.ts';
import type { Keeper, Place, Tables } from './tables.ts';
import { orderOf } from './ties.ts';
import type { StateLimits } from './contract.ts';

/** In the order of the header. New ones go to the end, with the version that brought them in restore.ts. */
export const limitNames: readonly (keyof StateLimits)[] = [
  'maxSessions',
  'maxHoldsPerSession',
  'maxWaitersPerResource',
  'maxLocks',
  'maxSemaphores',
  'maxElections',
  'maxBarriers',
  'maxLatches',
  'maxResultsPerSession',
  'maxHoldsPerResource',
];
export const formatName = 'holdfast-state';
export const formatVersion = 4;
/** No chunk is larger. */
export const maxChunkBytes: number = 256 * 1024;
/** Lines are gathered up to this length before they are encoded. */
const gatheredLength = 64 * 1024;

type Lines = Iterator<string, void, undefined>;

/** A record as it was, not written yet. */
interface Kept {
  lines: Lines;
  readonly order: SessionOrder | undefined;
}

/** What the snapshot is made of: live tables, or references to their records as of one moment. */
interface Source {
  readonly header: string;
  readonly tombstones: readonly Iterable<string>[];
  readonly sessions: Iterable<Session>;
  readonly places: Iterable<Iterable<Place>>;
}

function encodeHeader(tables: Tables): string {
  return JSON.stringify([
    formatName,
    formatVersion,
    tables.index,
    tables.timeMs,
    tables.fenceCounter,
    tables.sequence,
    tables.expiredSessions,
    tables.totalSessions,
    ...limitNames.map((name) => tables.limits[name]),
  ]);
}

function tombstones(tables: Tables): readonly Iterable<string>[] {
  const ended = tables.ended.entries();
  const ownEnded = tables.ownEnded.entries();
  const endedHolds = tables.endedHolds.entries();
  return [
    told(ended, ([id, tombstone]) => encodeTombstone('ended', id, tombstone)),
    told(ownEnded, ([id, tombstone]) => encodeTombstone('own_ended', id, tombstone)),
    told(endedHolds, ([, hold]) => encodeEndedHold(hold)),
  ];
}

function* told<Record>(
  records: Iterable<Record>,
  tell: (record: Record) => string,
): Generator<string, void, undefined> {
  for (const record of records) yield tell(record);
}

export class SnapshotWriter implements Keeper, IterableIterator<Uint8Array> {
  readonly #tables: Tables;
  readonly #number: number;
  readonly #encoder = new TextEncoder();
  readonly #ready: Uint8Array[] = [];
  #lines: Lines;
  /** SNAP-1. */
  #kept = new Map<Session | Place, Kept>();
  /** The record that is being written, and what is left of it. */
  #open: { readonly record: Session | Place; readonly kept: Kept } | undefined = undefined;
  /** Holds and waits that were walked since the last chunk began (SNAP-6). */
  #walked = 0;
  #ended = false;

  constructor(tables: Tables) {
    invariant(tables.keeper === undefined, 'SNAP-2: one snapshot is taken at a time.');
    tables.pictureNumber += 1;
    tables.keeper = this;
    this.#tables = tables;
    this.#number = tables.pictureNumber;
    const { sessions, pools, semaphores, elections, barriers, latches } = tables;
    const all = [pools, semaphores, elections, barriers, latches];
    this.#lines = this.#write({
      header: encodeHeader(tables),
      tombstones: tombstones(tables),
      sessions: Array.from(sessions.values()),
      places: all.map((places): readonly Place[] => Array.from<Place>(places.values())),
    });
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<Uint8Array, undefined> {
    if (this.#ready.length === 0 && !this.#ended) this.#gather();
    const value = this.#ready.shift();
    return value === undefined ? { done: true, value: undefined } : { done: false, value };
  }

  /** The reader wants no more of it. */
  return(): IteratorResult<Uint8Array, undefined> {
    this.#ready.length = 0;
    this.#end();
    return { done: true, value: undefined };
  }

  /** SNAP-1. */
  keepSession(session: Session): void {
    this.#keep(session, () => this.#sessionAsItIs(session));
  }

  /** SNAP-1. */
  keepPlace(place: Place): void {
    this.#keep(place, () => ({ lines: encodePlace(place), order: undefined }));
  }

  #keep(record: Session | Place, asItIs: () => Kept): void {
    record.pictured = this.#number;
    const open = this.#open?.record === record ? this.#open.kept : undefined;
    const kept = open ?? asItIs();
    kept.lines = rest(kept.lines);
    if (open === undefined) this.#kept.set(record, kept);
  }

  #sessionAsItIs(session: Session): Kept {
    this.#walked += session.load;
    const order = orderOf(session);
    return { lines: encodeSession(session, order === undefined), order };
  }

  #end(): void {
    this.#ended = true;
    this.#kept = new Map();
    this.#open = undefined;
    this.#lines = [].values();
    if (this.#tables.keeper === this) this.#tables.keeper = undefined;
  }

  #gather(): void {
    let text = '';
    this.#walked = 0;
    while (text.length + this.#walked < gatheredLength) {
      const line = this.#lines.next();
      if (line.done === true) {
        this.#end();
        break;
      }
      text += `${line.value}\n`;
    }
    const bytes = this.#encoder.encode(text);
    for (let start = 0; start < bytes.length; start += maxChunkBytes) {
      this.#ready.push(bytes.subarray(start, start + maxChunkBytes));
    }
  }

  *#write(source: Source): Generator<string, void, undefined> {
    const hash = new TextHash();
    let count = 0;
    for (const line of this.#records(source)) {
      hash.add(line);
      count += 1;
      yield line;
    }
    yield JSON.stringify(['end', count, hash.digest()]); // SNAP-3
  }

  *#records(source: Source): Generator<string, void, undefined> {
    yield source.header;
    for (const lines of source.tombstones) yield* lines;
    // Sessions before places: holds and waits are tied to them as they are read.
    const orders: SessionOrder[] = [];
    for (const session of source.sessions) {
      const kept = this.#taken(session) ?? this.#sessionAsItIs(session);
      if (kept.order !== undefined) orders.push(kept.order);
      yield* this.#linesOf(session, kept);
    }
    for (const places of source.places)
      for (const place of places) {
        const kept = this.#taken(place) ?? { lines: encodePlace(place), order: undefined };
        yield* this.#linesOf(place, kept);
      }
    for (const order of orders) yield* encodeOrder(order);
  }

  #taken(record: Session | Place): Kept | undefined {
    const kept = this.#kept.get(record);
    if (kept !== undefined) this.#kept.delete(record);
    return kept;
  }

  /** A record may change while it is being written: what is left of it is kept then. */
  *#linesOf(record: Session | Place, kept: Kept): Generator<string, void, undefined> {
    this.#open = { record, kept };
    for (let line = kept.lines.next(); line.done !== true; line = kept.lines.next())
      yield line.value;
    record.pictured = this.#number;
    this.#open = undefined;
  }
}

function rest(lines: Lines): Lines {
  const left: string[] = [];
  for (let line = lines.next(); line.done !== true; line = lines.next()) left.push(line.value);
  return left.values();
}

/**
 * A hash of everything that must be equal on all nodes at the same index: of the lines of a snapshot. One
 * pass over the whole state: for tests and the simulator, not for a node that works.
 */
export function digestOf(tables: Tables): string {
  const hash = new TextHash();
  const orders: SessionOrder[] = [];
  hash.add(encodeHeader(tables));
  for (const lines of tombstones(tables)) for (const line of lines) hash.add(line);
  for (const session of tables.sessions.values()) {
    const order = orderOf(session);
    if (order !== undefined) orders.push(order);
    for (const line of encodeSession(session, order === undefined)) hash.add(line);
  }
  for (const place of tables.allPlaces()) for (const line of encodePlace(place)) hash.add(line);
  for (const order of orders) for (const line of encodeOrder(order)) hash.add(line);
  return hash.digest();
}
