/**
 * Takes a snapshot back, piece by piece: the work of a piece grows with its length alone (SNAP-6).
 *
 * Restoring gives tables that answer every command as those did that the snapshot was taken of, and whose
 * snapshots have the same bytes (SNAP-5).
 */
import { TextHash } from './digest.ts';
import { latestFeatureLevel } from '../levels.ts';
import { Fields, SnapshotFormatError, tooLongLine } from './fields.ts';
import { limitsOfOldLogs } from '../limits.ts';
import { sessionWithId } from './session-with-id.ts';
import {
  decodeAnswers,
  decodeEndedHold,
  decodeOrder,
  decodeSession,
  decodeTombstone,
} from './session-records.ts';
import type { Session } from '../../primitives/holds/pool.ts';
import { maxLineLength } from './pieces.ts';
import { formatName, formatVersion, laterLimitNames, limitNames } from './snapshot.ts';
import type { Place, Tables } from '../tables.ts';
import { accessLines, primitives, queueLines } from '../../primitives/table.ts';
import type { Decode } from '../primitive.ts';
import { Ties } from './ties.ts';
import type { StateLimits } from '../limits.ts';
import type { ResourceName } from '../names.ts';

/** The oldest version that is still read. It tells no order of what sessions have, or of records (SNAP-7). */
const oldestVersion = 3;
/** Limits that came with a later version; before, there was no such bound (LIMIT-1). */
const versionOfLimit: Partial<Record<keyof StateLimits, number>> = {
  maxHoldsPerResource: 4,
  maxWorkPerEntry: 4,
  maxRememberedSessions: 5,
  maxRememberedBytes: 5,
  maxSessionsPerCaller: 5,
  maxWaitsPerSession: 5,
  maxMetadataBytesPerSession: 5,
  maxResultBytesPerSession: 5,
};

/** Of what primitives have, by the kind of a line. */
const decoders: ReadonlyMap<string, Decode> = new Map(
  [...Object.values(primitives).map(({ lines }) => lines), queueLines, accessLines].flatMap(
    (lines) => Object.entries(lines),
  ),
);

export class SnapshotRestorer {
  readonly #tables: Tables;
  readonly #ties: Ties;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  readonly #hash = new TextHash();
  /** Of a line whose end has not come yet. */
  #begun: string[] = [];
  #begunLength = 0;
  #count = 0;
  #version = formatVersion;
  #ended = false;
  /** Lines that continue a record belong to the latest one. */
  #session: Session | undefined = undefined;
  #place: Place | undefined = undefined;

  /** @param tables Those that every cluster begins with. */
  constructor(tables: Tables) {
    this.#tables = tables;
    this.#ties = new Ties(tables);
  }

  /** @throws SnapshotFormatError */
  push(bytes: Uint8Array): void {
    const text = this.#decode(bytes);
    let from = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', from)) {
      const piece = text.slice(from, end);
      from = end + 1;
      if (this.#begun.length === 0) this.#line(piece);
      else {
        this.#begun.push(piece);
        const line = this.#begun.join('');
        this.#begun = [];
        this.#begunLength = 0;
        this.#line(line);
      }
    }
    if (from < text.length) this.#keepBegun(text.slice(from));
  }

  #keepBegun(piece: string): void {
    this.#begun.push(piece);
    this.#begunLength += piece.length;
    if (this.#begunLength > maxLineLength) throw tooLongLine();
  }

