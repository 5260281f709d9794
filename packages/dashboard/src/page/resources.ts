/** Lists of one kind, page by page, searched by the beginning of their names. */
import { pathOf } from './asking.ts';
import { addressOf, useAnswer } from './hooks.ts';
import { kinds } from './kinds.ts';
import type { Kind, ResourceRow } from './kinds.ts';
import { html, useState } from './library.ts';
import type { View } from './library.ts';
import { badge, link, number, pager, shown, table } from './parts.ts';
import type { Column } from './parts.ts';
import { Search } from './search.ts';

const everyMs = 5000;
const rowsOnAPage = 50;

const columns = ({ kind }: Kind): readonly Column<ResourceRow>[] => [
  { name: 'Name', cell: ({ name }) => link(name, 'resource', kind, name) },
  { name: 'State', cell: ({ state, isTaken }) => badge(state, isTaken ? 'warn' : 'plain') },
  {
    name: 'Held by',
    cell: ({ holders, holderCount }) =>
      holderCount === 0
        ? '–'
        : html`${holders
            .slice(0, 3)
            .map(
              ({ clientId, sessionId, fenceToken }, index) =>
                html`${index === 0 ? '' : ', '}${link(clientId, 'session', sessionId)}${
                  fenceToken === undefined
                    ? null
                    : html` <span class="quiet">token ${fenceToken}</span>`
                }`,
            )}${holderCount > 3 ? ` and ${number(holderCount - 3)} more` : ''}`,
  },
  { name: 'Waiting', isNumber: true, cell: ({ waiterCount }) => number(waiterCount) },
  { name: 'Why they wait', cell: ({ because }) => (because === '' ? '–' : because) },
];

export interface ListPosition {
  readonly prefix: string;
  readonly after: string;
}

function List({ kind }: { readonly kind: Kind }): View {
  const [{ prefix, after }, go] = useState<ListPosition>({ prefix: '', after: '' });
  const asked = useAnswer<{ readonly next_after: string | null }>(
    pathOf(kind.path, { prefix, after, limit: rowsOnAPage }),
    everyMs,
    (event) => event.kind === kind.kind && event.resource.startsWith(prefix),
  );
  return html`<${Search}
      label="Search by the beginning of the name"
      onSearch=${(wanted: string) => go({ prefix: wanted, after: '' })}
    />
    ${shown(asked, (answer) => {
      const next = answer.next_after;
      const empty =
        prefix === '' ? `No ${kind.path} are held or waited for.` : `None begins with “${prefix}”.`;
      return html`${table(kind.title, columns(kind), kind.rowsOf(answer), empty)}
      ${pager(after === '', next === null ? undefined : () => go({ prefix, after: next }), () =>
        go({ prefix, after: '' }),
      )}`;
    })}`;
}

export function Resources({ kind }: { readonly kind: Kind }): View {
  return html`<h1>Resources</h1>
    <nav class="tabs" aria-label="Kinds of resources">
      ${kinds.map(
        (other) =>
          html`<a
            href=${addressOf('resources', other.kind)}
            aria-current=${other.kind === kind.kind ? 'page' : undefined}
            >${other.title}</a
          >`,
      )}
    </nav>
    <${List} key=${kind.kind} kind=${kind} />`;
}
