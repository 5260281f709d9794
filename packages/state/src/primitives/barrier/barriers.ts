/**
 * Double barriers: so many sessions meet, go on together, and leave together.
 *
 * STATE-BARRIER-1: a round opens when as many as its first one said are inside, in the command of the last one;
 *     nobody else enters it, and the next round is another one.
 * STATE-BARRIER-2: a session is inside once, and one that ends is inside no more: a round that is open does not
 *     wait for it, one that is not open goes on waiting for somebody in its place.
 * STATE-BARRIER-4: a request that entered and was cancelled is answered with that from then on: it is not inside.
 * STATE-BARRIER-5: of several requests of one session that entered, one that is cancelled takes no other along: the session is
 *     out again with the last of them. Who leaves, leaves for all of them.
 * STATE-BARRIER-3: a round is over when all who were inside have left. (Who waits for that is told by the event.)
 */
import { tooManyBarriers, tooManyHolds, tooManyOf } from '../../kernel/at-capacity.ts';
import { remembersByTime } from '../../kernel/limits.ts';
import type { Cancel, CommandOf, Once, Primitive } from '../../kernel/primitive.ts';
import { refuse } from '../../kernel/refusals.ts';
import type { Joined } from '../../kernel/sessions/sessions.ts';
import { ListBudget, rowsShown } from '../../kernel/view-bounds.ts';
import type { Place, Tables } from '../../kernel/tables.ts';
import { rowsInAList, weigh } from '../../kernel/weigh-rows.ts';
import type { JsonValue, ResourceName, SessionId } from '../../kernel/names.ts';
import type { Refusal } from '../../kernel/outcomes.ts';
import { SnapshotFormatError } from '../../kernel/snapshot/fields.ts';
import type { Fields } from '../../kernel/snapshot/fields.ts';
import { hashOfText } from '../../kernel/collections/hash.ts';
import { OrderedMap } from '../../kernel/collections/ordered-map.ts';
import type { Captured, Reader } from '../../kernel/collections/ordered-map.ts';
import { maxMembersPerLine, pieces } from '../../kernel/snapshot/pieces.ts';
import { sessionWithId } from '../../kernel/snapshot/session-with-id.ts';
import type { Answer, Session } from '../holds/pool.ts';
import type { BarrierResult, BarrierView } from './commands.ts';

const hashOfSession = ({ id }: Session): number => hashOfText(id);

/** One who is inside. Never changed, another one takes its place: members are captured by reference (GROW-3). */
interface Member {
  readonly session: Session;
  /** How many of its requests entered (STATE-BARRIER-5). */
  readonly entered: number;
}

/** One round of a double barrier; the next round is another one. */
class Barrier implements Place, Joined {
  readonly kind = 'barrier';
  readonly name: ResourceName;
  /** Never used twice, so that who waits for the end of a round knows it from the next. */
  readonly round: number;
  readonly parties: number;
  /** All have come; nobody else enters. */
  open = false;
  /** Those who are inside, in the order in which they came. */
  readonly members: OrderedMap<Session, Member> = new OrderedMap<Session, Member>(hashOfSession);
  savedIn: number;

  constructor(name: ResourceName, round: number, parties: number, savedIn: number) {
    this.name = name;
    this.round = round;
    this.parties = parties;
    this.savedIn = savedIn;
  }

  put(session: Session, entered: number): void {
    this.members.set(session, { session, entered });
  }
}

function find({ places }: Tables, name: ResourceName): Barrier | undefined {
  const found = places.barrier.get(name);
  return found instanceof Barrier ? found : undefined;
}

const enterBarrier: Once<'enter_barrier'> = {
  asked: ({ parties }) => String(parties),
  execute: enter,
  cancel: cancelEntering,
};

function enter(
  tables: Tables,
  session: Session,
  { name, parties }: CommandOf<'enter_barrier'>,
): BarrierResult | Refusal {
  const found = find(tables, name);
  if (found !== undefined) {
    const member = found.members.get(session);
    if (member !== undefined) {
      if (remembersByTime(tables.limits)) {
        tables.changingPlace(found);
        found.put(session, member.entered + 1); // STATE-BARRIER-5
      }
      return told(found); // STATE-BARRIER-2
    }
    if (found.parties !== parties) return partiesMismatch(found, parties);
    if (found.open) return barrierClosed(found); // STATE-BARRIER-1
  }
  const refusal =
    tooManyHolds(tables, session) ??
    tooManyBarriers(tables, session) ??
    (found === undefined ? tooManyOf(tables, 'barrier') : undefined);
  if (refusal !== undefined) return refusal;
  const barrier = found ?? openBarrier(tables, name, parties);
  tables.changingPlace(barrier);
  barrier.put(session, 1);
  session.join(barrier);
  tellMember(tables, 'barrier_joined', barrier, session);
  if (barrier.members.size === barrier.parties) {
    barrier.open = true; // STATE-BARRIER-1
    tables.events.push({ type: 'barrier_opened', name, round: barrier.round });
  }
  return told(barrier);
}

