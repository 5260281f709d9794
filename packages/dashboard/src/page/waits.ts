/** Who waits for whom: the longest chains first. What is looked at is what somebody waits for, a page of each kind. */
import { ask, pathOf } from './asking.ts';
import { useRead } from './hooks.ts';
import { kinds } from './kinds.ts';
import type { Kind } from './kinds.ts';
import { html, useState } from './library.ts';
import type { View } from './library.ts';
import { badge, fact, link, number, pager, shown } from './parts.ts';
import { Search } from './search.ts';
import { waitGraphOf } from './wait-graph.ts';
import type {
  WaitGraphResource,
  Root,
  WaitedFor,
  WaitingClient,
  ClientLabel,
} from './wait-graph.ts';

/** The node looks through all names for them, from its own state: often enough to be live, and no more. */
const everyMs = 3000;
const rowsOnAPage = 50;
/** A page that was looked through in vain is followed by the next one, so often. */
const mostPages = 20;
/** Below this a tree says only how much more there is. */
const deepest = 12;

const queued: readonly Kind[] = kinds.filter(({ mayBeForced }) => mayBeForced);

/** Where each kind goes on; null: it is at its end. */
type Position = Readonly<Record<string, string | null>>;

interface Read {
  readonly all: readonly WaitedFor[];
  /** Undefined: there is no more. */
  readonly next: Position | undefined;
}

interface Page {
  readonly next_after: string | null;
}

async function readKind(
  kind: Kind,
  prefix: string,
  from: string,
  signal: AbortSignal,
): Promise<{ readonly rows: readonly WaitedFor[]; readonly next: string | null }> {
  const rows: WaitedFor[] = [];
  let after: string | null = from;
  for (let pages = 0; pages < mostPages && after !== null; pages++) {
    const limit = rowsOnAPage - rows.length;
    const query = { prefix, after, limit, waiting: 'true', consistency: 'stale' };
    const answer: Page = await ask<Page>(pathOf(kind.path, query), signal);
    for (const row of kind.rowsOf(answer)) rows.push({ kind: kind.kind, row });
    after = answer.next_after;
    if (rows.length >= rowsOnAPage) break;
  }
  return { rows, next: after };
}

async function readAll(prefix: string, from: Position, signal: AbortSignal): Promise<Read> {
  const all: WaitedFor[] = [];
  const next: Record<string, string | null> = {};
  for (const kind of queued) {
    const after = from[kind.kind] ?? (kind.kind in from ? null : '');
    const read =
      after === null ? { rows: [], next: null } : await readKind(kind, prefix, after, signal);
    for (const row of read.rows) all.push(row);
    next[kind.kind] = read.next;
  }
  const isMore = Object.values(next).some((after) => after !== null);
  return { all, next: isMore ? next : undefined };
}

const person = ({ clientId, sessionId }: ClientLabel): View =>
  sessionId === '' ? html`<strong>${clientId}</strong>` : link(clientId, 'session', sessionId);

const waitingView = ({ who, waiter, holds }: WaitingClient, level: number): View =>
  html`<li>
    ${badge(number(waiter.position), 'plain')} ${person(who)}
    <span class="quiet"> ${waiter.how}</span>
    ${holdsView(holds, level)}
  </li>`;

function resourceView(resource: WaitGraphResource, level: number): View {
  const { kind, name, because, waiters, waiterCount, isAbove } = resource;
  const more = waiterCount - waiters.length;
  return html`<li>
    <span class="quiet">${kind}</span> ${link(name, 'resource', kind, name)}
    <span class="reason"> ${because}</span>
    ${
      isAbove
        ? html` <span class="quiet">Its wait queue is shown above.</span>`
        : html`<ol class="tree" aria-label=${`Wait queue of ${kind} ${name}`}>
            ${waiters.map((one) => waitingView(one, level + 1))}
            ${more > 0 ? html`<li class="quiet">and ${number(more)} more in the queue</li>` : null}
          </ol>`
    }
  </li>`;
}

function holdsView(holds: readonly WaitGraphResource[], level: number): View | null {
  if (holds.length === 0) return null;
  if (level >= deepest) return html`<p class="quiet">The chain goes on: open the session.</p>`;
  return html`<ul class="tree" aria-label="Waited for, and held by it">
    ${holds.map((one) => resourceView(one, level))}
  </ul>`;
}

const rootView = ({ who, holds, depth }: Root): View =>
  html`<li class="card">
    <p class="line">
      <span>${who === undefined ? html`<strong>Nobody holds it</strong>` : person(who)}</span>
      ${badge(`${number(depth)} in a row`, depth > 5 ? 'warn' : 'plain')}
    </p>
    ${holdsView(holds, 0)}
  </li>`;

export function Waits(): View {
  const [prefix, search] = useState('');
  const [from, go] = useState<Position>({});
  const asked = useRead<Read>(
    JSON.stringify([prefix, from]),
    (signal) => readAll(prefix, from, signal),
    everyMs,
  );
  return html`<h1>Who waits for whom</h1>
    <p class="quiet">
      The longest chains first, as of what this node has applied. An acquire that would close a
      cycle is refused (<code>deadlock</code>), so every chain ends at somebody who waits for
      nothing.
    </p>
    <${Search}
      label="Search by the beginning of the resource's name"
      onSearch=${(wanted: string) => {
        search(wanted);
        go({});
      }}
    />
    ${shown(asked, ({ all, next }) => {
      const { roots, longest, waiting } = waitGraphOf(all);
      if (all.length === 0 && next === undefined)
        return html`<p class="quiet">
          ${prefix === '' ? 'Nobody waits.' : `Nobody waits for what begins with “${prefix}”.`}
        </p>`;
      return html`<dl class="facts">
          ${fact('Waited for', number(all.length))} ${fact('Waiting', number(waiting))}
          ${fact('Longest chain', number(longest))}
        </dl>
        <ul class="trees">
          ${roots.map(rootView)}
        </ul>
        ${pager(
          Object.keys(from).length === 0,
          next === undefined ? undefined : () => go(next),
          () => go({}),
        )}`;
    })}`;
}
