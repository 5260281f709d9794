/** Lists of each kind, by pages: what there is, in the order of names. */
import type {
  Consistency,
  ListBarriersAnswer,
  ListElectionsAnswer,
  ListLocksAnswer,
  ListSemaphoresAnswer,
  ListLocksBody,
  ListSessionsAnswer,
} from '@holdfast/protocol';
import type { Listed, ListedKind, SessionRow } from '@holdfast/state';
import { barrierAnswer } from './barriers.ts';
import { callOptions } from './context.ts';
import type { OperationContext } from './context.ts';
import { electionAnswer } from './elections.ts';
import { statusOf } from './locks.ts';
import { readablePage } from './readable-pages.ts';
import type { AskedPage } from './readable-pages.ts';
import { answerOf } from './semaphores.ts';

const rowsOnAPage = 100;

/** What any list may be asked; those without a wait queue or clients are asked for less. */
export type ListQuery = ListLocksBody;

interface Page<View> {
  readonly rows: readonly View[];
  readonly revision: number;
  readonly consistency: Consistency;
  /** Of sessions, one of each row; undefined where who answers is of an older release. */
  readonly keepAlivesMs: readonly (number | null)[] | undefined;
  /** What every list tells of its page. */
  readonly told: {
    readonly next_after: string | null;
    readonly consistency: Consistency;
    readonly revision: number;
  };
}

type RowOf<Kind extends ListedKind> = Extract<Listed, { readonly kind: Kind }>['rows'][number];

/** A page of those that the caller may read. */
export async function pageOf<Kind extends ListedKind>(
  kind: Kind,
  asked: ListQuery,
  context: OperationContext,
): Promise<Page<RowOf<Kind>>> {
  const { client_id, waiting, consistency = 'linearizable' } = asked;
  const { prefix = '', after, limit = rowsOnAPage } = asked;
  const { engine } = context.service;
  let { revision } = engine;
  let keepAlivesMs: readonly (number | null)[] | undefined;
  const read = async (page: AskedPage): Promise<PageOfKind<Kind>> => {
    const wanted = {
      ...page,
      ...(client_id === undefined ? {} : { clientId: client_id }),
      ...(waiting === true ? { waitedFor: true } : {}),
    };
    const query = { type: 'list', kind, wanted } as const;
    const result = await engine.query(query, consistency, callOptions(context));
    ({ revision, keepAlivesMs } = result);
    const { listed } = result;
    // A list is of what it was asked for.
    return { rows: listed.rows as readonly RowOf<Kind>[], nextAfter: listed.nextAfter ?? null };
  };
  const page = { prefix, limit, ...(after === undefined ? {} : { after }) };
  // Whose a session is, the state knows (VISIBLE-1).
  const { rows, nextAfter } =
    kind === 'session'
      ? await read(page)
      : await readablePage({ kind, nameOf, read }, page, context); // LIST-3
  return {
    rows,
    revision,
    consistency,
    keepAlivesMs,
    told: { next_after: nextAfter, consistency, revision },
  };
}

interface PageOfKind<Kind extends ListedKind> {
  readonly rows: readonly RowOf<Kind>[];
  readonly nextAfter: string | null;
}

/** Of a row of any kind but a session. */
function nameOf(row: unknown): string | null {
  return typeof row === 'object' && row !== null && 'name' in row && typeof row.name === 'string'
    ? row.name
    : null;
}

export async function listSessions(
  body: ListQuery,
  context: OperationContext,
): Promise<ListSessionsAnswer> {
  const { rows, keepAlivesMs, told } = await pageOf('session', body, context);
  return {
    sessions: rows.map((row, position) => sessionAnswer(row, keepAlivesMs?.[position] ?? null)),
    ...told,
  };
}

const sessionAnswer = (
  { sessionId, clientId, timeoutMs, createdAtMs, own, waitCount, counts }: SessionRow,
  keepAliveMs: number | null,
): ListSessionsAnswer['sessions'][number] => ({
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
  last_keepalive: keepAliveMs === null ? null : keepAliveMs / 1000,
});

export async function listLocks(
  body: ListQuery,
  context: OperationContext,
): Promise<ListLocksAnswer> {
  const { rows, revision, consistency, told } = await pageOf('lock', body, context);
  const locks = rows.map((lock) => statusOf(lock, consistency, revision, context));
  return { locks, total_locks: locks.length, ...told };
}

export async function listSemaphores(
  body: ListQuery,
  context: OperationContext,
): Promise<ListSemaphoresAnswer> {
  const { rows, revision, consistency, told } = await pageOf('semaphore', body, context);
  return {
    semaphores: rows.map((row) => ({ ...answerOf(row), consistency, revision })),
    ...told,
  };
}

export async function listElections(
  body: ListQuery,
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
  body: ListQuery,
  context: OperationContext,
): Promise<ListBarriersAnswer> {
  const { rows, revision, consistency, told } = await pageOf('barrier', body, context);
  return {
    barriers: rows.map((row) => barrierAnswer(row.name, row, revision, consistency)),
    ...told,
  };
}
