/**
 * Double barriers: so many sessions meet, go on together, and leave together.
 *
 * B1: a round opens when as many as its first one said are inside, in the command of the last one;
 *     nobody else enters it, and the next round is another one.
 * B2: a session is inside once, and one that ends is inside no more: a round that is open does not
 *     wait for it, one that is not open goes on waiting for somebody in its place.
 * B4: a request that entered and was withdrawn is answered with that from then on: it is not inside.
 * B5: of several requests of one session that entered, one that is given up takes no other along: the session is
 *     out again with the last of them. Who leaves, leaves for all of them.
 * B3: a round is over when all who were inside have left. (Who waits for that is told by the event.)
 */
import { tooManyHolds, tooManyOf } from '../../kernel/at-capacity.ts';
import { remembersByTime } from '../../kernel/limits.ts';
import type { Barrier } from '../../kernel/meetings.ts';
import {
  barrierClosed,
  enteredInVain,
  notEntered,
  partiesMismatch,
} from '../../kernel/refusals.ts';
import { onceOnly } from '../../kernel/once.ts';
import type { OtherAnswer } from '../../kernel/requests.ts';
import type { Session } from '../../kernel/sessions/sessions.ts';
import type { Tables } from '../../kernel/tables.ts';
import type { Command } from '../../kernel/commands.ts';
import type { CommandResult } from '../../kernel/outcomes.ts';

type Enter = Extract<Command, { type: 'enter_barrier' }>;
type Abandon = Extract<Command, { type: 'abandon' }>;
type Leave = Extract<Command, { type: 'leave_barrier' }>;

export function enterBarrier(
  tables: Tables,
  command: Enter,
  answeredBelow: number | undefined,
): CommandResult {
  const asked = String(command.parties);
  return onceOnly(tables, command, asked, answeredBelow, (session) =>
    enter(tables, session, command),
  );
}

function enter(tables: Tables, session: Session, { name, parties }: Enter): CommandResult {
  const found = tables.barriers.get(name);
  if (found !== undefined) {
    const entered = found.members.get(session);
    if (entered !== undefined) {
      if (remembersByTime(tables.limits)) {
        tables.changingPlace(found);
        found.members.set(session, entered + 1); // B5
      }
      return told(found); // B2
    }
    if (found.parties !== parties) return partiesMismatch(found, parties);
    if (found.open) return barrierClosed(found); // B1
  }
  const refusal =
    tooManyHolds(tables, session) ??
    (found === undefined ? tooManyOf(tables, 'barrier') : undefined);
  if (refusal !== undefined) return refusal;
  const barrier = found ?? tables.openBarrier(name, parties);
  tables.changingPlace(barrier);
  barrier.members.set(session, 1);
  session.enter(barrier);
  tellMember(tables, 'barrier_joined', barrier, session);
  if (barrier.members.size === barrier.parties) {
    barrier.open = true; // B1
    tables.events.push({ type: 'barrier_opened', name, round: barrier.round });
  }
  return told(barrier);
}

export function leaveBarrier(
  tables: Tables,
  command: Leave,
  answeredBelow: number | undefined,
): CommandResult {
  const { name, withdraw } = command;
  return onceOnly(tables, command, withdraw ? 'withdraw' : 'leave', answeredBelow, (session) => {
    const barrier = tables.barriers.get(name);
    if (barrier === undefined || !barrier.members.has(session)) return notEntered(name);
    if (withdraw && barrier.open) return told(barrier);
    answerInstead(tables, session, command); // B4
    return { ...told(barrier), over: leave(tables, barrier, session) };
  });
}

/** B4. */
function answerInstead(tables: Tables, session: Session, { name, instead }: Leave): void {
  if (instead === undefined) return;
  const known = session.requests.find(instead.of);
  if (typeof known !== 'object' || known.kind !== 'enter_barrier' || known.name !== name) return;
  const answer = { ...known, result: enteredInVain(name, instead.code) };
  session.requests.remember(instead.of, answer, tables.limits);
}

/** Whether the round is over with it. */
function leave(tables: Tables, barrier: Barrier, session: Session): boolean {
  const { name, round } = barrier;
  tables.workLeft -= 1; // WORK-1
  tables.changingPlace(barrier);
  barrier.members.delete(session);
  session.leave(barrier);
  tellMember(tables, 'barrier_left', barrier, session);
  if (barrier.members.size > 0) return false;
  tables.barriers.delete(name);
  if (barrier.open) tables.events.push({ type: 'barrier_over', name, round }); // B3
  return barrier.open;
}

/**
 * B5: the request wants it no more; or, `unlessOpen`, it waited in vain.
 *
 * @returns Whether it stays inside since the round has opened.
 */
export function abandonEntering(
  tables: Tables,
  session: Session,
  { name, requestId, unlessOpen }: Pick<Abandon, 'name' | 'requestId' | 'unlessOpen'>,
  known: OtherAnswer,
): Extract<CommandResult, { type: 'barrier' }> | undefined {
  const { result } = known;
  if (!result.ok || result.type !== 'barrier') return undefined;
  const barrier = tables.barriers.get(name);
  const entered = barrier?.round === result.round ? barrier.members.get(session) : undefined;
  if (barrier !== undefined && entered !== undefined) {
    if (unlessOpen === true && barrier.open) return told(barrier);
    if (entered > 1) {
      tables.changingPlace(barrier);
      barrier.members.set(session, entered - 1);
    } else leave(tables, barrier, session);
  }
  const code = unlessOpen === true ? 'wait_timeout' : 'wait_abandoned';
  const answer = { ...known, result: enteredInVain(name, code) };
  session.requests.remember(requestId, answer, tables.limits); // B4
  return undefined;
}

/** B2: a session ends. */
export function leaveAll(tables: Tables, session: Session): void {
  for (const barrier of Array.from(session.barriers)) leave(tables, barrier, session);
}

function told({ round, open }: Barrier): Extract<CommandResult, { type: 'barrier' }> {
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
