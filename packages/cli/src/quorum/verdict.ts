/**
 * What the answers of independent nodes come to.
 *
 * A majority is of all nodes, never of those that answered. A node that does not vote has lost its file:
 * that it knows of no lease says nothing.
 */
import type { LeaseNodeReport, VoterKind } from './ask-nodes.ts';

export type MajorityAnswer =
  | {
      readonly type: 'held';
      readonly holder: string;
      /** How many nodes say so. */
      readonly nodes: number;
      /** Without a renewal no majority keeps it for longer. */
      readonly remainingMs: number;
    }
  | { readonly type: 'free'; readonly nodes: number }
  /** Some of both: an attempt under way, what one left behind, or a node that is silent has the vote that counts. */
  | {
      readonly type: 'undecided';
      /** Until no lease is left, should none be renewed. */
      readonly remainingMs: number;
    }
  | {
      readonly type: 'no_majority';
      /** How many nodes vote. */
      readonly nodes: number;
    };

/** A holder is told by its name alone: where two clients share one, their votes cannot be told apart. */
export function verdictOf(reports: readonly LeaseNodeReport[]): MajorityAnswer {
  const majority = Math.floor(reports.length / 2) + 1;
  const votes = reports.flatMap(({ answer }) => (answer?.voting === true ? [answer] : []));
  if (votes.length < majority) return { type: 'no_majority', nodes: votes.length };
  const free = votes.filter(({ held }) => !held).length;
  if (free >= majority) return { type: 'free', nodes: free };
  const held = votes.filter((vote) => vote.held);
  for (const holder of new Set(held.map((vote) => vote.client_id ?? ''))) {
    const lefts = held
      .filter((vote) => (vote.client_id ?? '') === holder)
      .map((vote) => vote.remaining_ms)
      .sort((a, b) => b - a);
    const remainingMs = lefts[majority - 1];
    if (remainingMs !== undefined)
      return { type: 'held', holder, nodes: lefts.length, remainingMs };
  }
  return {
    type: 'undecided',
    remainingMs: held
      .map((vote) => vote.remaining_ms)
      .reduce((most, one) => Math.max(most, one), Number.NEGATIVE_INFINITY),
  };
}

/** In a sentence. */
export function verdictText(
  resource: string,
  verdict: MajorityAnswer,
  voters: { readonly count: number; readonly kind: VoterKind },
): string {
  const of = (count: number): string =>
    `${String(count)} of ${String(voters.count)} ${voters.kind}`;
  const one = oneOf(voters.kind);
  switch (verdict.type) {
    case 'held':
      return `"${resource}" is held by ${verdict.holder}, on ${of(verdict.nodes)}, for ${secondsText(verdict.remainingMs)} more unless it is renewed.`;
    case 'free':
      return `"${resource}" is free: ${of(verdict.nodes)} say so.`;
    case 'undecided':
      return `"${resource}" is neither held nor free on a majority: an attempt is under way, was cancelled, or a ${one} that is silent has the vote that counts. What stands now ends within ${secondsText(verdict.remainingMs)} unless it is renewed.`;
    case 'no_majority':
      return `No majority answered: ${of(verdict.nodes)} vote, so nobody can take "${resource}", and who holds it cannot be told.`;
  }
}

/** In the singular. */
export const oneOf = (kind: VoterKind): string => (kind === 'nodes' ? 'node' : 'server');

export const secondsText = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
