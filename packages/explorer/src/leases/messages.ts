/** What goes between clients and lease nodes, and between nodes: all are processes, nodes first. */
import type { NodeStatement } from '@holdfast/quorum/parts';

export const nodeCount = 3;
export const clientCount = 2;
export const processCount: number = nodeCount + clientCount;

export type VoteOutcome = number | 'denied' | 'silent';

export type LeaseMessage = { readonly to: number; readonly from: number } & (
  | { readonly type: 'acquire'; readonly lease: string }
  | { readonly type: 'confirm'; readonly lease: string; readonly token: number }
  | { readonly type: 'release'; readonly lease: string }
  | { readonly type: 'voted'; readonly lease: string; readonly answer: VoteOutcome }
  | { readonly type: 'confirmed'; readonly lease: string; readonly answer: boolean | 'silent' }
  | { readonly type: 'ask'; readonly round: string; readonly isTime: boolean }
  | {
      readonly type: 'said';
      readonly round: string;
      readonly said: NodeStatement;
      readonly floor: number;
      readonly tokens: readonly (readonly [string, number])[];
    }
  | { readonly type: 'begin'; readonly bootstrapSet: readonly number[] }
);

export const processName = (process: number): string =>
  process < nodeCount
    ? `node ${'ABC'[process] ?? '?'}`
    : `client ${String(process - nodeCount + 1)}`;

export function tellLeaseMessage(message: LeaseMessage): string {
  switch (message.type) {
    case 'acquire':
    case 'release':
      return `${message.type} ${message.lease}`;
    case 'confirm':
      return `confirm ${message.lease} with token ${String(message.token)}`;
    case 'voted':
    case 'confirmed':
      return `${message.type} ${message.lease}: ${String(message.answer)}`;
    case 'ask':
      return `ask in round ${message.round}${message.isTime ? ', tokens too' : ''}`;
    case 'said': {
      const { voting, fresh, file_id: file, bootstrap_set: bootstrapSet } = message.said;
      const tokens = message.tokens.map(([, token]) => token).join();
      return `said in round ${message.round}: file ${String(file)}, ${voting ? 'voting' : fresh ? 'new' : 'not voting'}, bootstrap set [${bootstrapSet.join()}], tokens [${tokens}]`;
    }
    case 'begin':
      return `begin with files [${message.bootstrapSet.join()}]`;
  }
}
