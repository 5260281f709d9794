/** One resource: its holders, its queue, and its history as the watch tells it. */
import type { EventsAnswer, ForceReleaseAnswer, WatchEvent } from '@holdfast/protocol';
import { ask, pathOf } from './asking.ts';
import { confirm } from './confirming.ts';
import { useAnswer } from './hooks.ts';
import type { HolderRow, Kind, ResourceRow, WaiterRow } from './kinds.ts';
import { html } from './library.ts';
import type { View } from './library.ts';
import { badge, clock, link, number, shown, span, table } from './parts.ts';

const everyMs = 5000;
const eventsShown = 200;

function forceRelease(
  { kind }: Kind,
  { name, holders, holderCount, waiterCount }: ResourceRow,
): void {
  const first = holders.slice(0, 3).map(({ clientId }) => clientId);
  const who = first.length === 0 ? 'whoever holds it' : first.join(', ');
  confirm({
    title: `Release the ${kind} “${name}” by force?`,
    says: [
      `${number(holderCount)} ${holderCount === 1 ? 'hold ends' : 'holds end'} now, of ${who}${holderCount > first.length && first.length > 0 ? ' and others' : ''}, whether or not the holder is done.`,
      waiterCount === 0
        ? 'Nobody waits for it.'
        : 'The next in the queue is granted it at once, with a larger fence token.',
      'A former holder goes on until it notices: only what checks fence tokens is protected from it.',
    ],
    verb: 'Release by force',
    asksReason: true,
    perform: async (reason) => {
      const answer = await ask<ForceReleaseAnswer>(
        `admin/locks/${encodeURIComponent(name)}/force-release`,
        undefined,
        'POST',
        { kind, ...(reason === '' ? {} : { reason }) },
      );
      return answer.released
        ? `${number(answer.count)} ${answer.count === 1 ? 'hold' : 'holds'} of “${name}” ended.`
        : `“${name}” was not held any more.`;
    },
  });
}

type Grants = ReadonlyMap<number, number>;

/** When each fence token was granted, as far as events tell it: an answer tells when the acquire was asked for. */
export const grantsOf = (events: readonly WatchEvent[]): Grants =>
  new Map(
    events.flatMap(({ type, fence_token, time }) =>
      type === 'granted' && fence_token !== undefined && time !== undefined
        ? [[fence_token, time] as const]
        : [],
    ),
  );

/** For how long the hold that ended was held. Empty where its grant is not retained. */
export function heldFor({ type, fence_token, time }: WatchEvent, grants: Grants): string {
  const since = fence_token === undefined ? undefined : grants.get(fence_token);
  return since === undefined || time === undefined || (type !== 'released' && type !== 'expired')
    ? ''
    : `, held for ${span(Math.max(0, time - since))}`;
}

const sinceOf = ({ fenceToken, since }: HolderRow, grants: Grants): number | undefined =>
  (fenceToken === undefined ? undefined : grants.get(fenceToken)) ?? since;

const holders = (row: ResourceRow, grants: Grants): View =>
  table<HolderRow>(
    'Holders',
    [
      { name: 'Client', cell: ({ clientId }) => clientId },
      { name: 'Session', cell: ({ sessionId }) => link(sessionId, 'session', sessionId) },
      { name: 'Held', cell: ({ how }) => how },
      { name: 'Fence token', isNumber: true, cell: ({ fenceToken }) => fenceToken ?? '–' },
      { name: 'Since', cell: (holder) => clock(sinceOf(holder, grants)) },
    ],
    row.holders,
    'Nobody.',
  );

const queue = (row: ResourceRow): View =>
  table<WaiterRow>(
    'Wait queue',
    [
      { name: 'Position', isNumber: true, cell: ({ position }) => number(position) },
      { name: 'Client', cell: ({ clientId }) => clientId },
      { name: 'Session', cell: ({ sessionId }) => link(sessionId, 'session', sessionId) },
      { name: 'Wants', cell: ({ how }) => how },
      { name: 'Why it waits', cell: ({ because }) => because },
    ],
    row.waiters,
    row.because === '' ? 'Nobody waits.' : row.because,
  );

