/**
 * The Raft core as a pure step function (Ongaro & Ousterhout 2014; thesis 2014).
 *
 * S1 election safety: a vote and its term are durable before anybody hears of them (outbox O1).
 * S2 leader append-only: a leader never overwrites its own log.
 * S3 log matching: a follower takes entries only behind an entry it shares with the leader, and
 *    truncates only at a real conflict, never below its commit index.
 * S4 leader completeness: only an entry of the own term is committed by counting (paper 5.4.2); the
 *    leader counts itself only for what its own disk holds.
 * S5 state machine safety: entries come out in order, once, committed.
 * S6 a read is proven by a majority that answered a message sent after the read was asked, in the
 *    leader's own term, after an entry of that term was committed (thesis 6.4).
 */
import { answerAppend, answerSnapshotChunk } from './follower.ts';
import { invariant } from './invariant.ts';
import { Leadership } from './leader.ts';
import { Log } from './log.ts';
import { decodeMembership, MembershipLog, voterIds } from './membership.ts';
import { Outbox } from './outbox.ts';
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
export class RaftCore implements Raft {
  readonly config: RaftConfig;
  readonly log: Log;
  readonly outbox: Outbox = new Outbox();
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
  /** A snapshot being received: the next chunk wanted. */
  receiving: { readonly meta: SnapshotMeta; nextChunk: number } | undefined;
  leadership: Leadership | undefined;
  reads: { readId: number; index: LogIndex }[] = [];
  failedReads: number[] = [];
  #role: 'follower' | 'pre_candidate' | 'candidate' | 'leader' = 'follower';
  #votes = new Map<MemberId, boolean>();
  /** The write that makes the own vote durable. */
  #ownVoteWrite = 0;
  #electionElapsed = 0;
  #electionTimeout = 0;
  #leaderSuspected = false;
  /** Committed entries up to here came out. */
  #handedOut: LogIndex;
  #installing: { readonly writeId: number; readonly meta: SnapshotMeta } | undefined;
  #statusDirty = true;

  constructor(config: RaftConfig, recovered: Recovered) {
    const { snapshot, hardState, entries } = recovered;
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
    this.#handedOut = snapshot.index;
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
    this.#resetElection();
  }

  get role(): Role {
    return this.#role === 'follower' &&
      this.memberships.current.members.some(
        (member) => member.id === this.config.id && member.role === 'learner',
      )
      ? 'learner'
      : this.#role;
  }

  get voters(): MemberId[] {
    return voterIds(this.memberships.current);
  }

  isVoter(id: MemberId): boolean {
    return this.memberships.current.members.some(
      (member) => member.id === id && member.role === 'voter',
    );
  }

