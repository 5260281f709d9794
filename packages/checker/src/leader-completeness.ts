/**
 * Leader completeness (Raft paper, figure 3): a leader's log has every entry that was committed in an earlier term.
 *
 * COMPLETE-1: it says nothing of what was committed in the leader's own term or a later one: whoever is elected late,
 *     when a newer term has begun already, need not have what that term committed.
 */
export interface CommittedEntry {
  readonly index: number;
  readonly term: number;
  /** A term in which it was committed for certain: that of a node which applied it, for example. */
  readonly inTerm: number;
}

export interface LeaderLog {
  /** The term that it leads. */
  readonly term: number;
  /** Entries before it are in its snapshot. */
  readonly firstIndex: number;
  /** Undefined: it has none there. */
  readonly termAt: (index: number) => number | undefined;
}

/** Whether this leader lacks an entry that it must have. */
export const lacksCommitted = (
  { term, firstIndex, termAt }: LeaderLog,
  entry: CommittedEntry,
): boolean =>
  term > entry.inTerm && // COMPLETE-1
  entry.index >= firstIndex &&
  termAt(entry.index) !== entry.term;
