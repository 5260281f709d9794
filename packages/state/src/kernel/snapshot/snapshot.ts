/**
 * Snapshots: the tables as of one moment, pulled chunk by chunk while commands go on. How they are read
 * is in restore.ts.
 *
 * SNAP-1: a record that changes before it was written is encoded as it was, first (copy on write), and
 *     written in its place. A record that came to be after the snapshot began is not in it.
 * SNAP-2: at most one snapshot is being taken. What is kept for it goes as it is written or cancelled.
 * SNAP-3: the first line names the format and its version, the last one tells the number of lines and
 *     their hash: what is cut off or damaged is refused, never restored in part.
 * How sessions of one time are ordered: SNAP-4 of ties.ts.
 * SNAP-5: equal states give equal bytes: records stand in the order of the tables, which restoring keeps,
 *     whatever happens while the snapshot is pulled.
 * SNAP-6: no call takes longer than some milliseconds, however large the state is. The holds and waits of a session that are
 *     walked without a line of it count for the chunk as its text does, so that a chunk may be empty. Beginning a snapshot copies
 *     what is bounded (holds that others ended) and marks the maps, which copy their references shard by shard, when a
 *     shard changes or is reached (SHARD-2). What each queue has is not even marked (QCAP-1).
 * SNAP-7: a state that came by a snapshot of version 3 is marked, and so are its snapshots: that version wrote
 *     records that changed meanwhile first, so the order of its tables is not that of a node that came by
 *     the log. What it does and answers depends on no such order; its bytes are not to be compared. The
 *     mark stays: what it costs is the comparison alone, and a state from a node without it has none.
 */
import { TextHash } from './digest.ts';
import type { EndedSessions, Tombstone } from '../sessions/ended-sessions.ts';
import { invariant } from '../invariant.ts';
import { levelOfLimit, primitiveDeclarations } from '../../primitives/declared.ts';
import { encoders } from '../../primitives/table.ts';
import type { RememberedPush } from '../../primitives/queue/dedup-pages.ts';
import { captureAccess } from '../../primitives/access/records.ts';
import { CapturedQueues } from '../../primitives/queue/captures.ts';
import { encodeDedup } from '../../primitives/queue/records.ts';
import { limitsWithin } from '../command-fields.ts';
import {
  copySession,
  encodeEndedHold,
  encodeOrder,
  encodeSession,
  encodeTombstone,
  releaseSession,
} from './session-records.ts';
import type { SessionOrder, SessionRecord } from './session-records.ts';
import { hashOfNumber, hashOfText } from '../collections/hash.ts';
import { OrderedMap } from '../collections/ordered-map.ts';
import type { Reader } from '../collections/ordered-map.ts';
import type { Pool, Session } from '../../primitives/holds/pool.ts';
import type { Keeper, Place, Tables } from '../tables.ts';
import { orderOf } from './ties.ts';
import type { StateLimits } from '../limits.ts';
import type { JsonValue } from '../names.ts';

/** Of primitives, by the feature level that brought them. */
function namesOfLimits(isWanted: (level: number) => boolean): readonly (keyof StateLimits)[] {
  return primitiveDeclarations
    .filter((declared) => isWanted(levelOfLimit(declared)))
    .map(({ limit }) => limit.name);
}

/** In the order of the header, with the version that brought them in restore.ts. */
export const limitNames: readonly (keyof StateLimits)[] = [
  'maxSessions',
  'maxHoldsPerSession',
  'maxWaitersPerResource',
  ...namesOfLimits((level) => level === 1),
  'maxResultsPerSession',
  'maxHoldsPerResource',
  'maxWorkPerEntry',
  'maxRememberedSessions',
  'maxRememberedBytes',
  'maxSessionsPerCaller',
  'maxWaitsPerSession',
  'maxMetadataBytesPerSession',
  'maxResultBytesPerSession',
];
/** At the end of the header, as a list that grows: a header may have fewer of them, or none (LIMIT-1). */
export const laterLimitNames: readonly (keyof StateLimits)[] = [
  'maxHoldsPerCaller',
  'maxWaitsPerCaller',
  'maxMetadataBytesPerCaller',
  'maxResultBytesPerCaller',
  'maxRememberedSessionsPerCaller',
  'maxRememberedBytesPerCaller',
  'maxQueues',
  'maxMessages',
  'maxMessagesPerQueue',
  'maxMessageBytes',
  'maxMessageBytesPerQueue',
  'maxDedupIds',
  ...namesOfLimits((level) => level > 1),
  'maxCacheBytes',
];
export const formatName = 'holdfast-state';
export const formatVersion = 5;
/** No chunk is larger. */
export const maxChunkBytes: number = 256 * 1024;
/** Lines are gathered up to this length before they are encoded: some 100 locks, which allocate 200 KiB. */
const gatheredLength = 16 * 1024;
/** To walk past a hold takes as long as so many characters of a line. */
const charactersPerWalked = 16;

