/**
 * Lists of each kind, by pages: what there is, in the order of names.
 *
 * LIST-3: of what its caller may not read a page tells nothing, not even where it ends: it is looked for in the ranges of
 *     names that the caller may read alone.
 */
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
import { answerOf } from './semaphores.ts';

const rowsOnAPage = 100;

/** What any list may be asked; those without a wait queue or clients are asked for less. */
export type Asked = ListLocksBody;

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

/** LIST-3: ranges of names that one page looks through. */
const maxRanges = 100;
/** A page ends behind the range that makes it as large as this: it has to fit a frame. */
const maxPageCharacters = 256 * 1024;

/** A page of those that the caller may read. */
export async function pageOf<Kind extends ListedKind>(
  kind: Kind,
  asked: Asked,
  context: OperationContext,
): Promise<Page<RowOf<Kind>>> {
  const { service, caller } = context;
  // Whose a session is, the state knows (VISIBLE-1).
  const ranges =
    kind === 'session' ? undefined : service.control?.rightsOf(caller)?.rangesOf('read', kind);
  if (ranges === undefined) return pageOfRange(kind, asked, context);
  const { prefix = '', after = '', limit = rowsOnAPage, consistency = 'linearizable' } = asked;
  const wanted = ranges.filter(
    ({ start, isName }) =>
      (start.startsWith(prefix) || (!isName && prefix.startsWith(start))) &&
      (start > after || (!isName && after.startsWith(start))),
  );
  const rows: RowOf<Kind>[] = [];
  let { revision } = service.engine;
  let characters = 0;
  const told = (next_after: string | null): Page<RowOf<Kind>> => ({
    rows,
    revision,
    consistency,
    told: { next_after, consistency, revision },
  });
  for (const [index, { start, isName }] of wanted.entries()) {
    if (rows.length >= limit || characters >= maxPageCharacters) return told(nameOf(rows.at(-1)));
    if (index === maxRanges) return told(wanted[index - 1]?.start ?? null);
    const within = start.length > prefix.length ? start : prefix;
    const left = { ...asked, prefix: within, limit: isName ? 1 : limit - rows.length };
    const page = await pageOfRange(kind, left, context);
    ({ revision } = page);
    for (const row of page.rows) {
      if (isName && nameOf(row) !== start) continue;
      rows.push(row);
      characters += JSON.stringify(row).length;
    }
    if (!isName && page.told.next_after !== null) return told(page.told.next_after);
  }
  return told(null);
}

/** Of a row of any kind but a session. */
function nameOf(row: unknown): string | null {
  return typeof row === 'object' && row !== null && 'name' in row && typeof row.name === 'string'
    ? row.name
    : null;
}

async function pageOfRange<Kind extends ListedKind>(
  kind: Kind,
  {
    prefix = '',
    after,
    client_id,
    waiting,
    limit = rowsOnAPage,
    consistency = 'linearizable',
  }: Asked,
  context: OperationContext,
): Promise<Page<RowOf<Kind>>> {
  const wanted = {
    prefix,
    limit,
    ...(after === undefined ? {} : { after }),
    ...(client_id === undefined ? {} : { clientId: client_id }),
    ...(waiting === true ? { waitedFor: true } : {}),
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
