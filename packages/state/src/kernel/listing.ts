/**
 * Pages of listings, of every kind: by prefix of the name, and of those that a client uses.
 *
 * LIST-1: a page costs what is looked at for it, and no more than `maxSteps` names and holders are: where few of
 *     many match, a page may be empty and still tell where the next one goes on.
 * LIST-4: an item is judged by all its holders. One that has more than are left for the page is the first of the next
 *     one, which looks at all of them; how many they may be is limited (`maxHoldsPerResource`).
 * LIST-2: pages follow each other in the order of names (by UTF-16 code unit), so that any node can go on.
 */
import { NameIndex } from './collections/name-index.ts';
import type { ResourceName, SessionId } from './names.ts';
import type { Tables } from './tables.ts';
import { ListBudget } from './view-bounds.ts';
import type { Listed, ListedKind, ListWanted, SessionRow } from './view-types.ts';
import { weigh } from './weigh-rows.ts';
import type { ListedItem } from './weigh-rows.ts';
import type { Session } from '../primitives/holds/pool.ts';
import { primitives } from '../primitives/table.ts';

/** Names and holders that one page looks at. */
const maxSteps = 10_000;

interface Source<Name extends string> {
  readonly names: NameIndex<Name>;
  readonly find: (name: Name) => ListedItem<unknown> | undefined;
}

export function list(tables: Tables, kind: ListedKind, wanted: ListWanted): Listed {
  if (kind === 'session')
    return { kind, ...page(sessionsOf(tables, wanted.owner), wanted) } as Listed;
  const source = {
    names: tables.namesOf(kind),
    find: (name: ResourceName) => primitives[kind].listed(tables, name, wanted.timeMs),
  };
  return { kind, ...page(source, wanted) } as Listed;
}

function page<Name extends string>(
  { names, find }: Source<Name>,
  { prefix, after, clientId, waitedFor, limit }: ListWanted,
): { readonly rows: readonly unknown[]; readonly nextAfter: string | undefined } {
  const rows: unknown[] = [];
  const budget = new ListBudget(limit);
  let steps = 0;
  let last = after;
  const isUsedBy = ({ clients }: ListedItem<unknown>): boolean | 'not known' => {
    if (clientId === undefined) return true;
    const isFirst = last === after; // LIST-4
    for (const client of clients()) {
      if (client === clientId) return true;
      steps += 1;
      if (steps > maxSteps && !isFirst) return 'not known';
    }
    return false;
  };
  // LIST-2
  for (const name of names.from(after !== undefined && after > prefix ? after : prefix)) {
    if (!name.startsWith(prefix)) break;
    if (name === after) continue;
    if (steps > maxSteps) return { rows, nextAfter: last }; // LIST-1
    steps += 1;
    const item = find(name);
    const isWanted = item !== undefined && (waitedFor !== true || item.isWaitedFor === true);
    const isUsed = isWanted && isUsedBy(item);
    if (isUsed === 'not known') return { rows, nextAfter: last }; // LIST-1, LIST-4
    if (isUsed) {
      const shown = item.show();
      if (!budget.takesTogether(shown.rows)) return { rows, nextAfter: last };
      rows.push(shown.view);
    }
    last = name;
  }
  return { rows, nextAfter: undefined };
}

const noNames = new NameIndex<SessionId>();

/** Those of one identity alone are never found by way of others (OWNER-1). */
const sessionsOf = (
  { sessions, ownedSessions }: Tables,
  owner: string | undefined,
): Source<SessionId> => ({
  names: owner === undefined ? sessions.names : (ownedSessions.get(owner) ?? noNames),
  find: (id: SessionId) => {
    const session = sessions.get(id);
    return (
      session && {
        clients: () => [session.clientId],
        show: () => ({
          view: sessionRow(session),
          rows: weigh(session.id, [{ clientId: session.clientId }]),
        }),
      }
    );
  },
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
    barriers: session.joined.size,
  },
});
