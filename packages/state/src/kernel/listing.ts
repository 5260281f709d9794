/**
 * Pages of listings, of every kind: by prefix of the name, and of those that a client uses.
 *
 * LIST-1: a page costs what is looked at for it, and no more than `maxSteps` names and holders are: where few of
 *     many match, a page may be empty and still tell where the next one goes on.
 * LIST-2: pages follow each other in the order of names (by UTF-16 code unit), so that any node can go on.
 */
import type { NameIndex } from './collections/name-index.ts';
import type { Barrier, Latch } from './meetings.ts';
import type { ResourceName, SessionId } from './names.ts';
import type { Pool } from '../primitives/holds/pool.ts';
import type { Session } from './sessions/sessions.ts';
import type { Tables } from './tables.ts';
import { ListBudget } from './view-bounds.ts';
import type { Row } from './view-bounds.ts';
import { barrierView, electionView, latchView, lockView, semaphoreView } from './views.ts';
import type { Listed, ListedKind, ListWanted, SessionRow } from './view-types.ts';

/** Names and holders that one page looks at. */
const maxSteps = 10_000;
/** Holders, and waiters, of each that is listed. */
const rowsInAList = 10;

interface Source<Name extends string, Item, View> {
  readonly names: NameIndex<Name>;
  readonly find: (name: Name) => Item | undefined;
  /** The clients that use it, as far as they are looked at. */
  readonly clients: (item: Item) => Iterable<string>;
  /** With what it weighs. */
  readonly show: (item: Item) => { readonly view: View; readonly rows: readonly Row[] };
}

export function list(tables: Tables, kind: ListedKind, wanted: ListWanted): Listed {
  switch (kind) {
    case 'session':
      return { kind, ...page(sessionsOf(tables), wanted) };
    case 'lock':
      return { kind, ...page(locksOf(tables), wanted) };
    case 'semaphore':
      return { kind, ...page(semaphoresOf(tables), wanted) };
    case 'election':
      return { kind, ...page(electionsOf(tables), wanted) };
    case 'barrier':
      return { kind, ...page(barriersOf(tables), wanted) };
    case 'latch':
      return { kind, ...page(latchesOf(tables), wanted) };
  }
}

function page<Name extends string, Item, View>(
  { names, find, clients, show }: Source<Name, Item, View>,
  { prefix, after, clientId, limit }: ListWanted,
): { readonly rows: readonly View[]; readonly nextAfter: string | undefined } {
  const rows: View[] = [];
  const budget = new ListBudget(limit);
  let steps = 0;
  let last = after;
  const isUsedBy = (item: Item): boolean => {
    if (clientId === undefined) return true;
    for (const client of clients(item)) {
      if (client === clientId) return true;
      steps += 1;
      if (steps > maxSteps) break; // LIST-1
    }
    return false;
  };
  for (const name of names.from(after !== undefined && after > prefix ? after : prefix)) {
    if (!name.startsWith(prefix)) break;
    if (name === after) continue;
    if (steps > maxSteps) return { rows, nextAfter: last }; // LIST-1
    steps += 1;
    const item = find(name);
    if (item !== undefined && isUsedBy(item)) {
      const shown = show(item);
      if (!budget.takesTogether(shown.rows)) return { rows, nextAfter: last };
      rows.push(shown.view);
    }
    last = name;
  }
  return { rows, nextAfter: undefined };
}

// ---- kinds --------------------------------------------------------------------------------------

interface Held {
  readonly clientId: string;
  readonly metadata?: unknown;
}

const weigh = (
  name: string,
  holders: readonly Held[],
  waiters: readonly { readonly clientId: string }[] = [],
): readonly Row[] => [
  { texts: [name] },
  ...holders.map(({ clientId, metadata }) => ({ texts: [clientId], metadata })),
  ...waiters.map(({ clientId }) => ({ texts: [clientId] })),
];

function* clientsOf({ holds, queue }: Pool): Generator<string, void, undefined> {
  for (const hold of holds) yield hold.session.clientId;
  for (const waiter of queue) yield waiter.session.clientId;
}

/** What only a lock-delay keeps is used by nobody. */
const usedPool = (pool: Pool | undefined): Pool | undefined =>
  pool !== undefined && (pool.holds.length > 0 || pool.queue.length > 0 || pool.stays)
    ? pool
    : undefined;

const locksOf = ({ lockNames, pools, timeMs }: Tables) => ({
  names: lockNames,
  find: (name: ResourceName) => pools.get(name),
  clients: clientsOf,
  show: (pool: Pool) => {
    const view = lockView(pool.name, pool, timeMs, rowsInAList);
    return { view, rows: weigh(view.name, view.holders, view.waiters) };
  },
});

const semaphoresOf = ({ semaphores, timeMs }: Tables) => ({
  names: semaphores.names,
  find: (name: ResourceName) => usedPool(semaphores.get(name)),
  clients: clientsOf,
  show: (pool: Pool) => {
    const view = semaphoreView(pool, timeMs, rowsInAList);
    return { view, rows: weigh(view.name, view.holders, view.waiters) };
  },
});

const electionsOf = ({ elections, timeMs }: Tables) => ({
  names: elections.names,
  find: (name: ResourceName) => usedPool(elections.get(name)),
  clients: clientsOf,
  show: (pool: Pool) => {
    const view = electionView(pool.name, pool, timeMs, rowsInAList);
    const leaders = view.leader === undefined ? [] : [view.leader];
    return { view, rows: weigh(view.name, leaders, view.candidates) };
  },
});

function* membersOf({ members }: Barrier): Generator<string, void, undefined> {
  for (const { clientId } of members.keys()) yield clientId;
}

const barriersOf = ({ barriers }: Tables) => ({
  names: barriers.names,
  find: (name: ResourceName) => barriers.get(name),
  clients: membersOf,
  show: (barrier: Barrier) => {
    const view = barrierView(barrier, rowsInAList);
    return { view, rows: weigh(view.name, view.members) };
  },
});

const latchesOf = ({ latches }: Tables) => ({
  names: latches.names,
  find: (name: ResourceName) => latches.get(name),
  clients: (): readonly string[] => [],
  show: (latch: Latch) => ({ view: latchView(latch), rows: weigh(latch.name, []) }),
});

const sessionsOf = ({ sessions }: Tables) => ({
  names: sessions.names,
  find: (id: SessionId) => sessions.get(id),
  clients: ({ clientId }: Session): readonly string[] => [clientId],
  show: (session: Session) => ({
    view: sessionRow(session),
    rows: weigh(session.id, [{ clientId: session.clientId }]),
  }),
});

const sessionRow = (session: Session): SessionRow => ({
  sessionId: session.id,
  clientId: session.clientId,
  timeoutMs: session.timeoutMs,
  createdAtMs: session.createdAtMs,
  own: session.own,
  waitCount: session.waits.size,
  counts: {
    locks: session.holds.size,
    permits: session.permits.size,
    leads: session.leads.size,
    barriers: session.barriers.length,
  },
});
