/**
 * The Raft core as a pure step function (Ongaro & Ousterhout 2014; thesis 2014).
 *
 * RAFT-1: election safety: a vote and its term are durable before anybody hears of them (outbox RAFT-OUTBOX-1).
 * RAFT-2: leader append-only: a leader never overwrites its own log.
 * RAFT-3: log matching: a follower takes entries only behind an entry it shares with the leader, and
 *    truncates only at a real conflict, never below its commit index.
 * RAFT-4: leader completeness: only an entry of the own term is committed by counting (paper 5.4.2); the
 *    leader counts itself only for what its own disk holds.
 * RAFT-5: state machine safety: entries come out in order, once, committed.
 * RAFT-6: a read is proven by a majority that answered a message sent after the read was asked, in the
 *    leader's own term, after an entry of that term was committed (thesis 6.4).
 */
import { imageOfCore } from './core-image.ts';
import type { Core } from './core.ts';
import { Elections } from './elections.ts';
import { answerAppend } from './follower.ts';
import type { CoreImage, HasImage } from './image.ts';
import { invariant } from './invariant.ts';
import { LeaderState } from './leader.ts';
import { Log } from './log.ts';
import { decodeMembership, MembershipLog, voterIds } from './membership.ts';
import { answerOlderTerm } from './older-term.ts';
import { Outbox } from './outbox.ts';
import { Outputs } from './outputs.ts';
import { SnapshotReceiver } from './snapshot-receiver.ts';
import type {
  Entry,
  LogIndex,
  MemberId,
  Membership,
  MembershipChange,
  Message,
  Output,
  ProposeAnswer,
  Raft,
  RaftConfig,
  Recovered,
  Role,
  SnapshotMeta,
  Status,
  Term,
} from './types.ts';

/** What follower, candidate and leader share. Not exported from the package. */
export class RaftCore implements Core, Raft, HasImage {
  readonly config: RaftConfig;
  readonly log: Log;
  readonly outbox: Outbox = new Outbox();
  readonly outputs: Outputs;
  readonly elections: Elections;
  readonly receiver: SnapshotReceiver;
  readonly memberships: MembershipLog;
  term: Term;
  votedFor: MemberId | null;
  leader: MemberId | null = null;
  commit: LogIndex;
  applied: LogIndex;
  /** Own log is durable up to here. */
  stableIndex: LogIndex;
  /** The newest term that is durable. */
  durableTerm: Term;
  snapshot: SnapshotMeta;
  leadership: LeaderState | undefined;

  constructor(config: RaftConfig, recovered: Recovered) {
    const { snapshot, hardState, entries } = recovered;
    requireBytes(snapshot);
    this.config = config;
    const [first] = entries;
    // Entries kept behind the snapshot: the oldest serves as the base, its predecessor's term is unknown.
    this.log =
      first !== undefined && first.index <= snapshot.index
        ? new Log(first.index, first.term, entries.slice(1))
        : new Log(snapshot.index, snapshot.term, entries);
    this.term = hardState.term;
    this.votedFor = hardState.votedFor;
    this.durableTerm = hardState.term;
    this.snapshot = snapshot;
    this.commit = Math.max(hardState.commit, snapshot.index);
    this.applied = snapshot.index;
    this.stableIndex = this.log.lastIndex;
    this.memberships = new MembershipLog(snapshot.index, snapshot.membership);
    for (const entry of entries) {
      if (entry.kind === 'membership' && entry.index > snapshot.index) {
        this.memberships.append(entry.index, decodeMembership(entry.data));
      }
    }
    invariant(
      this.commit <= this.log.lastIndex,
      `the log ends at ${String(this.log.lastIndex)}, before its committed index ${String(this.commit)}`,
    );
    invariant(
      this.log.lastIndex >= snapshot.index,
      `the log ends before its snapshot at ${String(snapshot.index)}`,
    );
    this.outputs = new Outputs(this, snapshot.index);
    this.receiver = new SnapshotReceiver(this);
    this.elections = new Elections(this);
    this.elections.restartTimer();
  }

  get role(): Role {
    const { role } = this.elections;
    return role === 'follower' &&
      this.memberships.current.members.some(
        (member) => member.id === this.config.id && member.role === 'learner',
      )
      ? 'learner'
      : role;
  }

  get voters(): readonly MemberId[] {
    return this.memberships.voters;
  }

  isVoter(id: MemberId): boolean {
    return this.memberships.current.members.some(
      (member) => member.id === id && member.role === 'voter',
    );
  }

