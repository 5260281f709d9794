/** Lists of each kind, by pages: what there is, in the order of names. */
import type {
  Consistency,
  ListBarriersAnswer,
  ListElectionsAnswer,
  ListLocksAnswer,
  ListSemaphoresAnswer,
  ListSessionsAnswer,
  ListSessionsBody,
} from '@holdfast/protocol';
import type { Listed, ListedKind, SessionRow } from '@holdfast/state';
import { barrierAnswer } from './barriers.ts';
import { callOptions } from './context.ts';
import type { OperationContext } from './context.ts';
import { electionAnswer } from './elections.ts';
import { statusOf } from './locks.ts';
import { answerOf } from './semaphores.ts';

const rowsOnAPage = 100;

export type Asked = ListSessionsBody;

interface Page<View> {
  readonly rows: readonly View[];
  readonly revision: number;
  readonly consistency: Consistency;
  /** What every list tells of its page. */
  readonly told: {
    readonly next_after: string | null;
    readonly consistency: Consistency;
    readonly revision: number;
  };
}

type RowOf<Kind extends ListedKind> = Extract<Listed, { readonly kind: Kind }>['rows'][number];

export async function pageOf<Kind extends ListedKind>(
  kind: Kind,
  { prefix = '', after, client_id, limit = rowsOnAPage, consistency = 'linearizable' }: Asked,
  context: OperationContext,
): Promise<Page<RowOf<Kind>>> {
  const wanted = {
    prefix,
    limit,
    ...(after === undefined ? {} : { after }),
    ...(client_id === undefined ? {} : { clientId: client_id }),
  };
  const query = { type: 'list', kind, wanted } as const;
  const result = await context.service.engine.query(query, consistency, callOptions(context));
  const { revision, listed } = result;
  const told = { next_after: listed.nextAfter ?? null, consistency, revision };
  // A list is of what it was asked for.
  const rows = listed.rows as readonly RowOf<Kind>[];
  return { rows, revision, consistency, told };
}

export async function listSessions(
  body: Asked,
  context: OperationContext,
): Promise<ListSessionsAnswer> {
  const { rows, told } = await pageOf('session', body, context);
  return { sessions: rows.map(sessionAnswer), ...told };
}

const sessionAnswer = ({
  sessionId,
  clientId,
  timeoutMs,
  createdAtMs,
  own,
  waitCount,
  counts,
}: SessionRow): ListSessionsAnswer['sessions'][number] => ({
  session_id: sessionId,
  client_id: clientId,
  timeout_seconds: timeoutMs / 1000,
  created_at: createdAtMs / 1000,
  implicit: own,
  lock_count: counts.locks,
  permit_hold_count: counts.permits,
  leadership_count: counts.leads,
  barrier_count: counts.barriers,
  wait_count: waitCount,
});

export async function listLocks(body: Asked, context: OperationContext): Promise<ListLocksAnswer> {
  const { rows, revision, consistency, told } = await pageOf('lock', body, context);
  const locks = rows.map((lock) => statusOf(lock, consistency, revision, context));
  return { locks, total_locks: locks.length, ...told };
}

export async function listSemaphores(
  body: Asked,
  context: OperationContext,
): Promise<ListSemaphoresAnswer> {
  const { rows, revision, consistency, told } = await pageOf('semaphore', body, context);
  return {
    semaphores: rows.map((row) => ({ ...answerOf(row), consistency, revision })),
    ...told,
  };
}

export async function listElections(
  body: Asked,
  context: OperationContext,
): Promise<ListElectionsAnswer> {
  const { rows, revision, consistency, told } = await pageOf('election', body, context);
  const nowMs = context.service.now();
  return {
    elections: rows.map((row) => electionAnswer(row, revision, consistency, nowMs)),
    ...told,
  };
}

export async function listBarriers(
  body: Asked,
  context: OperationContext,
): Promise<ListBarriersAnswer> {
  const { rows, revision, consistency, told } = await pageOf('barrier', body, context);
  return {
    barriers: rows.map((row) => barrierAnswer(row.name, row, revision, consistency)),
    ...told,
  };
}
