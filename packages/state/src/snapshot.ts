/**
 * Snapshots: a picture of the tables as of one moment, pulled chunk by chunk while commands go on.
 *
 * S1: a record that changes before it was written is saved as it was, first (copy on write). A
 *     record that came to be after the picture began is not in it.
 * S2: at most one picture is being taken; when another begins, the first is completed in memory.
 * S3: the first line names the format and its version, the last one tells the number of lines and
 *     their hash: what is cut off or damaged is refused, never restored in part.
 * S4: restoring gives tables that answer every command as the pictured ones would.
 */
import { TextHash } from './digest.ts';
import { Fields, SnapshotFormatError } from './fields.ts';
import type { Hold, Waiter } from './pool.ts';
import {
  decodeBarrier,
  decodeEndedHold,
  decodeLatch,
  decodePool,
  decodeSession,
  decodeTombstone,
  encodeEndedHold,
  encodePlace,
  encodeSession,
  encodeTombstone,
} from './records.ts';
import type { Session } from './sessions.ts';
import { Tables } from './tables.ts';
import type { Keeper, Place } from './tables.ts';
import type { StateLimits } from './contract.ts';

const limitNames = [
  'maxSessions',
  'maxHoldsPerSession',
  'maxWaitersPerResource',
  'maxLocks',
  'maxSemaphores',
  'maxElections',
  'maxBarriers',
  'maxLatches',
  'maxResultsPerSession',
] as const satisfies readonly (keyof StateLimits)[];
const formatName = 'holdfast-state';
const formatVersion = 3;
/** No chunk is larger. */
export const maxChunkBytes: number = 256 * 1024;
/** Lines are gathered up to this length before they are encoded. */
const gatheredLength = 64 * 1024;

const noLimits: StateLimits = {
  maxSessions: 0,
  maxHoldsPerSession: 0,
  maxWaitersPerResource: 0,
  maxLocks: 0,
  maxSemaphores: 0,
  maxElections: 0,
  maxBarriers: 0,
  maxLatches: 0,
  maxResultsPerSession: 0,
};

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

function encodeTombstones(tables: Tables): () => Generator<string, void, undefined> {
  const ended = tables.ended.entries();
  const ownEnded = tables.ownEnded.entries();
  const endedHolds = tables.endedHolds.entries();
  return function* () {
    for (const [id, tombstone] of ended) yield encodeTombstone('ended', id, tombstone);
    for (const [id, tombstone] of ownEnded) yield encodeTombstone('own_ended', id, tombstone);
    for (const [, ended] of endedHolds) yield encodeEndedHold(ended);
  };
}

export class Picture implements Keeper, IterableIterator<Uint8Array> {
  readonly #tables: Tables;
  readonly #number: number;
  readonly #lines: Generator<string, void, undefined>;
  readonly #encoder = new TextEncoder();
  readonly #ready: Uint8Array[] = [];
  #sessionsLeft: number;
  #placesLeft: number;
  #keptSessions: string[] = [];
  #keptPlaces: string[] = [];
  #ended = false;