/** What the snapshot is made of: live tables, or references to their records as of one moment. */
interface Source {
  readonly header: string;
  readonly tombstones: readonly Iterable<string>[];
  readonly sessions: readonly Iterable<Session>[];
  readonly places: readonly Iterable<Place>[];
  readonly unsettled: Iterable<Pool>;
  readonly shrunk: Iterable<Pool>;
  readonly dedup: Iterable<RememberedPush>;
  readonly access: Iterable<string>;
}

/** A pool in which turns have come that did not fit into their entry, in their order (WORK-2). */
const encodeUnsettled = ({ kind, name }: Pool): string => JSON.stringify(['unsettled', kind, name]);

/** A semaphore of which not all waits for too much have ended, in their order (SHRINK-1). */
const encodeShrunk = ({ name }: Pool): string => JSON.stringify(['shrunk', name]);

const keptSessions = (): OrderedMap<Session, SessionRecord> =>
  new OrderedMap(({ id }) => hashOfText(id));
const keptPlaces = (): OrderedMap<Place, Iterable<string>> => new OrderedMap(hashOfPlace);

/** Records have a name, a key, or a number. */
function hashOfPlace(place: Place & { id?: number; key?: string; name?: string }): number {
  const { id, key, name = '' } = place;
  return id === undefined ? hashOfText(key ?? name) : hashOfNumber(id);
}

const encodePlace = (place: Place, reader?: Reader): Iterable<string> =>
  encoders[place.kind](place, reader);

/** SHARE-2. */
const refusedOf = ({ shares }: EndedSessions): JsonValue =>
  Array.from(shares.refused, ({ caller, throughMs, untilMs }) => [caller, throughMs, untilMs]);

/** AUDIT-CHAIN-1. Where it was never on nothing is told of it. */
function auditOf({ audit }: Tables): readonly JsonValue[] {
  const { isOn, size, head } = audit;
  return isOn || size > 0 ? [[isOn ? 1 : 0, size, head]] : [];
}

function encodeHeader(tables: Tables): string {
  const limits = limitsWithin(tables.limits, tables.featureLevel);
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
    tables.isComparable ? 1 : 0, // SNAP-7
    tables.leaderships.toNumbers(),
    tables.ended.refusedThroughMs,
    tables.ownEnded.refusedThroughMs,
    laterLimitNames.filter((name) => name in limits).map((name) => limits[name]),
    refusedOf(tables.ended),
    refusedOf(tables.ownEnded),
    tables.featureLevel,
    ...auditOf(tables),
  ]);
}

