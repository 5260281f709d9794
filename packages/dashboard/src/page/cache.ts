/** The cache of the node that is asked: what it has in its memory, what is to be dropped, who delayed writes. */
import type {
  CacheLine,
  CacheLinesAnswer,
  CacheStatsAnswer,
  PendingInvalidation,
  SharerDelay,
} from '@holdfast/protocol';
import { pathOf } from './asking.ts';
import { useAnswer } from './hooks.ts';
import { html, useState } from './library.ts';
import type { View } from './library.ts';
import { fact, number, pager, shown, span, table } from './parts.ts';
import { Search } from './search.ts';

/** The cache is not told by the watch. */
const everyMs = 2000;
const rowsOnAPage = 50;

const facts: readonly (readonly [string, (stats: CacheStatsAnswer) => string])[] = [
  ['Keys with a value', ({ keys }) => number(keys)],
  ['Lines of this node', ({ lines }) => number(lines)],
  ['Hits', ({ hits, misses }) => share(hits, misses)],
  ['Clients with lines', ({ clients }) => number(clients)],
  ['Invalidations pending', ({ pending_invalidations }) => number(pending_invalidations)],
  ['Writes that wait', ({ pending_writes }) => number(pending_writes)],
];

/** Of reads since the node started. */
export const share = (hits: number, misses: number): string =>
  hits + misses === 0 ? '–' : `${((100 * hits) / (hits + misses)).toFixed(1)} %`;

export const sharerOf = ({ of, sharer }: Pick<PendingInvalidation, 'of' | 'sharer'>): string =>
  of === 'node' ? `node ${sharer}` : `client ${sharer.replace(/^a client$/, '')}`.trim();

function Numbers(): View {
  const asked = useAnswer<CacheStatsAnswer>('cache/stats', everyMs);
  return shown(
    asked,
    (stats) => html`<dl class="facts">${facts.map(([title, of]) => fact(title, of(stats)))}</dl>`,
  );
}

const pendingTable = (pending: readonly PendingInvalidation[]): View =>
  table<PendingInvalidation>(
    'Pending invalidations',
    [
      { name: 'Key', cell: ({ key }) => key },
      { name: 'Who has to drop it', cell: sharerOf },
      { name: 'For', isNumber: true, cell: ({ waited_seconds }) => span(waited_seconds) },
    ],
    pending.slice(0, rowsOnAPage),
    'No write waits for a line to be dropped.',
  );

const delaysTable = (delays: readonly SharerDelay[]): View =>
  table<SharerDelay>(
    'Who delayed writes',
    [
      { name: 'Who', cell: sharerOf },
      { name: 'In all', isNumber: true, cell: ({ seconds }) => span(seconds) },
      { name: 'Keys', isNumber: true, cell: ({ count }) => number(count) },
      { name: 'Lease ran out', isNumber: true, cell: ({ lapsed }) => number(lapsed) },
    ],
    delays.slice(0, rowsOnAPage),
    'Nobody, for more than 0.1 s.',
  );

export function CachePage(): View {
  const [{ prefix, after }, go] = useState({ prefix: '', after: '' });
  const asked = useAnswer<CacheLinesAnswer>(
    pathOf('cache/lines', { prefix, after, limit: rowsOnAPage }),
    everyMs,
  );
  return html`<h1>Cache</h1>
    <${Numbers} />
    <${Search}
      label="Search by the beginning of the key"
      onSearch=${(wanted: string) => go({ prefix: wanted, after: '' })}
    />
    ${shown(asked, ({ node, lines, next_after: next, pending, delays }) => {
      return html`<h2>Lines of ${node}</h2>
        ${table<CacheLine>(
          'Lines',
          [
            { name: 'Key', cell: ({ key }) => key },
            { name: 'State', cell: ({ state }) => state },
            {
              name: 'Version',
              isNumber: true,
              cell: ({ version }) => (version === 0 ? 'no value' : String(version)),
            },
          ],
          lines,
          prefix === ''
            ? 'None: nothing was read through this node for two seconds, or nothing is left here.'
            : `None begins with “${prefix}”.`,
        )}
        ${pager(after === '', next === null ? undefined : () => go({ prefix, after: next }), () =>
          go({ prefix, after: '' }),
        )}
        <h2>Pending invalidations</h2>
        ${pendingTable(pending)}
        <h2>Who delayed writes</h2>
        ${delaysTable(delays)}`;
    })}`;
}