  /** RAFT-MEMBER-3. */
  get mayCampaign(): boolean {
    const { id, canBeElected } = this.config;
    if (canBeElected?.() === false) return false; // RAFT-ELECT-2
    if (this.isVoter(id)) return true;
    const { memberships, commit } = this;
    return memberships.currentIndex > commit && voterIds(memberships.at(commit)).includes(id);
  }

  statusChanged(): void {
    this.outputs.statusChanged();
  }

  // ---- inputs -----------------------------------------------------------------------------------

  tick(): void {
    this.outbox.tick();
    if (this.leadership === undefined) this.elections.tick();
    else this.leadership.tick();
  }

  step(from: MemberId, message: Message): string | undefined {
    if (message.term > this.term && !this.#newerTerm(from, message)) return undefined;
    if (message.term < this.term) {
      answerOlderTerm(this, from, message);
      return undefined;
    }
    if (message.type === 'append_answer') return this.leadership?.onAppendAnswer(from, message);
    if (message.type === 'snapshot_answer') return this.leadership?.onSnapshotAnswer(from, message);
    this.#stepCurrent(from, message);
    return undefined;
  }

  /** A message of this term that is no answer to a leader. */
  #stepCurrent(
    from: MemberId,
    message: Exclude<Message, { type: 'append_answer' | 'snapshot_answer' }>,
  ): void {
    switch (message.type) {
      case 'pre_vote':
        this.elections.answerPreVote(from, message);
        return;
      case 'vote':
        this.elections.answerVote(from, message);
        return;
      case 'pre_vote_answer':
        this.elections.countVote('pre_candidate', from, message.granted);
        return;
      case 'vote_answer':
        this.elections.countVote('candidate', from, message.granted);
        return;
      case 'append':
        this.#follow(from);
        answerAppend(this, from, message);
        return;
      case 'snapshot_chunk':
        this.#follow(from);
        this.receiver.onChunk(from, message);
        return;
      case 'timeout_now':
        // RCV-5: whoever says so, a node that receives a snapshot cannot lead.
        if (
          this.isVoter(this.config.id) &&
          this.leadership === undefined &&
          !this.receiver.keepsFromCampaigning
        )
          this.elections.campaignAtOnce();
        return;
    }
  }

  propose(data: Uint8Array): ProposeAnswer {
    return this.leadership?.propose('command', data) ?? notLeader;
  }

  changeMembership(change: MembershipChange): ProposeAnswer {
    return this.leadership?.changeMembership(change) ?? notLeader;
  }

  requestRead(readId: number): void {
    if (this.leadership === undefined) this.outputs.addFailedReads([readId]);
    else this.leadership.requestRead(readId);
  }

  transferLeadership(to: MemberId | null): ProposeAnswer {
    return this.leadership?.transfer(to) ?? notLeader;
  }

  stepDown(): void {
    if (this.leadership !== undefined) this.becomeFollower(this.term, null);
  }

  peerUnreachable(id: MemberId): void {
    this.leadership?.onUnreachable(id);
    if (id === this.leader) this.elections.suspectLeader();
  }

  tellCommit(): void {
    this.leadership?.tellCommit();
  }

  persisted(writeId: number): void {
    const done = this.outbox.persisted(writeId, this.term);
    if (done === undefined) return;
    this.stableIndex = Math.min(done.stableIndex, this.log.lastIndex);
    this.durableTerm = done.term;
    this.elections.onStable(writeId);
    this.leadership?.onStable();
    this.outputs.onStable(writeId);
  }

  appliedTo(index: LogIndex): void {
    if (index <= this.applied) return;
    invariant(
      index <= this.commit,
      `RAFT-5: applied ${String(index)} beyond the commit index ${String(this.commit)}`,
    );
    this.applied = index;
    this.leadership?.onApplied();
  }

  snapshotVerified(meta: SnapshotMeta, isGood: boolean): void {
    this.receiver.onVerified(meta, isGood);
  }

  compacted(meta: SnapshotMeta, keepFrom: LogIndex): LogIndex | undefined {
    if (meta.index <= this.snapshot.index) return undefined;
    requireBytes(meta);
    invariant(
      meta.index <= this.applied && keepFrom <= meta.index + 1,
      'a snapshot holds more than was applied',
    );
    this.snapshot = meta;
    this.log.compact(this.leadership?.keepFrom(keepFrom) ?? keepFrom);
    this.memberships.forgetBefore(meta.index);
    this.statusChanged();
    return this.log.firstIndex;
  }

