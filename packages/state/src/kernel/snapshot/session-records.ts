/**
 * The records of sessions in a snapshot as lines of JSON, and back: one for each tombstone and session, and
 * further lines for answers beyond `maxMembersPerLine`, so that no line grows with the state. Arrays, not
 * objects: a snapshot is mostly records, and names of fields would be most of it. Whatever is changed here
 * changes `formatVersion` in snapshot.ts.
 */
import { anonymousIdentity } from '../commands.ts';
import { decodeAnswer, encodeAnswer } from './answer-records.ts';
import { byNumberAlone } from '../sessions/ended-sessions.ts';
import type { RestoredTombstone, Tombstone } from '../sessions/ended-sessions.ts';
import type { CapturedByNumber } from '../collections/ordered-by-number.ts';
import type { Captured, Reader } from '../collections/ordered-map.ts';
import type { Fields } from './fields.ts';
import { pieces } from './pieces.ts';
import type { Hold, Session, Waiter } from '../../primitives/holds/pool.ts';
import { RequestTable } from '../requests.ts';
import type { CapturedAnswers, Forgotten } from '../requests.ts';
import { SessionOf } from '../sessions/sessions.ts';
import type { SessionOver } from '../sessions/sessions.ts';
import type { Tables } from '../tables.ts';
import type { EndedHold } from '../view-types.ts';
import type { FenceToken, JsonValue, ResourceName, SessionId } from '../names.ts';

// ---- tombstones ---------------------------------------------------------------------------------

/** @param latest The sequence number that was given last: a record tells how many came after it (MEM-6). */
export function encodeTombstone(
  kind: 'ended' | 'own_ended',
  { id, reason, last, dueMs, sequence, caller, owner }: Tombstone,
  latest: number,
): string {
  const kept =
    last === undefined ? null : encodeAnswer(last.requestId, last.answer, last.answer.result);
  const told =
    owner === undefined ? (caller === undefined ? [] : [caller]) : [caller ?? null, owner];
  return JSON.stringify([kind, id, reason, kept, dueMs, sequence - latest, ...told]);
}

export function decodeTombstone(fields: Fields): RestoredTombstone {
  const id = fields.text() as SessionId;
  const reason = fields.sessionEnd();
  const kept = fields.optional(() => decodeAnswer(fields.list()));
  const last = kept === undefined ? undefined : { requestId: kept[0], answer: kept[1] };
  // Version 4 ends here: they come in their order.
  if (fields.atEnd)
    return {
      id,
      reason,
      last,
      dueMs: byNumberAlone,
      sequence: undefined,
      caller: undefined,
      owner: undefined,
    };
  const dueMs = fields.number();
  const sequence = fields.number();
  const caller = fields.atEnd ? undefined : fields.optional(() => fields.text());
  const owner = fields.atEnd ? undefined : fields.text();
  return { id, reason, last, dueMs, sequence, caller, owner };
}

// ---- sessions -----------------------------------------------------------------------------------

/** A session as it was at one moment. What never changes in its parts is not copied. */
export interface SessionRecord {
  readonly session: Session;
  readonly renewal: number;
  readonly heardIn: number;
  readonly forgotten: Forgotten;
  readonly answers: CapturedAnswers<Waiter>;
  /** In its order; first the locks, then permits, then elections. */
  readonly holds: readonly CapturedByNumber<Hold>[];
  readonly waits: Captured<Waiter>;
  readonly over: SessionOver | undefined;
  readonly copiesUntilMs: number;
}

/**
 * Cheap, so that a command that changes many large sessions is not held up by a snapshot (GROW-3, STATE-REQUEST-7).
 *
 * @param reader Whose end releases what it captured.
 */
export function copySession(session: Session, reader?: Reader): SessionRecord {
  const { renewal, heardIn, requests, holds, permits, leads, waits, copiesUntilMs } = session;
  return {
    session,
    renewal,
    heardIn,
    forgotten: requests.forgotten,
    answers: requests.capture(reader),
    holds: [holds, permits, leads].map((some) => some.capture()),
    waits: waits.capture(reader),
    over: session.over,
    copiesUntilMs,
  };
}

/**
 * @param inFileOrder Whether the holds and waits of the session come to it in the order of the places in
 *     the snapshot; where they do not, lines of the kind `order` tell their order (SNAP-4).
 */
export function* encodeSession(
  { session, renewal, heardIn, forgotten, answers, over, copiesUntilMs }: SessionRecord,
  inFileOrder: boolean,
): Generator<string, void, undefined> {
  const { id, clientId, timeoutMs, lockDelayMs, createdAtMs } = session;
  const own = session.own ? 1 : 0;
  const facts = [id, clientId, timeoutMs, lockDelayMs, createdAtMs, own, renewal];
  const ordered = inFileOrder ? 1 : 0;
  const told = pieces(answers, ([requestId, answer, result]) =>
    encodeAnswer(requestId, answer, result),
  );
  const first = told.next();
  const answersOfHead = first.done === true ? [] : first.value;
  yield JSON.stringify([
    'session',
    ...facts,
    forgotten.numbersThrough,
    answersOfHead,
    ordered,
    heardIn,
    [
      copiesUntilMs,
      session.use.caller ?? null,
      forgotten.names?.through ?? [],
      forgotten.ackedBelow ?? null,
      ...ownerTold(session.owner, forgotten.names?.unorderedThrough),
    ],
    ...(over === undefined ? [] : encodeOver(over)),
  ]);
  for (const more of told) yield JSON.stringify(['answers', more]);
}