/** What happened, as a sentence. */
export function eventText(event: WatchEvent): string {
  const who = event.client_id ?? 'someone';
  const token = event.fence_token === undefined ? '' : ` with fence token ${event.fence_token}`;
  const permits =
    event.permits === undefined || event.kind !== 'semaphore'
      ? ''
      : ` ${number(event.permits)} ${event.permits === 1 ? 'permit' : 'permits'}`;
  switch (event.type) {
    case 'granted':
      return event.kind === 'election'
        ? `${who} was elected${token}`
        : `${who} was granted${permits === '' ? ' it' : permits}${event.mode === undefined ? '' : ` (${event.mode})`}${token}`;
    case 'released':
      if (event.reason === 'forced') return `The hold of ${who}${token} was released by force`;
      return event.reason === 'max_hold'
        ? `The hold of ${who}${token} ended: its longest time was over`
        : `${who} released it${token}`;
    case 'expired':
      return `The hold of ${who}${token} ended: its session expired`;
    case 'downgraded':
      return `${who} went on in shared mode${token}`;
    case 'waiting':
      return `${who} began to wait`;
    case 'left':
      if (event.kind === 'barrier') return `${who} left`;
      return `${who} left the queue${event.reason === undefined ? '' : ` (${event.reason})`}`;
    case 'proclaimed':
      return `${who} published another value`;
    case 'created':
      return 'It was created';
    case 'resized':
      return `The limit became ${number(event.limit)}`;
    case 'deleted':
      return 'It was deleted';
    case 'entered':
      return `${who} entered`;
    case 'opened':
      return event.kind === 'barrier'
        ? 'All parties had entered: it opened'
        : 'The count was 0: it opened';
    case 'over':
      return `Round ${number(event.round)} was over`;
    case 'counted':
      return `Counted down to ${number(event.count)}`;
  }
}

const toneOf = ({ type, reason }: WatchEvent): string =>
  type === 'granted' || type === 'opened'
    ? 'good'
    : type === 'expired' || reason === 'forced' || reason === 'max_hold'
      ? 'bad'
      : type === 'waiting'
        ? 'warn'
        : 'plain';

function timeline({ events }: EventsAnswer): View {
  if (events.length === 0)
    return html`<p class="quiet">This node retains no event of it any more.</p>`;
  const grants = grantsOf(events);
  return html`<ol class="timeline">
    ${events.toReversed().map(
      (event) =>
        html`<li class=${toneOf(event)} key=${event.position}>
          <time>${clock(event.time)}</time>
          <div>
            ${eventText(event)}${heldFor(event, grants)}.
            ${event.note === undefined ? null : html` <q>${event.note}</q>`}
            ${
              event.identity === undefined
                ? null
                : html` <span class="quiet">asked for by ${event.identity}</span>`
            }
          </div>
        </li>`,
    )}
  </ol>`;
}

export function Resource({ kind, name }: { readonly kind: Kind; readonly name: string }): View {
  const isOfIt = (event: WatchEvent): boolean =>
    event.kind === kind.kind && event.resource === name;
  const asked = useAnswer<unknown>(`${kind.path}/${encodeURIComponent(name)}`, everyMs, isOfIt);
  const history = useAnswer<EventsAnswer>(
    pathOf('events', { name, kind: kind.kind, limit: eventsShown }),
    everyMs,
    isOfIt,
  );
  return html`<p>${link(kind.title, 'resources', kind.kind)}</p>
    <h1 class="name">${name}</h1>
    ${shown(asked, (answer) => {
      const row = kind.rowOf(answer);
      return html`<p class="line">
          ${badge(row.state, row.isTaken ? 'warn' : 'plain')}
          ${
            kind.mayBeForced && row.holderCount > 0
              ? html`<button type="button" class="danger" onClick=${() => forceRelease(kind, row)}>
                  Release by force …
                </button>`
              : null
          }
        </p>
        <h2>Holders <span class="quiet">${number(row.holderCount)}</span></h2>
        ${holders(row, grantsOf(history.answer?.events ?? []))}
        <h2>Wait queue <span class="quiet">${number(row.waiterCount)}</span></h2>
        ${queue(row)}`;
    })}
    <h2>History</h2>
    ${shown(history, timeline)}`;
}