/** @param ended, ownEnded Of now, or as they were captured. */
function tombstones(
  tables: Tables,
  ended: Iterable<Tombstone>,
  ownEnded: Iterable<Tombstone>,
): readonly Iterable<string>[] {
  const endedHolds = tables.endedHolds.entries();
  // As of now: more may be added while they are told.
  const latest = tables.ended.sequence;
  const latestOwn = tables.ownEnded.sequence;
  return [
    told(ended, (tombstone) => encodeTombstone('ended', tombstone, latest)),
    told(ownEnded, (tombstone) => encodeTombstone('own_ended', tombstone, latestOwn)),
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
  /** Of what sessions and barriers have. */
  readonly #reader: Reader = { isOver: false };
  /** Maps that keep for this snapshot what they had when it began. */
  #captured: readonly { release(): void }[];
  /** Between them numbers: how many holds and waits were walked (SNAP-6). */
  #lines: Iterator<string | number, void, undefined>;
  /** Records as they were when the snapshot began, which changed before they were written (SNAP-1). */
  #keptSessions = keptSessions();
  #keptPlaces = keptPlaces();
  /** For the holds and waits that were walked since the last chunk began, in characters (SNAP-6). */
  #walked = 0;
  #ended = false;

  constructor(tables: Tables) {
    invariant(tables.keeper === undefined, 'SNAP-2: one snapshot is taken at a time.');
    tables.snapshotNumber += 1;
    tables.keeper = this;
    this.#tables = tables;
    this.#number = tables.snapshotNumber;
    const { sessions, ended, ownEnded } = tables;
    const places = Object.values(tables.places);
    const { byName, dedup } = tables.queues;
    const inQueues = new CapturedQueues(this.#number);
    tables.queues.snapshot = inQueues;
    const ending = tables.ending.capture();
    const unsettled = tables.unsettled.capture();
    const shrunk = tables.shrunk.capture();
    const inOrder = [ending, unsettled, shrunk];
    this.#captured = [sessions, ...places, byName, ended, ownEnded, ...inOrder, inQueues];
    this.#lines = this.#write({
      header: encodeHeader(tables),
      tombstones: tombstones(tables, ended.capture(), ownEnded.capture()),
      sessions: [sessions.capture(), ending],
      unsettled,
      shrunk,
      places: [...places.map((some) => some.capture()), inQueues.places(byName.capture())],
      dedup: dedup.capture(),
      access: captureAccess(tables.access),
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
    session.savedIn = this.#number;
    this.#keptSessions.set(session, copySession(session, this.#reader));
  }

  /** SNAP-1. */
  keepPlace(place: Place): void {
    place.savedIn = this.#number;
    this.#keptPlaces.set(place, encodePlace(place, this.#reader));
  }

  #end(): void {
    this.#ended = true;
    this.#reader.isOver = true;
    this.#keptSessions = keptSessions();
    this.#keptPlaces = keptPlaces();
    this.#lines.return?.();
    this.#lines = [].values();
    for (const map of this.#captured) map.release();
    this.#captured = [];
    if (this.#tables.keeper === this) {
      this.#tables.keeper = undefined;
      this.#tables.queues.snapshot = undefined;
    }
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
      if (typeof line.value === 'number') this.#walked += line.value * charactersPerWalked;
      else text += `${line.value}\n`;
    }
    const bytes = this.#encoder.encode(text);
    if (bytes.length === 0 && !this.#ended) this.#ready.push(bytes); // SNAP-6
    for (let start = 0; start < bytes.length; start += maxChunkBytes) {
      this.#ready.push(bytes.subarray(start, start + maxChunkBytes));
    }
  }

  *#write(source: Source): Generator<string | number, void, undefined> {
    const hash = new TextHash();
    let count = 0;
    for (const line of this.#records(source)) {
      if (typeof line === 'string') {
        hash.add(line);
        count += 1;
      }
      yield line;
    }
    yield JSON.stringify(['end', count, hash.digest()]); // SNAP-3
  }

  *#records(source: Source): Generator<string | number, void, undefined> {
    yield source.header;
    for (const lines of source.tombstones) yield* lines;
    // Sessions before places: holds and waits are tied to them as they are read.
    const orders: SessionOrder[] = [];
    for (const sessions of source.sessions)
      for (const session of sessions) {
        const record = this.#sessionOf(session);
        try {
          const order = yield* orderOf(record);
          if (order !== undefined) orders.push(order);
          yield* encodeSession(record, order === undefined);
        } finally {
          releaseSession(record);
        }
      }
    for (const places of source.places) for (const place of places) yield* this.#placeOf(place);
    yield* told(source.unsettled, encodeUnsettled);
    yield* told(source.shrunk, encodeShrunk);
    yield* told(source.dedup, encodeDedup);
    yield* source.access;
    for (const order of orders) yield* encodeOrder(order);
  }

  /** From here on it may change: it is written as it is now, or as it was. */
  #sessionOf(session: Session): SessionRecord {
    const kept = this.#keptSessions.get(session);
    this.#keptSessions.delete(session);
    session.savedIn = this.#number;
    return kept ?? copySession(session, this.#reader);
  }

  #placeOf(place: Place): Iterable<string> {
    const kept = this.#keptPlaces.get(place);
    this.#keptPlaces.delete(place);
    place.savedIn = this.#number;
    return kept ?? encodePlace(place, this.#reader);
  }
}

/** What a walk comes to, without a pause. */
function endOf<Result>(walk: Iterator<number, Result, undefined>): Result {
  for (;;) {
    const step = walk.next();
    if (step.done === true) return step.value;
  }
}

/**
 * A hash of everything that must be equal on all nodes at the same index: of the lines of a snapshot. One
 * pass over the whole state: for tests and the simulator, not for a node that works.
 */
export function digestOf(tables: Tables): string {
  const hash = new TextHash();
  const orders: SessionOrder[] = [];
  hash.add(encodeHeader(tables));
  const { ended, ownEnded } = tables;
  for (const lines of tombstones(tables, ended.values(), ownEnded.values()))
    for (const line of lines) hash.add(line);
  for (const session of tables.allSessions()) {
    const record = copySession(session);
    const order = endOf(orderOf(record));
    if (order !== undefined) orders.push(order);
    for (const line of encodeSession(record, order === undefined)) hash.add(line);
    releaseSession(record);
  }
  for (const place of tables.allPlaces()) for (const line of encodePlace(place)) hash.add(line);
  for (const pool of tables.unsettled.values()) hash.add(encodeUnsettled(pool));
  for (const pool of tables.shrunk.values()) hash.add(encodeShrunk(pool));
  for (const remembered of tables.queues.dedup.values()) hash.add(encodeDedup(remembered));
  for (const line of captureAccess(tables.access)) hash.add(line);
  for (const order of orders) for (const line of encodeOrder(order)) hash.add(line);
  return hash.digest();
}