function openBarrier(tables: Tables, name: ResourceName, parties: number): Barrier {
  const barrier = new Barrier(name, tables.nextSequence(), parties, tables.snapshotNumber);
  tables.places.barrier.set(name, barrier);
  return barrier;
}

const leaveBarrier: Once<'leave_barrier'> = {
  asked: ({ withdraw }) => (withdraw ? 'withdraw' : 'leave'),
  givesBack: true,
  execute: (tables, session, command) => {
    const { name, withdraw } = command;
    const barrier = find(tables, name);
    if (barrier === undefined || !barrier.members.has(session)) return notEntered(name);
    if (withdraw && barrier.open) return told(barrier);
    answerInstead(tables, session, command); // STATE-BARRIER-4
    return { ...told(barrier), over: leave(tables, barrier, session) };
  },
};

/** STATE-BARRIER-4. */
function answerInstead(
  tables: Tables,
  session: Session,
  { name, instead }: CommandOf<'leave_barrier'>,
): void {
  if (instead === undefined) return;
  const known = session.requests.find(instead.of);
  if (known?.kind !== 'enter_barrier' || known.name !== name) return;
  const answer: Answer = { ...known, result: enteredInVain(name, instead.code) };
  session.requests.remember(instead.of, answer, tables);
}

/** Whether the round is over with it. */
function leave(tables: Tables, barrier: Barrier, session: Session): boolean {
  session.leave(barrier);
  return removeMember(tables, barrier, session);
}

function removeMember(tables: Tables, barrier: Barrier, session: Session): boolean {
  const { name, round } = barrier;
  tables.workLeft -= 1; // WORK-1
  tables.changingPlace(barrier);
  barrier.members.delete(session);
  tellMember(tables, 'barrier_left', barrier, session);
  if (barrier.members.size > 0) return false;
  tables.places.barrier.delete(name);
  if (barrier.open) tables.events.push({ type: 'barrier_over', name, round }); // STATE-BARRIER-3
  return barrier.open;
}

/**
 * STATE-BARRIER-5: the request wants it no more; or, `unlessOpen`, it waited in vain.
 *
 * @returns Whether it stays inside since the round has opened.
 */
function cancelEntering(
  tables: Tables,
  session: Session,
  { name, requestId, unlessOpen }: Cancel,
  known: Answer,
): BarrierResult | undefined {
  const { result } = known;
  if (result?.ok !== true || result.type !== 'barrier') return undefined;
  const barrier = find(tables, name);
  const entered =
    barrier?.round === result.round ? barrier.members.get(session)?.entered : undefined;
  if (barrier !== undefined && entered !== undefined) {
    if (unlessOpen === true && barrier.open) return told(barrier);
    if (entered > 1) {
      tables.changingPlace(barrier);
      barrier.put(session, entered - 1);
    } else leave(tables, barrier, session);
  }
  const code = unlessOpen === true ? 'wait_timeout' : 'wait_abandoned';
  const answer: Answer = { ...known, result: enteredInVain(name, code) };
  session.requests.remember(requestId, answer, tables); // STATE-BARRIER-4
  return undefined;
}

/** STATE-BARRIER-2: a session ends. */
function leaveAll(tables: Tables, session: Session): void {
  for (const joined of session.leaveAll())
    if (joined instanceof Barrier) removeMember(tables, joined, session);
}

function told({ round, open }: Barrier): BarrierResult {
  return { ok: true, type: 'barrier', round, open, over: false };
}

function tellMember(
  tables: Tables,
  type: 'barrier_joined' | 'barrier_left',
  { name, round }: Barrier,
  { id: sessionId, clientId }: Session,
): void {
  tables.events.push({ type, name, round, sessionId, clientId });
}

