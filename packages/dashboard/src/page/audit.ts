/** The audit: whether it is on and can be written, where its chains have come to on this node, and their latest records. */
import type {
  AuditCheckpointAnswer,
  AuditRecordsAnswer,
  AuditStatusAnswer,
} from '@holdfast/protocol';
import { pathOf } from './asking.ts';
import { addressOf, useAnswer } from './hooks.ts';
import { html } from './library.ts';
import type { View } from './library.ts';
import { badge, clock, fact, number, shown, table } from './parts.ts';
import type { Column } from './parts.ts';

const everyMs = 5000;
/** A checkpoint is signed anew each time. */
const checkpointEveryMs = 60_000;
const rows = 50;

type Chain = AuditRecordsAnswer['records'];
type AuditRecord = Chain[number];

type Shown = readonly [chain: string, title: string, of: string];

const chains: readonly [Shown, ...Shown[]] = [
  ['changes', 'Changes', 'Changes of the cluster, the same on every node.'],
  [
    'requests',
    'Refusals',
    'What this node refused, wrong keys among them, and reads where they are recorded.',
  ],
  ['node', 'This node', 'What this node did beside the log: members, backups.'],
];

/** What came of it, as other people read it: everything but these is a refusal. */
const good: ReadonlySet<string> = new Set([
  '',
  'done',
  'granted',
  'ok',
  'released',
  'begun',
  'applied',
]);
const waits: ReadonlySet<string> = new Set(['queued']);
const toneOf = ({ outcome }: AuditRecord, chain: string): 'good' | 'warn' | 'bad' | 'plain' =>
  good.has(outcome)
    ? 'good'
    : waits.has(outcome)
      ? 'plain'
      : chain === 'requests'
        ? 'bad'
        : 'plain';

const columns = (chain: string): readonly Column<AuditRecord>[] => [
  { name: 'Number', isNumber: true, cell: ({ seq }) => number(seq) },
  { name: 'Time', cell: ({ at }) => (at === 0 ? '–' : clock(at)) },
  {
    name: 'By',
    cell: ({ by, client, address }) =>
      html`${by}${client === '' ? null : html` <span class="quiet">as ${client}</span>`}${
        address === '' ? null : html` <span class="quiet">from ${address}</span>`
      }`,
  },
  { name: 'Operation', cell: ({ operation }) => operation },
  { name: 'On', cell: ({ on }) => (on.length === 0 ? '–' : on.join(', ')) },
  {
    name: 'Outcome',
    cell: (one) => (one.outcome === '' ? '–' : badge(one.outcome, toneOf(one, chain))),
  },
];

function statusView(status: AuditStatusAnswer): View {
  const { enabled, failing, refuses_changes, size, chains: written } = status;
  const dropped = written.reduce((sum, one) => sum + one.dropped, 0);
  return html`${
      enabled
        ? null
        : html`<div class="notice warn" role="status">
            The audit is off: nothing is recorded. <code>holdfast audit enable</code> turns it on.
          </div>`
    }
    ${
      failing || refuses_changes
        ? html`<div class="notice bad" role="alert">
            <strong>This node cannot write its audit.</strong>
            ${refuses_changes ? ' It refuses changes.' : ''} Look at its disk and its log.
          </div>`
        : null
    }
    <dl class="facts wide">
      ${fact('Audit', enabled ? 'on' : 'off')} ${fact('Changes recorded', number(size))}
      ${fact('Dropped here', number(dropped))}
      ${fact('Written to disk', failing ? 'failing' : 'yes')}
    </dl>`;
}

const chainTable = ({ chains: written }: AuditStatusAnswer): View =>
  table(
    'Chains',
    [
      { name: 'Chain', cell: ({ chain }) => chain },
      { name: 'Records', isNumber: true, cell: ({ size }) => number(size) },
      {
        name: 'Hash of the last one',
        cell: ({ head }) => html`<code>${head.slice(0, 16)}…</code>`,
      },
      { name: 'Dropped', isNumber: true, cell: ({ dropped }) => number(dropped) },
    ],
    written,
    'This node writes none.',
  );

/** The first lines of a signed note: origin, size, hash. */
const noteView = (note: string): View => {
  const [origin = '', size = '', hash = ''] = note.split('\n');
  return html`<li><code>${origin}</code>: ${size} records, <code>${hash}</code></li>`;
};

function Checkpoints(): View {
  const asked = useAnswer<AuditCheckpointAnswer>('audit/checkpoint', checkpointEveryMs);
  return shown(asked, ({ notes, verifier_key }) =>
    notes.length === 0
      ? html`<p class="quiet">None: this node writes no audit.</p>`
      : html`<ul>
            ${notes.map(noteView)}
          </ul>
          <p class="quiet">
            Signed; the verifier key is <code>${verifier_key}</code>. Keep checkpoints elsewhere
            (<code>holdfast audit checkpoint</code>), and verify all of the files with
            <code>holdfast audit verify</code>.
          </p>`,
  );
}

function Records({ chain }: { readonly chain: string }): View {
  const asked = useAnswer<AuditRecordsAnswer>(
    pathOf('audit/records', { chain, limit: rows }),
    everyMs,
  );
  return shown(
    asked,
    ({ records, whole }) =>
      html`${
        whole
          ? html`<p class="line">
              ${badge('linked', 'good')}
              <span class="quiet">Each record shown follows by its hash on the one before.</span>
            </p>`
          : html`<div class="notice bad" role="alert">
              <strong>A record does not follow on the one before.</strong> The files of this node
              were altered or are damaged: run <code>holdfast audit verify</code>, and keep them.
            </div>`
      }
      ${table('Records', columns(chain), records, 'None.')}`,
  );
}

export function Audit({ chain }: { readonly chain: string }): View {
  const status = useAnswer<AuditStatusAnswer>('audit', everyMs);
  const [wanted, , of] = chains.find(([name]) => name === chain) ?? chains[0];
  return html`<h1>Audit</h1>
    ${shown(status, statusView)}
    <nav class="tabs" aria-label="Chains of records">
      ${chains.map(
        ([name, title]) =>
          html`<a
            href=${addressOf('audit', name)}
            aria-current=${name === wanted ? 'page' : undefined}
            >${title}</a
          >`,
      )}
    </nav>
    <p class="quiet">${of} The latest ${rows}, newest first; the files have all of them.</p>
    <${Records} key=${wanted} chain=${wanted} />
    <h2>Where the chains have come to on this node</h2>
    ${shown(status, chainTable)}
    <h2>Checkpoints</h2>
    <${Checkpoints} />`;
}