  /** M3. */
  get #mayCampaign(): boolean {
    const { id } = this.config;
    if (this.isVoter(id)) return true;
    const { memberships, commit } = this;
    return (
      memberships.currentIndex > commit && voterIds(memberships.committed(commit)).includes(id)
    );
  }

  statusChanged(): void {
    this.#statusDirty = true;
  }

  // ---- inputs -----------------------------------------------------------------------------------

  tick(): void {
    this.outbox.tick();
    if (this.leadership !== undefined) {
      this.leadership.tick();
      return;
    }
    this.#electionElapsed += 1;
    if (this.#electionElapsed < this.#electionTimeout) return;
    this.#resetElection();
    if (this.#mayCampaign && this.receiving === undefined) this.#campaign('pre_candidate', false);
    // Who does not campaign says at least that it has lost its leader: its callers look for another node.
    else if (this.leader !== null) this.becomeFollower(this.term, null);
  }

  step(from: MemberId, message: Message): void {
    if (message.term > this.term && !this.#newerTerm(from, message)) return;
    if (message.term < this.term) {
      this.#answerOlderTerm(from, message);
      return;
    }
    switch (message.type) {
      case 'pre_vote':
        this.#answerPreVote(from, message);
        return;
      case 'vote':
        this.#answerVote(from, message);
        return;
      case 'pre_vote_answer':
        this.#countVote('pre_candidate', from, message.granted);
        return;
      case 'vote_answer':
        this.#countVote('candidate', from, message.granted);
        return;
      case 'append':
        this.#follow(from);
        answerAppend(this, from, message);
        return;
      case 'snapshot_chunk':
        this.#follow(from);
        answerSnapshotChunk(this, from, message);
        return;
      case 'append_answer':
        this.leadership?.onAppendAnswer(from, message);
        return;
      case 'snapshot_answer':
        this.leadership?.onSnapshotAnswer(from, message);
        return;
      case 'timeout_now':
        if (this.isVoter(this.config.id) && this.leadership === undefined)
          this.#campaign('candidate', true);
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
    if (this.leadership === undefined) this.failedReads.push(readId);
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
    if (id !== this.leader || this.#leaderSuspected || this.#role !== 'follower') return;
    this.#leaderSuspected = true;
    const soon = 1 + Math.floor(this.config.random() * this.config.heartbeatTicks);
    this.#electionTimeout = Math.min(this.#electionTimeout, this.#electionElapsed + soon);
  }

  persisted(writeId: number): void {
    const done = this.outbox.persisted(writeId, this.term);
    if (done === undefined) return;
    this.stableIndex = Math.min(done.stableIndex, this.log.lastIndex);
    this.durableTerm = done.term;
    if (this.#role === 'candidate' && this.#ownVoteWrite <= writeId)
      this.#countVote('candidate', this.config.id, true);
    this.leadership?.onStable();
    if (this.#installing !== undefined && this.#installing.writeId <= writeId)
      this.#statusDirty = true;
  }

  appliedTo(index: LogIndex): void {
    if (index <= this.applied) return;
    invariant(
      index <= this.commit,
      `S5: applied ${String(index)} beyond the commit index ${String(this.commit)}`,
    );
    this.applied = index;
    this.leadership?.onApplied();
  }

  compacted(meta: SnapshotMeta, keepFrom: LogIndex): void {
    if (meta.index <= this.snapshot.index) return;
    invariant(
      meta.index <= this.applied && keepFrom <= meta.index + 1,
      'a snapshot holds more than was applied',
    );
    this.snapshot = meta;
    this.log.compact(keepFrom);
    this.memberships.forgetBefore(Math.min(meta.index, this.commit));
    this.#statusDirty = true;
  }

  committedMembership(): Membership {
    return this.memberships.committed(this.commit);
  }

  termAt(index: LogIndex): Term | undefined {
    return this.log.termAt(index);
  }

  takeOutput(): Output {
    const write = this.outbox.takeWrite(
      {
        term: this.term,
        votedFor: this.votedFor,
        commit: Math.min(this.commit, this.log.lastIndex),
      },
      this.log.lastIndex,
    );
    const restore = this.#takeRestore();
    const committed = this.#takeCommitted();
    const { reads, failedReads } = this;
    this.reads = [];
    this.failedReads = [];
    const output: Output = {
      writes: write === undefined ? [] : [write],
      messages: this.outbox.takeMessages(),
      committed,
      reads,
      failedReads,
      ...(restore === undefined ? {} : { restore }),
      ...(this.#statusDirty ? { status: this.status() } : {}),
    };
    this.#statusDirty = false;
    return output;
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
      ready: this.leadership?.ready ?? false,
      progress: this.leadership?.describe() ?? [],
    };
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
      this.failedReads.push(...this.leadership.unprovenReads());
      this.leadership = undefined;
    }
    this.#role = 'follower';
    this.leader = leader;
    this.#leaderSuspected = false;
    this.#resetElection();
    this.#statusDirty = true;
  }

  adoptMembership(entry: Entry): void {
    this.memberships.append(entry.index, decodeMembership(entry.data));
    this.#statusDirty = true;
  }

  advanceCommit(index: LogIndex): void {
    if (index <= this.commit) return;
    invariant(index <= this.log.lastIndex, `S5: commit ${String(index)} beyond the log's end`);
    this.commit = index;
  }

  /** A received snapshot replaces the state; nothing after it comes out before it is durable. */
  install(meta: SnapshotMeta): void {
    const contained = this.log.termAt(meta.index) === meta.term;
    this.outbox.writeInstall(meta, !contained);
    this.#installing = { writeId: this.outbox.lastNeededWrite, meta };
    if (contained) this.log.compact(meta.index + 1);
    else this.log.reset(meta.index, meta.term);
    this.commit = meta.index;
    this.snapshot = meta;
    this.stableIndex = Math.min(this.stableIndex, this.log.lastIndex);
    this.memberships.truncateFrom(0);
    this.memberships.append(meta.index, meta.membership);
    this.memberships.forgetBefore(meta.index);
    for (let index = meta.index + 1; index <= this.log.lastIndex; index++) {
      const entry = this.log.entryAt(index);
      if (entry?.kind === 'membership')
        this.memberships.append(index, decodeMembership(entry.data));
    }
    this.#statusDirty = true;
  }

  // ---- elections --------------------------------------------------------------------------------

  #resetElection(): void {
    const { electionTicksMin, electionTicksMax, random } = this.config;
    this.#electionElapsed = 0;
    this.#electionTimeout =
      electionTicksMin + Math.floor(random() * (electionTicksMax - electionTicksMin + 1));
  }

  /** Returns false when the message ends here. */
  #newerTerm(from: MemberId, message: Message): boolean {
    if (message.type === 'pre_vote') {
      // Nothing is promised by a pre-vote, so the term stays (thesis 9.6).
      this.#answerPreVote(from, message);
      return false;
    }
    if (message.type === 'pre_vote_answer' && message.granted) {
      if (message.term === this.term + 1) this.#countVote('pre_candidate', from, true);
      return false;
    }
    // A live leader is not unseated by a node that has not heard it (thesis 4.2.3).
    if (message.type === 'vote' && !message.transfer && this.#hearsLeader()) return false;
    const leads = message.type === 'append' || message.type === 'snapshot_chunk';
    this.becomeFollower(message.term, leads ? from : null);
    return true;
  }

  #answerOlderTerm(from: MemberId, message: Message): void {
    // The sender learns of the newer term; else a node of an inflated term would be stuck for ever.
    if (message.type === 'append') {
      this.outbox.sendWhenDurable(
        {
          to: from,
          message: {
            type: 'append_answer',
            term: this.term,
            probe: message.probe,
            accepted: false,
            rejectedIndex: message.previousIndex,
            conflictTerm: 0,
            conflictIndex: this.log.lastIndex + 1,
          },
        },
        this.term,
      );
    } else if (message.type === 'snapshot_chunk') {
      this.outbox.sendWhenDurable(
        {
          to: from,
          message: {
            type: 'snapshot_answer',
            term: this.term,
            index: message.meta.index,
            nextChunk: 0,
            probe: message.probe,
          },
        },
        this.term,
      );
    } else if (message.type === 'pre_vote') {
      this.outbox.sendWhenDurable(
        { to: from, message: { type: 'pre_vote_answer', term: this.term, granted: false } },
        this.term,
      );
    } else if (message.type === 'vote') {
      this.outbox.sendWhenDurable(
        { to: from, message: { type: 'vote_answer', term: this.term, granted: false } },
        this.term,
      );
    }
  }

  #hearsLeader(): boolean {
    if (this.leadership !== undefined) return true;
    return (
      this.leader !== null &&
      !this.#leaderSuspected &&
      this.#electionElapsed < this.config.electionTicksMin
    );
  }

  #isUpToDate(lastIndex: LogIndex, lastTerm: Term): boolean {
    return (
      lastTerm > this.log.lastTerm ||
      (lastTerm === this.log.lastTerm && lastIndex >= this.log.lastIndex)
    );
  }

  #answerPreVote(from: MemberId, message: Extract<Message, { type: 'pre_vote' }>): void {
    const granted =
      message.term > this.term &&
      !this.#hearsLeader() &&
      this.#isUpToDate(message.lastIndex, message.lastTerm);
    this.outbox.sendWhenDurable(
      {
        to: from,
        message: { type: 'pre_vote_answer', term: granted ? message.term : this.term, granted },
      },
      this.term,
    );
  }

  #answerVote(from: MemberId, message: Extract<Message, { type: 'vote' }>): void {
    const free = this.votedFor === null || this.votedFor === from;
    const granted =
      free &&
      this.leadership === undefined &&
      this.#isUpToDate(message.lastIndex, message.lastTerm);
    if (granted) {
      if (this.votedFor !== from) {
        this.votedFor = from;
        this.outbox.writeHardState(); // S1
      }
      this.#resetElection();
    }
    this.outbox.sendWhenDurable(
      { to: from, message: { type: 'vote_answer', term: this.term, granted } },
      this.term,
    );
  }

  #campaign(as: 'pre_candidate' | 'candidate', transfer: boolean): void {
    this.leader = null;
    this.#leaderSuspected = false;
    this.#role = as;
    this.#votes = new Map();
    this.#statusDirty = true;
    this.#resetElection();
    const { lastIndex, lastTerm } = this.log;
    const others = this.voters.filter((id) => id !== this.config.id);
    if (as === 'pre_candidate') {
      for (const to of others) {
        this.outbox.sendWhenDurable(
          { to, message: { type: 'pre_vote', term: this.term + 1, lastIndex, lastTerm } },
          this.term,
        );
      }
      this.#countVote('pre_candidate', this.config.id, true);
      return;
    }
    this.term += 1;
    this.votedFor = this.config.id;
    this.outbox.writeHardState();
    this.#ownVoteWrite = this.outbox.lastNeededWrite;
    for (const to of others) {
      this.outbox.sendWhenDurable(
        { to, message: { type: 'vote', term: this.term, lastIndex, lastTerm, transfer } },
        this.term,
      );
    }
  }

  #countVote(as: 'pre_candidate' | 'candidate', from: MemberId, granted: boolean): void {
    if (this.#role !== as) return;
    this.#votes.set(from, granted);
    const { voters } = this;
    const majority = Math.floor(voters.length / 2) + 1;
    const count = (wanted: boolean): number =>
      voters.filter((id) => this.#votes.get(id) === wanted).length;
    if (count(true) >= majority) {
      if (as === 'pre_candidate') this.#campaign('candidate', false);
      else this.#lead();
    } else if (count(false) >= majority) {
      this.becomeFollower(this.term, null);
    }
  }

  #lead(): void {
    this.#role = 'leader';
    this.leader = this.config.id;
    this.receiving = undefined;
    this.#statusDirty = true;
    this.leadership = new Leadership(this);
    this.leadership.begin();
  }

  #follow(from: MemberId): void {
    invariant(
      this.leadership === undefined,
      `two leaders in term ${String(this.term)}: ${this.config.id} and ${from}`,
    );
    if (this.leader !== from || this.#role !== 'follower') {
      this.#role = 'follower';
      this.leader = from;
      this.#statusDirty = true;
    }
    this.#leaderSuspected = false;
    this.#resetElection();
  }

  // ---- output -----------------------------------------------------------------------------------

  #takeRestore(): SnapshotMeta | undefined {
    const installing = this.#installing;
    if (installing === undefined || !this.outbox.isDurable(installing.writeId)) return undefined;
    this.#installing = undefined;
    this.#handedOut = Math.max(this.#handedOut, installing.meta.index);
    this.applied = Math.max(this.applied, installing.meta.index);
    return installing.meta;
  }

  /** S5. */
  #takeCommitted(): Entry[] {
    if (this.#installing !== undefined || this.#handedOut >= this.commit) return [];
    const entries = this.log.slice(this.#handedOut + 1, this.commit, Number.MAX_SAFE_INTEGER);
    invariant(
      entries.length === this.commit - this.#handedOut,
      'S5: committed entries are missing from the log',
    );
    this.#handedOut = this.commit;
    return entries;
  }
}

const notLeader: ProposeAnswer = { ok: false, reason: 'not_leader' };

/** Starts a core from what storage found. */
export function createRaft(config: RaftConfig, recovered: Recovered): Raft {
  return new RaftCore(config, recovered);
}
