/** Sessions, and one of them: what it holds, what it waits for, behind whom. */
import type {
  EndSessionAnswer,
  ListSessionsAnswer,
  SessionAnswer,
  SessionLocksAnswer,
  SessionWaitsAnswer,
} from '@holdfast/protocol';
import { ask, pathOf } from './asking.ts';
import { confirm } from './confirming.ts';
import { useAnswer } from './hooks.ts';
import type { Concerns } from './refreshing.ts';
import { html, useState } from './library.ts';
import type { View } from './library.ts';
import { badge, clock, fact, link, number, pager, shown, span, table } from './parts.ts';
import { Search } from './search.ts';

const everyMs = 2000;
const rowsOnAPage = 50;

type Listed = ListSessionsAnswer['sessions'][number];

const holdsOf = (session: Listed): number =>
  session.lock_count + session.permit_hold_count + session.leadership_count;

function list(rows: readonly Listed[], empty: string): View {
  return table<Listed>(
    'Sessions',
    [
      {
        name: 'Session',
        cell: ({ session_id, implicit }) =>
          html`${link(session_id, 'session', session_id)}${
            implicit ? html` ${badge('implicit')}` : null
          }`,
      },
      { name: 'Client', cell: ({ client_id }) => client_id },
      { name: 'Holds', isNumber: true, cell: (session) => number(holdsOf(session)) },
      { name: 'Waits', isNumber: true, cell: ({ wait_count }) => number(wait_count) },
      { name: 'Timeout', isNumber: true, cell: ({ timeout_seconds }) => span(timeout_seconds) },
      { name: 'Since', cell: ({ created_at }) => clock(created_at) },
      {
        name: 'Last contact',
        cell: ({ last_keepalive }) => (last_keepalive === null ? '–' : clock(last_keepalive)),
      },
    ],
    rows,
    empty,
  );
}

interface Asking {
  readonly prefix: string;
  readonly client: string;
  readonly after: string;
}

export function Sessions(): View {
  const [{ prefix, client, after }, go] = useState<Asking>({ prefix: '', client: '', after: '' });
  const asked = useAnswer<ListSessionsAnswer>(
    pathOf('sessions', { prefix, client_id: client, after, limit: rowsOnAPage }),
    everyMs,
  );
  return html`<h1>Sessions</h1>
    <div class="searches">
      <${Search}
        label="Search by the beginning of the session id"
        onSearch=${(wanted: string) => go((old) => ({ ...old, prefix: wanted, after: '' }))}
      />
      <${Search}
        label="Sessions of a client, by its whole name"
        onSearch=${(wanted: string) => go((old) => ({ ...old, client: wanted, after: '' }))}
      />
    </div>
    ${shown(asked, (answer) => {
      const next = answer.next_after;
      return html`${list(
        answer.sessions,
        prefix === '' && client === '' ? 'No sessions.' : 'No session is like that.',
      )}
      ${pager(
        after === '',
        next === null ? undefined : () => go((old) => ({ ...old, after: next })),
        () => go((old) => ({ ...old, after: '' })),
      )}`;
    })}`;
}

function endSession(session: SessionAnswer): void {
  const { session_id, client_id } = session;
  const holds = session.lock_count + session.permit_hold_count + session.leadership_count;
  confirm({
    title: `End the session of ${client_id}?`,
    says: [
      `${number(holds)} ${holds === 1 ? 'hold is' : 'holds are'} released at once, whether or not ${client_id} is done, and its waits end.`,
      `${client_id} is told that its session (${session_id}) is gone, and has to make another one.`,
    ],
    verb: 'End session',
    perform: async () => {
      await ask<EndSessionAnswer>(
        `sessions/${encodeURIComponent(session_id)}`,
        undefined,
        'DELETE',
      );
      return `The session of ${client_id} has ended.`;
    },
  });
}

interface Held {
  readonly kind: string;
  readonly name: string;
  readonly token: number;
  readonly how: string;
}

const heldOf = ({ holds, permits, leaderships }: SessionLocksAnswer): readonly Held[] => [
  ...holds.map(({ resource, fence_token, mode }) => ({
    kind: 'lock',
    name: resource,
    token: fence_token,
    how: mode,
  })),
  ...permits.map(({ resource, fence_token, permits: count }) => ({
    kind: 'semaphore',
    name: resource,
    token: fence_token,
    how: `${number(count)} ${count === 1 ? 'permit' : 'permits'}`,
  })),
  ...leaderships.map(({ resource, fence_token }) => ({
    kind: 'election',
    name: resource,
    token: fence_token,
    how: 'leads',
  })),
];

/** The watch tells of clients, and of no sessions. */
const ofClient =
  (client: string): Concerns =>
  (event) =>
    event.client_id === client;

interface OfSession {
  readonly path: string;
  readonly client: string;
}

function Holds({ path, client }: OfSession): View {
  const [after, go] = useState<number | undefined>(undefined);
  const asked = useAnswer<SessionLocksAnswer>(
    pathOf(`${path}/locks`, { after, limit: rowsOnAPage }),
    everyMs,
    ofClient(client),
  );
  return shown(asked, (answer) => {
    const next = answer.next_after;
    return html`${table<Held>(
      'Holds',
      [
        { name: 'Kind', cell: ({ kind }) => kind },
        { name: 'Resource', cell: ({ kind, name }) => link(name, 'resource', kind, name) },
        { name: 'Held', cell: ({ how }) => how },
        { name: 'Fence token', isNumber: true, cell: ({ token }) => token },
      ],
      heldOf(answer),
      'Nothing.',
    )}
    ${pager(after === undefined, next === null ? undefined : () => go(next), () => go(undefined))}`;
  });
}

function Waits({ path, client }: OfSession): View {
  const asked = useAnswer<SessionWaitsAnswer>(
    pathOf(`${path}/waits`, { limit: 100 }),
    everyMs,
    ofClient(client),
  );
  return shown(asked, ({ waits }) =>
    table<SessionWaitsAnswer['waits'][number]>(
      'Waits',
      [
        { name: 'Kind', cell: ({ kind }) => kind },
        {
          name: 'Resource',
          cell: ({ kind, resource }) => link(resource, 'resource', kind, resource),
        },
        { name: 'Position', isNumber: true, cell: ({ position }) => number(position) },
        {
          name: 'Ahead of it',
          cell: ({ ahead }) =>
            ahead.length === 0
              ? 'nobody: it waits for the holders'
              : `${ahead.slice(0, 5).join(', ')}${ahead.length > 5 ? ' …' : ''}`,
        },
      ],
      waits,
      'Nothing.',
    ),
  );
}

export function Session({ id }: { readonly id: string }): View {
  const path = `sessions/${encodeURIComponent(id)}`;
  const asked = useAnswer<SessionAnswer>(path, everyMs);
  return html`<p>${link('Sessions', 'sessions')}</p>
    <h1 class="name">${id}</h1>
    ${shown(
      asked,
      (session) =>
        html`<dl class="facts wide">
            ${fact('Client', session.client_id)} ${fact('Timeout', span(session.timeout_seconds))}
            ${fact('Since', clock(session.created_at))}
            ${fact('Last contact', clock(session.last_keepalive))}
          </dl>
          <p>
            <button type="button" class="danger" onClick=${() => endSession(session)}>
              End session …
            </button>
          </p>
          <h2>Holds</h2>
          <${Holds} path=${path} client=${session.client_id} />
          <h2>Waits for</h2>
          <${Waits} path=${path} client=${session.client_id} />`,
    )}`;
}
