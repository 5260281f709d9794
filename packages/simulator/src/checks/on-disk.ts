/**
 * What is on the disk of each node for certain, and what may only be said or done on the strength of it (WITNESS-12 of
 * `witness.ts`): a vote is there before its answer leaves, entries before they are acknowledged, and on a majority before
 * anybody applies them.
 */
import type { HardState, LogIndex, Message, Recovered, Status, Term, Write } from '@holdfast/raft';

interface OfNode {
  hardState: HardState;
  /** Term by index. */
  readonly log: Map<LogIndex, Term>;
  last: LogIndex;
}

export class OnDisk {
  readonly #report: (message: string) => void;
  readonly #nodes = new Map<string, OfNode>();
  /** Of the members with which the run began: under others a majority may be one of those before. */
  #firstMembershipIndex: LogIndex | undefined;

  constructor(report: (message: string) => void) {
    this.#report = report;
  }

  /** What a process finds there. */
  onStart(node: string, recovered: Recovered | undefined): void {
    const log = new Map<LogIndex, Term>();
    let last = 0;
    if (recovered !== undefined) {
      log.set(recovered.snapshot.index, recovered.snapshot.term);
      last = recovered.snapshot.index;
      for (const { index, term } of recovered.entries) log.set((last = index), term);
    }
    const hardState = recovered?.hardState ?? { term: 0, votedFor: null, commit: 0 };
    this.#nodes.set(node, { hardState, log, last });
  }

  /** The last entry that is on a node's disk for certain. */
  ends(node: string): LogIndex {
    return this.#nodes.get(node)?.last ?? 0;
  }

  /** It is durable by now. */
  onDurable(node: string, write: Write): void {
    const disk = this.#nodes.get(node);
    if (disk === undefined) return;
    if (write.hardState !== undefined) disk.hardState = write.hardState;
    if (write.truncateFrom !== undefined) disk.last = Math.min(disk.last, write.truncateFrom - 1);
    const { installSnapshot: snapshot } = write;
    if (snapshot !== undefined) {
      disk.log.set(snapshot.index, snapshot.term);
      disk.last = Math.max(disk.last, snapshot.index);
    }
    for (const { index, term } of write.entries) disk.log.set((disk.last = index), term);
  }

  onSend(node: string, to: string, message: Message): void {
    const disk = this.#nodes.get(node);
    if (disk === undefined) return;
    const { term, votedFor } = disk.hardState;
    if (message.type === 'vote_answer' && message.granted) {
      if (term > message.term || (term === message.term && votedFor === to)) return;
      this.#report(
        `${node} votes for ${to} in term ${String(message.term)}, and its disk has term ${String(term)} with a vote for ${String(votedFor)}.`,
      );
    } else if (message.type === 'append_answer' && message.accepted) {
      if (disk.last < message.matchIndex)
        this.#report(
          `${node} tells ${to} that it has entry ${String(message.matchIndex)}, and its disk ends at ${String(disk.last)}.`,
        );
    }
  }

  /** The first node applies an entry. */
  onApplied(node: string, index: LogIndex, term: Term, status: Status): void {
    this.#firstMembershipIndex ??= status.membershipIndex;
    if (status.membershipIndex !== this.#firstMembershipIndex) return;
    const voters = status.membership.members.filter(({ role }) => role === 'voter');
    const having = voters.filter(({ id }) => this.#has(id, index, term)).map(({ id }) => id);
    if (having.length * 2 <= voters.length)
      this.#report(
        `${node} applies entry ${String(index)}/${String(term)}, which only ${having.join(', ') || 'nobody'} of ${String(voters.length)} has on disk.`,
      );
  }

  #has(node: string, index: LogIndex, term: Term): boolean {
    const disk = this.#nodes.get(node);
    return disk !== undefined && disk.last >= index && disk.log.get(index) === term;
  }
}