function barrierClosed({ name, parties, members }: Barrier): Refusal {
  return refuse(
    'barrier_closed',
    `All ${String(parties)} of barrier "${name}" have come, and ${String(members.size)} have not left. Enter its next round when they have.`,
    { resource: name, parties, inside: members.size },
  );
}

function partiesMismatch({ name, parties }: Barrier, given: number): Refusal {
  return refuse(
    'limit_mismatch',
    `Barrier "${name}" is for ${String(parties)} parties in this round, not ${String(given)}.`,
    { resource: name, parties, given },
  );
}

/** STATE-BARRIER-4. */
function enteredInVain(name: ResourceName, code: 'wait_timeout' | 'wait_abandoned'): Refusal {
  const why = code === 'wait_timeout' ? 'did not open in time' : 'was given up by its caller';
  return refuse(code, `The wait for barrier "${name}" ${why}; this session is out again.`, {
    resource: name,
  });
}

function notEntered(name: ResourceName): Refusal {
  return refuse('not_entered', `This session is not inside barrier "${name}".`, {
    resource: name,
  });
}

function viewOf(
  { name, round, parties, open, members: all }: Barrier,
  session: Session | undefined,
  limit: number = rowsShown,
): BarrierView {
  const members: BarrierView['members'][number][] = [];
  const budget = new ListBudget(limit);
  for (const { id: sessionId, clientId } of all.keys()) {
    if (!budget.takes([clientId])) break;
    members.push({ sessionId, clientId });
  }
  const inside = session !== undefined && all.has(session);
  return { name, round, parties, open, memberCount: all.size, members, inside };
}

function* membersOf({ members }: Barrier): Generator<string, void, undefined> {
  for (const { clientId } of members.keys()) yield clientId;
}

/** How often it entered, where that is more than once. */
const encodeMember = ({ session: { id }, entered }: Member): JsonValue =>
  entered === 1 ? id : [id, entered];

/** As of now: who ends a session that is inside many barriers while a snapshot is taken encodes none of their members. */
const encode = (
  { name, round, parties, open, members }: Barrier,
  reader: Reader | undefined,
): Iterable<string> =>
  encodeMembers(['barrier', name, round, parties, open ? 1 : 0], members.capture(reader));

/** The members that do not fit into the first line follow in lines of the kind `members`. */
function* encodeMembers(
  head: readonly JsonValue[],
  members: Captured<Member>,
): Generator<string, void, undefined> {
  if (members.size > maxMembersPerLine) {
    yield JSON.stringify([...head, []]);
    for (const some of pieces(members, encodeMember)) yield JSON.stringify(['members', some]);
  } else yield JSON.stringify([...head, Array.from(members, encodeMember)]);
  members.release();
}

/** Members of a barrier: those of its first line, or of one that follows. */
function decodeMembers(tables: Tables, barrier: Barrier, fields: Fields): void {
  fields.list().all((member) => {
    const entry = member.textOrList();
    const id = (typeof entry === 'string' ? entry : entry.text()) as SessionId;
    const session = sessionWithId(tables, id);
    barrier.put(session, typeof entry === 'string' ? 1 : entry.number());
    session.join(barrier);
  });
}

export const barriers: Primitive<'barrier'> = {
  kind: 'barrier',
  handlers: { enter_barrier: enterBarrier, leave_barrier: leaveBarrier },
  view: (tables, name, { limit, sessionId }) => {
    const barrier = find(tables, name);
    const session = sessionId === undefined ? undefined : tables.sessions.get(sessionId);
    return barrier && viewOf(barrier, session, limit);
  },
  listed: (tables, name) => {
    const barrier = find(tables, name);
    return (
      barrier && {
        clients: () => membersOf(barrier),
        show: () => {
          const view = viewOf(barrier, undefined, rowsInAList);
          return { view, rows: weigh(name, view.members) };
        },
      }
    );
  },
  encode: (place, reader) => (place instanceof Barrier ? encode(place, reader) : []),
  lines: {
    barrier: ({ tables }, fields) => {
      const name = fields.text() as ResourceName;
      const barrier = new Barrier(name, fields.number(), fields.number(), 0);
      barrier.open = fields.number() === 1;
      decodeMembers(tables, barrier, fields);
      tables.places.barrier.set(name, barrier);
      return barrier;
    },
    members: ({ tables, latest }, fields) => {
      if (!(latest instanceof Barrier))
        throw new SnapshotFormatError('a record of the kind "members" continues nothing');
      decodeMembers(tables, latest, fields);
      return latest;
    },
  },
  sessionEnds: leaveAll,
};
