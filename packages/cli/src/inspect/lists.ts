/** What there is of a kind in a state, page by page. */
import type { InspectedState } from '@holdfast/server/inspect';

type State = InspectedState['state'];
type ListedKind = Parameters<State['list']>[0];
type ListWanted = Parameters<State['list']>[1];
type QueuesPage = ReturnType<State['queues']['page']>;

export type InspectedKind = ListedKind | 'queue';

export const listedKinds = ({ kinds }: InspectedState): readonly InspectedKind[] => [
  ...kinds,
  'queue',
];

const pageRows = 1000;

export interface ListedRow {
  /** The whole record, for programs. */
  readonly record: object;
  readonly cells: readonly string[];
}

/** Of kinds that have columns of their own. */
const heads: Partial<Readonly<Record<InspectedKind, readonly string[]>>> = {
  session: ['SESSION', 'CLIENT', 'TIMEOUT', 'HOLDS', 'WAITS'],
  lock: ['LOCK', 'HELD BY', 'TOKEN', 'HOLDERS', 'WAITING'],
  semaphore: ['SEMAPHORE', 'HELD BY', 'TOKEN', 'FREE OF', 'WAITING'],
  election: ['ELECTION', 'LEADER', 'TOKEN', '', 'WAITING'],
  barrier: ['BARRIER', 'ROUND', 'PARTIES', 'INSIDE'],
  cache: ['KEY', 'VERSION', 'BYTES', 'EXPIRES IN'],
  queue: ['QUEUE', 'READY', 'IN FLIGHT', 'DELAYED', 'BLOCKED', 'DEAD'],
};

export const headsOf = (kind: InspectedKind): readonly string[] =>
  heads[kind] ?? [kind.toUpperCase(), 'RECORD'];

interface InspectedPage {
  readonly rows: readonly ListedRow[];
  readonly nextAfter: string | undefined;
}

/** The pages of a kind, in the order of names, as long as they are asked for. */
export function* pagesOf(
  state: State,
  kind: InspectedKind,
  wanted: { readonly prefix: string; readonly after?: string; readonly limit?: number },
): Generator<InspectedPage, void> {
  let after = wanted.after;
  let left = wanted.limit ?? Number.POSITIVE_INFINITY;
  do {
    const asked = {
      prefix: wanted.prefix,
      limit: Math.min(pageRows, left),
      ...(after === undefined ? {} : { after }),
    };
    const page = kind === 'queue' ? queuesOf(state.queues.page(asked)) : listed(state, kind, asked);
    left -= page.rows.length;
    ({ nextAfter: after } = page);
    yield page;
  } while (after !== undefined && left > 0);
}

export function countOfKind(state: State, kind: InspectedKind): number {
  let count = 0;
  for (const { rows } of pagesOf(state, kind, { prefix: '' })) count += rows.length;
  return count;
}

type Page = ReturnType<State['list']>;

function rowsOf(page: Page): readonly ListedRow[] {
  // A kind without columns of its own is shown as its records.
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check
  switch (page.kind) {
    case 'session':
      return page.rows.map((record) => ({
        record,
        cells: [
          record.sessionId,
          record.clientId,
          seconds(record.timeoutMs),
          String(sumOf(record.counts)),
          String(record.waitCount),
        ],
      }));
    case 'lock':
      return page.rows.map((record) => ({
        record,
        cells: [
          record.name,
          ...firstOf(record.holders),
          String(record.holderCount),
          String(record.waiterCount),
        ],
      }));
    case 'semaphore':
      return page.rows.map((record) => ({
        record,
        cells: [
          record.name,
          ...firstOf(record.holders),
          `${String(record.free)} of ${String(record.limit)}`,
          String(record.waiterCount),
        ],
      }));
    case 'election':
      return page.rows.map((record) => ({
        record,
        cells: [
          record.name,
          ...firstOf(record.leader === undefined ? [] : [record.leader]),
          '',
          String(record.candidateCount),
        ],
      }));
    case 'barrier':
      return page.rows.map((record) => ({
        record,
        cells: [
          record.name,
          String(record.round),
          String(record.parties),
          String(record.memberCount),
        ],
      }));
    case 'cache':
      return page.rows.map((record) => ({
        record,
        cells: [
          record.name,
          String(record.version),
          String(Buffer.byteLength(record.value)),
          record.expiresInMs === undefined ? '-' : seconds(record.expiresInMs),
        ],
      }));
    default:
      return page.rows.map((record) => {
        const { name, ...rest } = record;
        return { record, cells: [name, JSON.stringify(rest)] };
      });
  }
}

function listed(state: State, kind: ListedKind, asked: ListWanted): InspectedPage {
  const page = state.list(kind, asked);
  return { rows: rowsOf(page), nextAfter: page.nextAfter };
}

const queuesOf = ({ queues, nextAfter }: QueuesPage): InspectedPage => ({
  rows: queues.map((record) => ({
    record,
    cells: [
      record.name,
      ...[
        record.counts.ready,
        record.counts.inFlight,
        record.counts.delayed,
        record.counts.blocked,
        record.dead,
      ].map(String),
    ],
  })),
  nextAfter,
});

const firstOf = (
  holders: readonly { readonly clientId: string; readonly fenceToken: number }[],
): readonly [string, string] => {
  const first = holders[0];
  return first === undefined ? ['-', '-'] : [first.clientId, String(first.fenceToken)];
};

const sumOf = (counts: Readonly<Record<string, number>> | object): number =>
  Object.values(counts).reduce((sum: number, count: unknown) => sum + Number(count), 0);

const seconds = (ms: number): string => `${String(ms / 1000)} s`;
