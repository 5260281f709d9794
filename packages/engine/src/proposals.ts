/**
 * What this node proposed and has not applied yet.
 *
 * PROPOSAL-1: a proposal has one outcome: applied, where the entry of its own index and term is; replaced,
 *     where another entry is there; unknown, where this node stops leading before either.
 */
import { RenewedMap } from '@holdfast/protocol';
import type { Entry, LogIndex, ProposeAnswer, Term } from '@holdfast/raft';
import type { Applied } from '@holdfast/state';
import type { Batch } from './batch.ts';

/** What became of a proposed batch. */
export type ProposalOutcome =
  | { readonly type: 'applied'; readonly index: LogIndex; readonly applied: Applied }
  /** Another entry took its place: it never happened and never will. */
  | { readonly type: 'replaced' }
  /** This node no longer leads: it may or may not come to pass. */
  | { readonly type: 'unknown' };

/** What a stopped replica answers to a proposal. */
export const stoppedAnswer: ProposeAnswer = {
  ok: false,
  reason: 'not_leader',
  detail: 'the node stops',
};

export interface Proposal {
  readonly term: Term;
  readonly batch: Batch;
  readonly onOutcome: (outcome: ProposalOutcome) => void;
  /** Called before, when its entry is known to be committed. */
  readonly onCommitted?: (() => void) | undefined;
}

export class Proposals {
  readonly #pending = new RenewedMap<LogIndex, Proposal>();
  /** Whether one of them wanted to be told: else nobody looks. */
  #tells = false;

  get size(): number {
    return this.#pending.size;
  }

  add(index: LogIndex, proposal: Proposal): void {
    if (proposal.onCommitted !== undefined) this.#tells = true;
    this.#pending.set(index, proposal);
  }

  /**
   * The proposal that this entry is. Where another one waits for this index it has been replaced, and is told
   * so when the returned function is called: after the entry has been applied.
   */
  take(entry: Entry): TakenProposal {
    const proposal = this.#pending.get(entry.index);
    if (proposal === undefined) return nothingTaken;
    this.#pending.delete(entry.index);
    const own = proposal.term === entry.term && entry.kind === 'command';
    return {
      batch: own ? proposal.batch : undefined,
      settle: (applied) =>
        proposal.onOutcome(
          own && applied !== undefined
            ? { type: 'applied', index: entry.index, applied }
            : { type: 'replaced' },
        ),
    };
  }

  /** These are committed, and not applied yet. */
  committed(entries: readonly Entry[]): void {
    if (!this.#tells) return;
    for (const { index, term } of entries) {
      const proposal = this.#pending.get(index);
      if (proposal?.term === term) proposal.onCommitted?.();
    }
  }

  /** This node does not lead any more. */
  endUnknown(): void {
    if (this.#pending.size === 0) return;
    const proposals = [...this.#pending.values()];
    this.#pending.clear();
    for (const proposal of proposals) proposal.onOutcome({ type: 'unknown' });
  }
}

export interface TakenProposal {
  /** As it was proposed, where the entry is this proposal. */
  readonly batch: Batch | undefined;
  /** @param applied What the entry did; undefined of one that carries no commands. */
  readonly settle: (applied: Applied | undefined) => void;
}

const nothingTaken: TakenProposal = { batch: undefined, settle: () => undefined };
