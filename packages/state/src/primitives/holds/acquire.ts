/**
 * Acquires: what taking units of one pool has in common, whatever a unit means.
 *
 * STATE-LOCK-4: a refused acquire leaves nothing behind but its answer: its implicit session is made only when it is needed.
 */
import { newAsker, tooMuchMetadata } from '../../kernel/at-capacity.ts';
import type { Asker } from '../../kernel/at-capacity.ts';
import { remembersByTime } from '../../kernel/limits.ts';
import { remember } from '../../kernel/once.ts';
import type { CommandOf } from '../../kernel/primitive.ts';
import { beginSession, tooManySessions } from '../../kernel/sessions/lifetimes.ts';
import { copyCame, notToBeMade, rememberRefused } from '../../kernel/sessions/making.ts';
import type { Tables } from '../../kernel/tables.ts';
import type { JsonValue, ResourceKind } from '../../kernel/names.ts';
import type { Refusal } from '../../kernel/outcomes.ts';
import type { ImplicitSession } from '../../kernel/terms.ts';
import type { Granted, Queued } from './commands.ts';
import { give } from './grants.ts';
import type { Ask } from './grants.ts';
import type { Answer, Pool, Session } from './pool.ts';
import { enqueue, pass, placeOf } from './waits.ts';

type AcquireType = 'acquire' | 'acquire_permits' | 'campaign';
type Acquire = CommandOf<AcquireType>;
export type AcquireDecision = 'give' | 'wait' | Refusal;
type Outcome = Granted | Queued | Refusal;

/** What is asked of a pool, and what is to be done with it. */
export interface Acquiring<Command extends Acquire> {
  readonly kind: ResourceKind;
  unitsOf(command: Command): number;
  /** Of a pool that is made for it. */
  sizeFor(command: Command): number;
  /**
   * Nothing is opened or changed here.
   *
   * @param session Undefined when it would be made for it; then the asker is `newAsker` of its caller.
   */
  judge(
    tables: Tables,
    pool: Pool | undefined,
    session: Session | undefined,
    asker: Asker,
    command: Command,
  ): AcquireDecision;
  /** The metadata that a grant would replace. */
  replaced?(session: Session, pool: Pool | undefined): JsonValue | undefined;
}

export interface AcquireOnce<Command extends Acquire> {
  execute(tables: Tables, session: Session, command: Command, answer: Answer): Outcome;
  inImplicitSession(
    tables: Tables,
    command: Command,
    ownSession: ImplicitSession,
    answer: Answer,
  ): Outcome;
}

export function acquiring<Command extends Acquire>(how: Acquiring<Command>): AcquireOnce<Command> {
  return {
    execute: (tables, session, command, answer) => {
      const pool = tables.pools[how.kind].get(command.name);
      const verdict = judge(tables, how, pool, session, session, command);
      return fulfil(tables, how, session, pool, command, verdict, answer);
    },
    inImplicitSession: (tables, command, ownSession, answer) =>
      inImplicitSession(tables, how, command, ownSession, answer),
  };
}

function judge<Command extends Acquire>(
  tables: Tables,
  how: Acquiring<Command>,
  pool: Pool | undefined,
  session: Session | undefined,
  asker: Asker,
  command: Command,
): AcquireDecision {
  const verdict = how.judge(tables, pool, session, asker, command);
  if (typeof verdict === 'object') return verdict;
  const value = command.terms?.metadata;
  if (value === undefined) return verdict;
  // While it waits, what it holds keeps its own.
  const replaced =
    verdict === 'give' && session !== undefined ? how.replaced?.(session, pool) : undefined;
  return tooMuchMetadata(tables, asker, { value }, replaced) ?? verdict;
}

function fulfil<Command extends Acquire>(
  tables: Tables,
  how: Acquiring<Command>,
  session: Session,
  found: Pool | undefined,
  command: Command,
  verdict: AcquireDecision,
  answer: Answer,
): Outcome {
  if (typeof verdict === 'object') return verdict;
  const { name, requestId, acquiredAtMs, terms, waitMs } = command;
  const pool = found ?? tables.openPool(how.kind, name, how.sizeFor(command));
  const ask: Ask = { requestId, units: how.unitsOf(command), acquiredAtMs, terms };
  if (verdict === 'give')
    return pass(tables, session, pool, ask, answer) ?? give(tables, session, pool, ask);
  const waiter = enqueue(tables, session, pool, ask, waitMs, answer);
  return 'ok' in waiter ? waiter : { ok: true, type: 'queued', position: placeOf(waiter) };
}

/** STATE-LOCK-4. */
function inImplicitSession<Command extends Acquire>(
  tables: Tables,
  how: Acquiring<Command>,
  command: Command,
  ownSession: ImplicitSession,
  answer: Answer,
): Outcome {
  const { clientId, timeoutMs, lockDelayMs, stamp, caller } = ownSession;
  const notMade = notToBeMade(tables, tables.ownEnded, stamp, caller);
  if (notMade !== undefined) return notMade;
  const use = tables.callers.of(caller);
  const tooMany = tooManySessions(tables, use);
  if (tooMany !== undefined && !remembersByTime(tables.limits)) return tooMany; // LIMIT-1
  const { sessionId: id, requestId, acquiredAtMs: createdAtMs } = command;
  const pool = tables.pools[how.kind].get(command.name);
  const verdict = tooMany ?? judge(tables, how, pool, undefined, newAsker(use), command);
  if (typeof verdict === 'object') {
    answer.result = verdict;
    rememberRefused(tables, id, { requestId, answer }, ownSession);
    return verdict;
  }
  const facts = { id, clientId, timeoutMs, lockDelayMs, createdAtMs, own: true };
  const session = beginSession(tables, facts, use);
  copyCame(tables, session, stamp, command.waitMs);
  const result = fulfil(tables, how, session, pool, command, verdict, answer);
  remember(tables, session, requestId, answer, result);
  return result;
}