  /** @throws SnapshotFormatError when it is damaged or cut off (SNAP-3). */
  end(): Tables {
    if (this.#begun.length > 0 || this.#decode() !== '')
      throw new SnapshotFormatError('its last record is cut off');
    if (!this.#ended)
      throw new SnapshotFormatError(`it is cut off after ${String(this.#count)} records`);
    if (this.#version === oldestVersion) this.#ties.endByNumbers();
    else this.#ties.end();
    return this.#tables;
  }

  /** Without bytes: those that are left over, which are none unless a character is cut off. */
  #decode(bytes?: Uint8Array): string {
    try {
      return this.#decoder.decode(bytes, { stream: bytes !== undefined });
    } catch {
      throw new SnapshotFormatError('it is not UTF-8 text');
    }
  }

  #line(line: string): void {
    if (this.#ended) throw new SnapshotFormatError('something follows its end');
    const fields = Fields.parse(line);
    const kind = fields.text();
    if (this.#count === 0) this.#header(kind, fields);
    else if (kind === 'end') {
      if (fields.number() !== this.#count || fields.text() !== this.#hash.digest())
        throw new SnapshotFormatError('its records do not match the sum at its end');
      this.#ended = true;
      return;
    } else this.#record(kind, fields);
    fields.assertAllRead();
    this.#hash.add(line);
    this.#count += 1;
  }

  #header(kind: string, fields: Fields): void {
    if (kind !== formatName) throw new SnapshotFormatError('it is not a snapshot of Holdfast');
    const version = fields.number();
    if (version > formatVersion)
      throw SnapshotFormatError.newer(version, oldestVersion, formatVersion);
    if (!(version >= oldestVersion))
      throw new SnapshotFormatError(
        `its format version is ${String(version)} and this program reads ${String(oldestVersion)} to ${String(formatVersion)}`,
      );
    this.#version = version;
    const tables = this.#tables;
    tables.index = fields.number();
    tables.timeMs = fields.number();
    tables.fenceCounter = fields.number();
    tables.sequence = fields.number();
    tables.expiredSessions = fields.number();
    tables.totalSessions = fields.number();
    const limits: Record<keyof StateLimits, number> = { ...tables.limits, ...limitsOfOldLogs };
    for (const name of limitNames)
      if (version >= (versionOfLimit[name] ?? 0)) limits[name] = fields.number();
    tables.limits = limits;
    tables.isComparable = version > oldestVersion && fields.number() === 1; // SNAP-7
    // Before, sessions counted as heard of in the present leadership: their leases get longer by that.
    if (version >= 5 && !tables.leaderships.restore(fields.list().all((field) => field.number())))
      throw new SnapshotFormatError('its leaderships are not in order');
    if (version > 4)
      for (const memory of [tables.ended, tables.ownEnded])
        memory.refusedThroughMs = fields.number();
    if (!fields.atEnd) this.#laterLimits(fields.list());
    for (const memory of [tables.ended, tables.ownEnded])
      if (!fields.atEnd)
        fields.list().all((one) => {
          const refused = one.list();
          const caller = refused.text();
          memory.shares.restore({ caller, throughMs: refused.number(), untilMs: refused.number() });
        });
    if (!fields.atEnd) tables.featureLevel = readableLevel(fields.number());
    if (!fields.atEnd) {
      const audit = fields.list();
      tables.audit.restore({
        isOn: audit.number() === 1,
        size: audit.number(),
        head: audit.text(),
      });
    }
  }

  #laterLimits(fields: Fields): void {
    const limits: Record<keyof StateLimits, number> = { ...this.#tables.limits };
    for (const name of laterLimitNames) if (!fields.atEnd) limits[name] = fields.number();
    this.#tables.limits = limits;
  }

  #record(kind: string, fields: Fields): void {
    const tables = this.#tables;
    switch (kind) {
      case 'ended':
        return tables.ended.restore(decodeTombstone(fields));
      case 'own_ended':
        return tables.ownEnded.restore(decodeTombstone(fields));
      case 'ended_hold': {
        const ended = decodeEndedHold(fields);
        return tables.endedHolds.add(ended.fenceToken, ended);
      }
      case 'session': {
        const { session, inFileOrder } = decodeSession(tables, fields, this.#version);
        if (!inFileOrder) this.#ties.awaitOrder(session);
        if (session.living) tables.addSession(session);
        else tables.ending.set(session.id, session);
        tables.callers.begin(session.use);
        this.#session = session;
        return;
      }
      case 'answers':
        return decodeAnswers(continued(this.#session, kind), fields);
      case 'unsettled': {
        const pool = tables.pools[fields.resourceKind()].get(fields.text() as ResourceName);
        if (pool === undefined) throw new SnapshotFormatError('a turn has come in no pool');
        tables.unsettled.set(pool, pool);
        return;
      }
      case 'shrunk': {
        const pool = tables.pools.semaphore.get(fields.text() as ResourceName);
        if (pool === undefined)
          throw new SnapshotFormatError('a limit was lowered of no semaphore');
        tables.shrunk.set(pool, pool);
        return;
      }
      case 'order': {
        const order = decodeOrder(fields);
        return this.#ties.order(sessionWithId(tables, order.id), order);
      }
      default: {
        const decode = decoders.get(kind);
        if (decode === undefined)
          throw new SnapshotFormatError(`a record is of the unknown kind "${kind}"`);
        this.#place = decode({ tables, ties: this.#ties, latest: this.#place }, fields);
      }
    }
  }
}

/** FEATURE-3: before anything of a higher level is met. */
function readableLevel(level: number): number {
  if (level > latestFeatureLevel) throw SnapshotFormatError.higherLevel(level, latestFeatureLevel);
  return level;
}

function continued<Record>(record: Record | undefined, kind: string): Record {
  if (record === undefined)
    throw new SnapshotFormatError(`a record of the kind "${kind}" continues nothing`);
  return record;
}
