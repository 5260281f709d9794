/** The cluster as the asked node sees it: who leads, who is reached, how far each has come. */
import type {
  ClusterStatusAnswer,
  MemberAnswer,
  StatsAnswer,
  TransferAnswer,
} from '@holdfast/protocol';
import { ask } from './asking.ts';
import { confirm } from './confirming.ts';
import { useAnswer, useRead } from './hooks.ts';
import { html } from './library.ts';
import type { View } from './library.ts';
import { Machines, Work } from './machine.ts';
import { badge, fact, number, shown, table } from './parts.ts';
import type { Cell } from './parts.ts';
import { Rates } from './rates.ts';

const everyMs = 2000;

function transfer({ node_id }: MemberAnswer, leader: string | null): void {
  confirm({
    title: `Transfer leadership to ${node_id}?`,
    says: [
      `${leader ?? 'The leader'} brings ${node_id} up to date and steps down; ${node_id} leads in a new term.`,
      'No hold and no wait is lost. Requests are answered a little later while it lasts.',
    ],
    verb: 'Transfer leadership',
    perform: async () => {
      const answer = await ask<TransferAnswer>('cluster/transfer', undefined, 'POST', { node_id });
      return `${answer.leader} leads.`;
    },
  });
}

export function lagOf(member: MemberAnswer, status: ClusterStatusAnswer): number | undefined {
  if (member.node_id === status.node_id) return status.commit_index - status.applied_index;
  return member.match_index === null
    ? undefined
    : Math.max(0, status.last_index - member.match_index);
}

const isReached = (member: MemberAnswer, status: ClusterStatusAnswer): boolean =>
  member.node_id === status.node_id || member.connected;

function stateOf(member: MemberAnswer, status: ClusterStatusAnswer): Cell {
  if (member.node_id === status.node_id)
    return status.is_ready ? badge('ready', 'good') : badge('not ready', 'bad');
  return member.connected ? badge('connected', 'good') : badge('not reached', 'bad');
}

function members(status: ClusterStatusAnswer): View {
  return table<MemberAnswer>(
    'Members',
    [
      {
        name: 'Member',
        cell: (member) =>
          html`<strong>${member.node_id}</strong>${
              member.node_id === status.node_id ? html` <span class="quiet">this node</span>` : null
            }`,
      },
      {
        name: 'Role',
        cell: ({ is_leader, role }) => (is_leader ? badge('leader', 'good') : badge(role)),
      },
      { name: 'State', cell: (member) => stateOf(member, status) },
      {
        name: 'Lag in entries',
        isNumber: true,
        cell: (member) => number(lagOf(member, status)),
      },
      { name: 'Address', cell: ({ address, url }) => (url === '' ? address : url) },
      {
        name: 'Feature level',
        isNumber: true,
        cell: ({ supported_feature_level }) => number(supported_feature_level),
      },
      {
        name: 'Action',
        cell: (member) =>
          member.is_leader || member.role === 'learner' || !isReached(member, status)
            ? '–'
            : html`<button
                type="button"
                aria-label=${`Make leader: ${member.node_id}`}
                onClick=${() => transfer(member, status.leader)}
              >
                Make leader …
              </button>`,
      },
    ],
    status.members,
    'No members.',
  );
}

// Sentences are made here: in a template the ends of lines are no spaces.
const unreached = ({ node_id }: ClusterStatusAnswer, lost: readonly MemberAnswer[]): string =>
  `${node_id} does not reach ${lost.map((member) => member.node_id).join(', ')}`;

const left = ({ members: all }: ClusterStatusAnswer, lost: readonly MemberAnswer[]): string =>
  `${number(all.length - lost.length)} of ${number(all.length)} members are left to it.`;

/** Why there is no lag of the other members on this page. */
const lagsOf = (node: string, leader: string): string =>
  `${node} does not lead: what the other members have stored is known to ${leader} alone.`;

export function Cluster(): View {
  const asked = useAnswer<ClusterStatusAnswer>('cluster/status', everyMs);
  // Not on each change: rates are of samples that are some time apart.
  const stats = useRead<StatsAnswer>(
    'admin/stats?consistency=stale',
    (signal) => ask<StatsAnswer>('admin/stats?consistency=stale', signal),
    everyMs,
  );
  return html`<h1>Cluster</h1>
    ${shown(asked, (status) => {
      const lost = status.members.filter((member) => !isReached(member, status));
      return html`${
          status.leader === null
            ? html`<div class="notice bad" role="alert">
                <strong>No leader is known to ${status.node_id}</strong>
                <p>Nothing can be taken or released until a majority has elected one.</p>
              </div>`
            : null
        }
        ${
          lost.length === 0
            ? null
            : html`<div class="notice warn" role="alert">
                <strong>${unreached(status, lost)}</strong>
                <p>${left(status, lost)}</p>
              </div>`
        }
        ${
          status.insecure
            ? html`<div class="notice warn">
                <strong>This node is open to everybody who reaches it</strong>
                <p>It listens without TLS and authentication (<code>security.insecure</code>).</p>
              </div>`
            : null
        }
        <p class="quiet name">${`${status.cluster_id}, as ${status.node_id} sees it`}</p>
        <dl class="facts">
          ${fact('Leader', status.leader ?? 'none')} ${fact('Term', number(status.term))}
          ${fact('Commit index', number(status.commit_index))}
          ${fact('Applied here', number(status.applied_index))}
          ${fact('Log from', number(status.first_index))} ${fact('Version', status.version)}
          ${fact('Feature level', number(status.feature_level))}
        </dl>
        ${members(status)}
        ${
          status.leader === null || status.leader === status.node_id
            ? null
            : html`<p class="quiet">${lagsOf(status.node_id, status.leader)}</p>`
        }`;
    })}
    ${shown(
      stats,
      (answer) =>
        html`<h2>Activity</h2>
          <dl class="facts wide">
            ${fact('Resources held', number(answer.total_locks))}
            ${fact('Waiters', number(answer.waiters))}
            ${fact('Sessions', number(answer.active_sessions))}
            ${fact('Sessions expired', number(answer.expired_sessions))}
          </dl>
          <${Rates} stats=${answer} />`,
    )}
    <${Work} node=${asked.answer?.node_id ?? 'the asked node'} leader=${asked.answer?.leader} />
    <${Machines} />`;
}
