/** What is shown of the nodes of a set, and of the leases that stand on them. */
import type { QuorumLeaseSeen, QuorumNodesAnswer, QuorumNodeSeen } from '@holdfast/protocol';
import { html } from './library.ts';
import type { View } from './library.ts';
import { badge, duration, fact, number, span, table } from './parts.ts';
import type { Cell } from './parts.ts';

/** Further apart than this the clocks of machines that are kept in step are not. No lease depends on it. */
const farAheadMs = 1000;

/** Without what all names have in common, which says nothing. */
export const shortName = (name: string): string => name.replace(/^https?:\/\//, '');

export function stateOf({ problem, same_set: isOfSet, told }: QuorumNodeSeen): {
  readonly text: string;
  readonly tone: 'good' | 'bad' | 'warn';
} {
  if (told === null || problem !== null) return { text: 'no answer', tone: 'bad' };
  if (!isOfSet) return { text: 'of another set', tone: 'bad' };
  return told.voting ? { text: 'votes', tone: 'good' } : { text: 'does not vote', tone: 'warn' };
}

/** Until when it is unsafe for it to vote: it may have granted what it has lost. */
export function untilItVotes({ told }: QuorumNodeSeen): string {
  if (told === null || told.voting) return '';
  return told.waits_ms > 0
    ? `not before ${span(told.waits_ms / 1000)} have passed`
    : 'until the others have told it what they know';
}

export function clockOf({ clock_ahead_ms: ahead, round_trip_ms: trip }: QuorumNodeSeen): string {
  if (ahead === null || trip === null) return '–';
  const within = Math.ceil(trip / 2);
  if (Math.abs(ahead) <= within) return 'equal';
  return `${duration(Math.abs(ahead) / 1000)} ${ahead > 0 ? 'ahead' : 'behind'}`;
}

function clockCell(node: QuorumNodeSeen): Cell {
  const text = clockOf(node);
  return Math.abs(node.clock_ahead_ms ?? 0) > farAheadMs
    ? html`${text} ${badge('far', 'warn')}`
    : text;
}

const toldCell =
  (cell: (told: NonNullable<QuorumNodeSeen['told']>) => Cell) =>
  ({ told }: QuorumNodeSeen): Cell =>
    told === null ? '–' : cell(told);

export const nodesTable = ({ node: asked, nodes }: QuorumNodesAnswer): View =>
  table<QuorumNodeSeen>(
    'Lease nodes',
    [
      {
        name: 'Node',
        cell: ({ name }) =>
          html`<strong>${shortName(name)}</strong>${
              name === asked ? html` <span class="quiet">this node</span>` : null
            }`,
      },
      {
        name: 'State',
        cell: (node) => {
          const { text, tone } = stateOf(node);
          const why = node.problem ?? untilItVotes(node);
          return html`${badge(text, tone)}${why === '' ? null : html` <span class="quiet">${why}</span>`}`;
        },
      },
      { name: 'Version', cell: toldCell(({ version }) => version) },
      {
        name: 'Running for',
        isNumber: true,
        cell: toldCell(({ running_ms: running }) => span(running / 1000)),
      },
      { name: 'Clock', isNumber: true, cell: clockCell },
      { name: 'Leases', isNumber: true, cell: toldCell(({ leases }) => number(leases)) },
      {
        name: 'Last one ends',
        isNumber: true,
        cell: toldCell(({ leases_ms: left }) => (left === 0 ? '–' : `in ${span(left / 1000)}`)),
      },
      {
        name: 'Released lately',
        isNumber: true,
        cell: toldCell(({ released, most_released: most }) =>
          released >= most / 2
            ? html`${number(released)} ${badge('many', 'warn')}`
            : number(released),
        ),
      },
    ],
    nodes,
    'No nodes.',
  );

/** Which nodes do not have it, where some do not. */
export function standsOn({ on }: QuorumLeaseSeen, nodes: readonly QuorumNodeSeen[]): string {
  const count = `${number(on.length)} of ${number(nodes.length)}`;
  const others = nodes.filter(({ name }) => !on.includes(name)).map(({ name }) => shortName(name));
  return others.length === 0 ? count : `${count}, not ${others.join(', ')}`;
}

export const leasesTable = ({ leases, nodes }: QuorumNodesAnswer, prefix: string): View =>
  table<QuorumLeaseSeen>(
    'Leases',
    [
      { name: 'Resource', cell: ({ resource }) => resource },
      {
        name: 'State',
        cell: ({ majority }) =>
          majority ? badge('held', 'warn') : badge('on no majority', 'plain'),
      },
      { name: 'Client', cell: ({ client_id: client }) => client },
      { name: 'Stands on', cell: (lease) => standsOn(lease, nodes) },
      { name: 'Fence token', isNumber: true, cell: ({ token }) => number(token) },
      {
        name: 'Held for another',
        isNumber: true,
        cell: ({ remaining_ms: left }) => (left === null ? '–' : span(left / 1000)),
      },
      { name: 'Waiting', isNumber: true, cell: ({ waiters }) => number(waiters) },
    ],
    leases,
    prefix === '' ? 'No lease stands on the nodes that answer.' : `None begins with “${prefix}”.`,
  );

export const summary = ({ node, epoch, nodes, needed }: QuorumNodesAnswer): View => {
  const voting = nodes.filter(({ told, same_set: isOfSet }) => isOfSet && told?.voting === true);
  const lacks = voting.length < needed;
  return html`${
      lacks
        ? html`<div class="notice bad" role="alert">
            <strong
              >${`${number(voting.length)} of ${number(nodes.length)} nodes vote, and ${number(needed)} are needed`}</strong
            >
            <p>Nothing is granted or renewed until more of them do.</p>
          </div>`
        : voting.length < nodes.length
          ? html`<div class="notice warn" role="alert">
              <strong>${`${number(voting.length)} of ${number(nodes.length)} nodes vote`}</strong>
              <p>${`${number(needed)} are needed: leases are granted and renewed.`}</p>
            </div>`
          : null
    }
    <p class="quiet name">${`epoch ${number(epoch)}, as ${shortName(node)} sees it`}</p>
    <dl class="facts">
      ${fact('Nodes', number(nodes.length))} ${fact('Vote', number(voting.length))}
      ${fact('Needed', number(needed))}
    </dl>`;
};