  constructor(tables: Tables) {
    if (tables.keeper instanceof Picture) tables.keeper.complete(); // S2
    tables.pictureNumber += 1;
    tables.keeper = this;
    this.#tables = tables;
    this.#number = tables.pictureNumber;
    this.#sessionsLeft = tables.sessions.size;
    this.#placesLeft = tables.placeCount;
    this.#lines = this.#write(encodeHeader(tables), encodeTombstones(tables));
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

  /** Writes all that is left into memory, after which changes no longer matter. */
  complete(): void {
    while (!this.#ended) this.#gather();
  }

  /** S1. */
  keepSession(session: Session): void {
    session.pictured = this.#number;
    this.#sessionsLeft -= 1;
    this.#keptSessions.push(encodeSession(session));
  }

  /** S1. */
  keepPlace(place: Place): void {
    place.pictured = this.#number;
    this.#placesLeft -= 1;
    this.#keptPlaces.push(encodePlace(place));
  }

  #end(): void {
    this.#ended = true;
    this.#keptSessions = [];
    this.#keptPlaces = [];
    if (this.#tables.keeper === this) this.#tables.keeper = undefined;
  }

  #gather(): void {
    let text = '';
    while (text.length < gatheredLength) {
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

  *#write(
    header: string,
    tombstones: () => Generator<string, void, undefined>,
  ): Generator<string, void, undefined> {
    const hash = new TextHash();
    let count = 0;
    for (const line of this.#records(header, tombstones)) {
      hash.add(line);
      count += 1;
      yield line;
    }
    yield JSON.stringify(['end', count, hash.digest()]); // S3
  }

  *#records(
    header: string,
    tombstones: () => Generator<string, void, undefined>,
  ): Generator<string, void, undefined> {
    yield header;
    yield* tombstones();
    // Sessions before places: holds and waits are tied to them as they are read.
    for (const session of this.#tables.sessions.values()) {
      if (this.#sessionsLeft === 0) break;
      if (session.pictured !== this.#number) this.keepSession(session);
      yield* this.#takeKeptSessions();
    }
    yield* this.#takeKeptSessions();
    for (const place of this.#tables.allPlaces()) {
      if (this.#placesLeft === 0) break;
      if (place.pictured !== this.#number) this.keepPlace(place);
      yield* this.#takeKeptPlaces();
    }
    yield* this.#takeKeptPlaces();
  }

  #takeKeptSessions(): readonly string[] {
    if (this.#keptSessions.length === 0) return [];
    const kept = this.#keptSessions;
    this.#keptSessions = [];
    return kept;
  }

  #takeKeptPlaces(): readonly string[] {
    if (this.#keptPlaces.length === 0) return [];
    const kept = this.#keptPlaces;
    this.#keptPlaces = [];
    return kept;
  }
}

/**
 * A hash of everything that must be equal on all nodes at the same index. Sessions and pools are
 * taken in order of their names: the order of a map depends on whether its node was restored.
 */
export function digestOf(tables: Tables): string {
  const hash = new TextHash();
  hash.add(encodeHeader(tables));
  for (const line of encodeTombstones(tables)()) hash.add(line);
  const sessions: string[] = [];
  for (const session of tables.sessions.values()) sessions.push(encodeSession(session));
  const places: string[] = [];
  for (const place of tables.allPlaces()) places.push(encodePlace(place));
  for (const line of sessions.sort()) hash.add(line);
  for (const line of places.sort()) hash.add(line);
  return hash.digest();
}

/** @throws SnapshotFormatError when the snapshot is damaged, cut off or of a newer version (S3). */
export function restoreTables(chunks: Iterable<Uint8Array>): Tables {
  const tables = new Tables(noLimits);
  const hash = new TextHash();
  let count = 0;
  let ended = false;
  for (const line of linesOf(chunks)) {
    if (ended) throw new SnapshotFormatError('something follows its end');
    const fields = Fields.parse(line);
    const kind = fields.text();
    if (count === 0) {
      readHeader(tables, kind, fields);
    } else if (kind === 'end') {
      if (fields.number() !== count || fields.text() !== hash.digest()) {
        throw new SnapshotFormatError('its records do not match the sum at its end');
      }
      ended = true;
      continue;
    } else readRecord(tables, kind, fields);
    hash.add(line);
    count += 1;
  }
  if (!ended) throw new SnapshotFormatError(`it is cut off after ${String(count)} records`);
  tie(tables);
  return tables;
}

function readHeader(tables: Tables, kind: string, fields: Fields): void {
  if (kind !== formatName) throw new SnapshotFormatError('it is not a snapshot of Holdfast');
  const version = fields.number();
  if (version !== formatVersion) {
    throw new SnapshotFormatError(
      `its format version is ${String(version)} and this program reads ${String(formatVersion)}`,
    );
  }
  tables.index = fields.number();
  tables.timeMs = fields.number();
  tables.fenceCounter = fields.number();
  tables.sequence = fields.number();
  tables.expiredSessions = fields.number();
  tables.totalSessions = fields.number();
  const limits: Record<keyof StateLimits, number> = { ...noLimits };
  for (const name of limitNames) limits[name] = fields.number();
  tables.limits = limits;
}

function readRecord(tables: Tables, kind: string, fields: Fields): void {
  switch (kind) {
    case 'ended':
      tables.ended.add(...decodeTombstone(fields));
      return;
    case 'own_ended':
      tables.ownEnded.add(...decodeTombstone(fields));
      return;
    case 'session': {
      const session = decodeSession(fields);
      tables.sessions.set(session.id, session);
      return;
    }
    case 'ended_hold': {
      const ended = decodeEndedHold(fields);
      tables.endedHolds.add(ended.fenceToken, ended);
      return;
    }
    case 'pool':
      decodePool(tables, fields);
      return;
    case 'barrier':
      decodeBarrier(tables, fields);
      return;
    case 'latch':
      decodeLatch(tables, fields);
      return;
    default:
      throw new SnapshotFormatError(`a record is of the unknown kind "${kind}"`);
  }
}

/** Ties holds and waits to their sessions, in the order in which they came to be (S4). */
function tie(tables: Tables): void {
  const holds: Hold[] = [];
  const waiters: Waiter[] = [];
  for (const pool of tables.allPools()) {
    holds.push(...pool.holds);
    waiters.push(...pool.queue);
    if (pool.kind === 'lock' && pool.holds.length > 0) tables.heldPools += 1;
    if (pool.opening !== undefined) tables.due.add(pool.opening);
  }
  holds.sort((a, b) => a.fenceToken - b.fenceToken);
  for (const hold of holds) {
    if (hold.ending !== undefined) tables.due.add(hold.ending);
    hold.session.addHold(hold);
  }
  waiters.sort((a, b) => a.sequence - b.sequence);
  for (const waiter of waiters) {
    const { session, together, answer } = waiter;
    session.waits.add(waiter);
    if (together !== undefined && together.waiters[0] !== waiter) continue;
    answer.waiter = waiter;
    tables.due.add(waiter);
  }
  tables.waiterCount = waiters.length;
}

function* linesOf(chunks: Iterable<Uint8Array>): Generator<string, void, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest: string[] = [];
  for (const chunk of chunks) {
    const pieces = decode(decoder, chunk).split('\n');
    for (let index = 0; index < pieces.length - 1; index++) {
      rest.push(pieces[index] ?? '');
      yield rest.join('');
      rest = [];
    }
    rest.push(pieces.at(-1) ?? '');
  }
  if (rest.join('') !== '') throw new SnapshotFormatError('its last record is cut off');
}

function decode(decoder: InstanceType<typeof TextDecoder>, chunk: Uint8Array): string {
  try {
    return decoder.decode(chunk, { stream: true });
  } catch {
    throw new SnapshotFormatError('it is not UTF-8 text');
  }
}