/** Of sessions without an owner nothing is told, nor of names without an order where none was forgotten: as before there were any. */
function ownerTold(owner: string, unorderedThrough: number | undefined): readonly JsonValue[] {
  if (unorderedThrough !== undefined) return [owner, unorderedThrough];
  return owner === anonymousIdentity ? [] : [owner];
}

export interface DecodedSession {
  readonly session: Session;
  readonly inFileOrder: boolean;
}

const encodeOver = ({ reason, atMs, sequence }: SessionOver): readonly JsonValue[] => [
  reason,
  atMs,
  sequence,
];

/** Its lines are written. */
export function releaseSession({ answers, holds, waits }: SessionRecord): void {
  for (const some of [answers, ...holds, waits]) some.release();
}

/** The session without its holds and waits: those come with the pools. */
export function decodeSession(tables: Tables, fields: Fields, version: number): DecodedSession {
  const facts = {
    id: fields.text() as SessionId,
    clientId: fields.text(),
    timeoutMs: fields.number(),
    lockDelayMs: fields.number(),
    createdAtMs: fields.number(),
    own: fields.number() === 1,
  };
  const renewal = fields.number();
  const numbersThrough = fields.number();
  const answers = fields.list();
  // Version 3 ends here.
  const inFileOrder = !fields.atEnd && fields.number() === 1;
  const heardIn = version >= 5 ? fields.number() : 0;
  const more = version >= 5 ? fields.list() : undefined;
  const copiesUntilMs = more?.number() ?? 0;
  const caller = more?.optional(() => more.text());
  const through =
    more?.list().all((one) => {
      const of = one.list();
      return [of.text(), of.number()] as const;
    }) ?? [];
  const ackedBelow =
    more === undefined || more.atEnd ? undefined : more.optional(() => more.number());
  const owner = more === undefined || more.atEnd ? anonymousIdentity : more.text();
  const unorderedThrough = more === undefined || more.atEnd ? undefined : more.number(); // STATE-REQUEST-6
  const use = tables.callers.of(caller);
  const names =
    through.length === 0 && unorderedThrough === undefined
      ? undefined
      : { through, unorderedThrough };
  const requests = new RequestTable<Waiter>(use, { numbersThrough, names, ackedBelow });
  const session = new SessionOf<Hold, Waiter>({ ...facts, owner }, use, 0, heardIn, requests);
  session.renewal = renewal;
  session.copiesUntilMs = copiesUntilMs;
  addAnswers(session, answers);
  if (!fields.atEnd) {
    session.living = false;
    session.over = {
      reason: fields.sessionEnd(),
      atMs: fields.number(),
      sequence: fields.number(),
    };
  }
  return { session, inFileOrder };
}

export function decodeAnswers(session: Session, fields: Fields): void {
  addAnswers(session, fields.list());
}

function addAnswers(session: Session, answers: Fields): void {
  while (!answers.atEnd) {
    const [id, answer] = decodeAnswer(answers.list());
    session.requests.restore(id, answer);
  }
}

/** The order of a session's holds by their first tokens, and of its waits by their sequence numbers. */
export interface SessionOrder {
  readonly id: SessionId;
  readonly tokens: readonly number[];
  readonly sequences: readonly number[];
}

export function* encodeOrder({
  id,
  tokens,
  sequences,
}: SessionOrder): Generator<string, void, undefined> {
  for (const some of pieces(tokens, Number)) yield JSON.stringify(['order', id, some, []]);
  for (const some of pieces(sequences, Number)) yield JSON.stringify(['order', id, [], some]);
}

export function decodeOrder(fields: Fields): SessionOrder {
  const id = fields.text() as SessionId;
  const tokens = fields.list().all((token) => token.number());
  return { id, tokens, sequences: fields.list().all((sequence) => sequence.number()) };
}

// ---- holds that others ended ----------------------------------------------------------------------

export function encodeEndedHold(ended: EndedHold): string {
  const { fenceToken, kind, name, clientId, reason, revision } = ended;
  return JSON.stringify(['ended_hold', fenceToken, kind, name, clientId, reason, revision]);
}

export function decodeEndedHold(fields: Fields): EndedHold {
  return {
    fenceToken: fields.number() as FenceToken,
    kind: fields.resourceKind(),
    name: fields.text() as ResourceName,
    clientId: fields.text(),
    reason: fields.endedByOthers(),
    revision: fields.number(),
  };
}