  membershipAt(index: LogIndex): Membership {
    invariant(
      index >= this.snapshot.index && index <= this.log.lastIndex,
      `the membership at ${String(index)} is not between the snapshot at ${String(this.snapshot.index)} and the log's end at ${String(this.log.lastIndex)}`,
    );
    return this.memberships.at(index);
  }

  termAt(index: LogIndex): Term | undefined {
    return this.log.termAt(index);
  }

  logBytes(): number {
    return this.log.bytesBetween(this.log.firstIndex, this.log.lastIndex);
  }

  takeOutput(mayApply = true): Output {
    return this.outputs.take(mayApply);
  }

  status(): Status {
    return {
      id: this.config.id,
      role: this.role,
      term: this.term,
      leader: this.leader,
      commit: this.commit,
      applied: this.applied,
      lastIndex: this.log.lastIndex,
      firstIndex: this.log.firstIndex,
      membership: this.memberships.current,
      membershipIndex: this.memberships.currentIndex,
      ready: this.leadership?.ready ?? false,
      progress: this.leadership?.describe() ?? [],
    };
  }

  image(): CoreImage {
    return imageOfCore(this);
  }

  // ---- shared by the sides ----------------------------------------------------------------------

  becomeFollower(term: Term, leader: MemberId | null): void {
    invariant(term >= this.term, `the term went back from ${String(this.term)} to ${String(term)}`);
    if (term > this.term) {
      this.term = term;
      this.votedFor = null;
      this.outbox.writeHardState();
    }
    if (this.leadership !== undefined) {
      this.outputs.addFailedReads(this.leadership.unprovenReads());
      this.leadership = undefined;
    }
    this.leader = leader;
    this.elections.becomeFollower();
    this.statusChanged();
  }

  /** A majority has voted for this node. */
  lead(): void {
    this.leader = this.config.id;
    this.receiver.onLead();
    this.statusChanged();
    this.leadership = new LeaderState(this);
    this.leadership.begin();
  }

  adoptMembership(entry: Entry): void {
    this.memberships.append(entry.index, decodeMembership(entry.data));
    this.statusChanged();
  }

  advanceCommit(index: LogIndex): void {
    if (index <= this.commit) return;
    invariant(index <= this.log.lastIndex, `RAFT-5: commit ${String(index)} beyond the log's end`);
    this.commit = index;
  }

  /**
   * A verified snapshot replaces state and log, which does not hold its end (RCV-4); nothing after it
   * comes out before it is durable. Until then only what was committed before is known to be.
   */
  install(meta: SnapshotMeta): void {
    this.outbox.writeInstall(meta, this.commit);
    this.outputs.awaitInstall(this.outbox.lastNeededWrite, meta);
    this.stableIndex = Math.min(this.stableIndex, this.commit);
    this.log.reset(meta.index, meta.term);
    this.memberships.reset(meta.index, meta.membership);
    this.commit = meta.index;
    this.snapshot = meta;
    this.statusChanged();
  }

  /** Returns false when the message ends here. */
  #newerTerm(from: MemberId, message: Message): boolean {
    if (message.type === 'pre_vote') {
      // Nothing is promised by a pre-vote, so the term stays (thesis 9.6).
      this.elections.answerPreVote(from, message);
      return false;
    }
    if (message.type === 'pre_vote_answer' && message.granted) {
      if (message.term === this.term + 1) this.elections.countVote('pre_candidate', from, true);
      return false;
    }
    // A live leader is not unseated by a node that has not heard it (thesis 4.2.3).
    if (message.type === 'vote' && !message.transfer && this.elections.hearsLeader()) return false;
    const leads = message.type === 'append' || message.type === 'snapshot_chunk';
    this.becomeFollower(message.term, leads ? from : null);
    return true;
  }

  #follow(from: MemberId): void {
    invariant(
      this.leadership === undefined,
      `two leaders in term ${String(this.term)}: ${this.config.id} and ${from}`,
    );
    const isNew = this.elections.onLeaderHeard();
    if (!isNew && this.leader === from) return;
    this.leader = from;
    this.statusChanged();
  }
}

const notLeader: ProposeAnswer = { ok: false, reason: 'not_leader' };

function requireBytes({ index, byteLength }: SnapshotMeta): void {
  invariant(index === 0 || byteLength > 0, `the snapshot of ${String(index)} has no bytes`);
}

/** Starts a core from what storage found. */
export function createRaft(config: RaftConfig, recovered: Recovered): Raft & HasImage {
  return new RaftCore(config, recovered);
}
