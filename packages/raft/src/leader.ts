/**
 * The leader's side: replication, commitment, proofs of leadership, transfer, membership.
 * Lives as long as one leadership; the core drops it when the term ends.
 */
import { committedIndex } from './commitment.ts';
import type { Image } from './image.ts';
import { invariant } from './invariant.ts';
import { entryOverheadBytes } from './log.ts';
import { changed, encodeMembership, voterIds } from './membership.ts';
import { Progress } from './progress.ts';
import type { Core } from './core.ts';
import { ReadQueue } from './reads.ts';
import { Replication } from './replication.ts';
import { SnapshotSender } from './snapshot-sender.ts';
import type {
  Entry,
  EntryKind,
  LogIndex,
  MemberId,
  MembershipChange,
  Message,
  ProposeAnswer,
  Status,
} from './types.ts';

type AppendAnswer = Extract<Message, { type: 'append_answer' }>;
type SnapshotAnswer = Extract<Message, { type: 'snapshot_answer' }>;

/**
 * A learner that lacks more entries than this is not given a vote, whoever asks for it: it would count in
 * majorities that it cannot be part of for a while. Hosts may ask for the vote later than that.
 */
const mostEntriesLackingToVote = 1000;

export class LeaderState {
  readonly #core: Core;
  readonly #peers = new Map<MemberId, Progress>();
  readonly #reads = new ReadQueue();
  readonly #snapshots: SnapshotSender;
  readonly #replication: Replication;
  /** The no-op of this term: what makes older entries committable and reads provable (RAFT-4, RAFT-6). */
  #firstIndex: LogIndex = 0;
  #firstApplied = false;
  #heartbeatElapsed = 0;
  #uncommittedBytes = 0;
  #transfer: { readonly to: MemberId; ticks: number } | undefined;

  constructor(core: Core) {
    this.#core = core;
    const round = (): number => this.#reads.round;
    this.#snapshots = new SnapshotSender(core, round);
    this.#replication = new Replication(core, this.#snapshots, round);
  }

  get ready(): boolean {
    return this.#core.applied >= this.#firstIndex && this.#transfer === undefined;
  }

  begin(): void {
    const { log, commit } = this.#core;
    this.#uncommittedBytes = log.bytesBetween(commit + 1, log.lastIndex);
    this.#followMembership();
    this.#firstIndex = log.lastIndex + 1;
    this.#append('noop', new Uint8Array());
  }

  tick(): void {
    const { config } = this.#core;
    for (const peer of this.#peers.values()) {
      peer.silentTicks += 1;
      this.#snapshots.tick(peer);
    }
    if (!this.#hearsMajority() || this.#core.outbox.oldestWriteTicks > config.maxWriteTicks) {
      this.#core.becomeFollower(this.#core.term, null);
      return;
    }
    if (this.#transfer !== undefined && ++this.#transfer.ticks > config.electionTicksMax) {
      this.#transfer = undefined;
      this.#core.statusChanged();
    }
    this.#heartbeatElapsed += 1;
    if (this.#heartbeatElapsed < config.heartbeatTicks) return;
    this.#heartbeatElapsed = 0;
    for (const peer of this.#peers.values()) this.#replication.heartbeat(peer);
  }

  /** Check-quorum (thesis 6.2): a leader that a majority does not answer steps down. */
  #hearsMajority(): boolean {
    const { voters } = this.#core;
    // A leader that is being removed does not count itself (it is no voter any more).
    return this.#heardAmong(voters).length > voters.length / 2;
  }

  #heardAmong(voters: readonly MemberId[]): MemberId[] {
    const { config } = this.#core;
    return voters.filter(
      (id) =>
        id === config.id ||
        (this.#peers.get(id)?.silentTicks ?? Infinity) <= config.electionTicksMax,
    );
  }

  propose(kind: EntryKind, data: Uint8Array): ProposeAnswer {
    const { maxEntryBytes, maxUncommittedBytes } = this.#core.config;
    if (data.byteLength > maxEntryBytes) {
      return {
        ok: false,
        reason: 'too_large',
        detail: `${String(data.byteLength)} bytes in one entry, of at most ${String(maxEntryBytes)}`,
      };
    }
    if (this.#transfer !== undefined) return { ok: false, reason: 'transferring' };
    if (!this.ready) return { ok: false, reason: 'not_ready' };
    const bytes = data.byteLength + entryOverheadBytes;
    if (this.#uncommittedBytes > 0 && this.#uncommittedBytes + bytes > maxUncommittedBytes) {
      return { ok: false, reason: 'too_much_uncommitted' };
    }
    return this.#append(kind, data);
  }

  changeMembership(change: MembershipChange): ProposeAnswer {
    const { memberships, commit } = this.#core;
    // RAFT-MEMBER-1.
    if (commit < this.#firstIndex) return { ok: false, reason: 'not_ready' };
    if (memberships.currentIndex > commit) return { ok: false, reason: 'change_in_progress' };
    const next = changed(memberships.current, change);
    if (!next.ok) return { ok: false, reason: 'invalid_change', detail: next.detail };
    if (change.type === 'promote') {
      const matchIndex = this.#peers.get(change.id)?.matchIndex ?? 0;
      if (matchIndex + mostEntriesLackingToVote < this.#core.log.lastIndex) {
        return {
          ok: false,
          reason: 'not_caught_up',
          detail: `"${change.id}" has the log up to ${String(matchIndex)} of ${String(this.#core.log.lastIndex)}.`,
        };
      }
    }
    const voters = voterIds(next.membership);
    const heard = this.#heardAmong(voters);
    // RAFT-MEMBER-2.
    if (change.type !== 'add_learner' && heard.length <= voters.length / 2) {
      return {
        ok: false,
        reason: 'invalid_change',
        detail: `of the voters that would be left (${voters.join(', ')}) only ${heard.join(', ') || 'none'} can be reached, which is no majority: bring others back first`,
      };
    }
    return this.propose('membership', encodeMembership(next.membership));
  }

  transfer(to: MemberId | null): ProposeAnswer {
    if (this.#transfer !== undefined) return { ok: false, reason: 'transferring' };
    const { config, log, term } = this.#core;
    const candidates = [...this.#peers.values()].filter(
      (peer) => this.#core.isVoter(peer.id) && (to === null || peer.id === to),
    );
    const best = candidates
      .toSorted((a, b) => a.silentTicks - b.silentTicks)
      .toSorted((a, b) => b.matchIndex - a.matchIndex)[0];
    if (best === undefined) {
      return {
        ok: false,
        reason: 'invalid_change',
        detail: to === null ? `${config.id} is the only voter` : `"${to}" is not another voter`,
      };
    }
    this.#transfer = { to: best.id, ticks: 0 };
    this.#core.statusChanged();
    this.#finishTransfer(best);
    return { ok: true, index: log.lastIndex, term };
  }

  requestRead(readId: number): void {
    const { commit } = this.#core;
    const round = this.#reads.add(readId, commit >= this.#firstIndex ? commit : undefined);
    if (round === undefined) return;
    for (const peer of this.#peers.values())
      if (this.#core.isVoter(peer.id)) this.#replication.sendEmpty(peer);
    this.#proveReads();
  }

  tellCommit(): void {
    for (const peer of this.#peers.values()) this.#replication.tellCommit(peer);
  }

  unprovenReads(): number[] {
    return this.#reads.takeAll();
  }

  onStable(): void {
    this.#maybeCommit();
  }

  onApplied(): void {
    if (this.#firstApplied || this.#core.applied < this.#firstIndex) return;
    this.#firstApplied = true;
    this.#core.statusChanged();
  }

  onUnreachable(id: MemberId): void {
    const peer = this.#peers.get(id);
    if (peer?.state === 'replicate') peer.probeFrom(peer.matchIndex + 1);
    else if (peer !== undefined) this.#snapshots.onUnreachable(peer);
  }

  onAppendAnswer(from: MemberId, message: AppendAnswer): string | undefined {
    const peer = this.#peers.get(from);
    if (peer === undefined) return undefined;
    const impossible = this.#impossible(peer, message);
    if (impossible !== undefined) return impossible;
    this.#heard(peer, message.probe);
    if (message.accepted) this.#onAccepted(peer, message.matchIndex);
    else {
      const { rejectedIndex, conflictTerm, conflictIndex } = message;
      this.#replication.onRejected(peer, rejectedIndex, conflictTerm, conflictIndex);
    }
    return undefined;
  }

  onSnapshotAnswer(from: MemberId, message: SnapshotAnswer): string | undefined {
    const peer = this.#peers.get(from);
    if (peer === undefined) return undefined;
    const impossible = this.#impossible(peer, message);
    if (impossible !== undefined) return impossible;
    this.#heard(peer, message.probe);
    const { transfer } = peer;
    if (transfer === undefined || !this.#snapshots.onAnswer(peer, message)) return undefined;
    peer.accepted(transfer.meta.index);
    peer.finishSnapshot();
    this.#maybeCommit();
    if (this.#core.leadership === this) this.#replication.replicate(peer);
    return undefined;
  }

  /** Hashes of the snapshots that are being sent. */
  transfers(): readonly string[] {
    const hashes = new Set<string>();
    for (const { transfer } of this.#peers.values())
      if (transfer !== undefined) hashes.add(transfer.meta.hash);
    return [...hashes];
  }

  /** What has to stay of the log where the host needs it from `keepFrom` on (SND-3). */
  keepFrom(keepFrom: LogIndex): LogIndex {
    return this.#snapshots.keepFrom(keepFrom, this.#peers.values());
  }

  describe(): Status['progress'] {
    return [...this.#peers.values()].map(({ id, matchIndex, state, silentTicks }) => ({
      id,
      matchIndex,
      state,
      silentTicks,
    }));
  }

  image(): Image {
    return {
      peers: [...this.#peers.values()].map((peer) => peer.image()),
      reads: this.#reads.image(),
      firstIndex: this.#firstIndex,
      firstApplied: this.#firstApplied,
      heartbeatElapsed: this.#heartbeatElapsed,
      uncommittedBytes: this.#uncommittedBytes,
      transfer: this.#transfer === undefined ? null : [this.#transfer.to, this.#transfer.ticks],
    };
  }

  // ---- log and commitment -----------------------------------------------------------------------

  #append(kind: EntryKind, data: Uint8Array): ProposeAnswer {
    const { log, term, outbox, memberships } = this.#core;
    const entry: Entry = { index: log.lastIndex + 1, term, kind, data };
    log.append([entry]);
    outbox.writeEntries([entry]);
    this.#uncommittedBytes += entry.data.byteLength + entryOverheadBytes;
    if (kind === 'membership') {
      this.#adopt(entry);
    }
    // In parallel with the own write (thesis 10.2.1).
    for (const peer of this.#peers.values()) this.#replication.replicate(peer);
    invariant(memberships.currentIndex <= entry.index, 'the membership is ahead of the log');
    return { ok: true, index: entry.index, term };
  }

  #adopt(entry: Entry): void {
    this.#core.adoptMembership(entry);
    this.#followMembership();
  }

  #followMembership(): void {
    const { memberships, config, log } = this.#core;
    const { members } = memberships.current;
    for (const member of members) {
      if (member.id === config.id || this.#peers.has(member.id)) continue;
      this.#peers.set(member.id, new Progress(member.id, log.lastIndex + 1));
    }
    for (const id of this.#peers.keys()) {
      if (!members.some((member) => member.id === id)) this.#peers.delete(id);
    }
  }

  /** RAFT-4. */
  #maybeCommit(): void {
    const core = this.#core;
    const { config, log, voters } = core;
    const matches = voters.map((id) =>
      id === config.id ? core.stableIndex : (this.#peers.get(id)?.matchIndex ?? 0),
    );
    const index = committedIndex(matches);
    if (index <= core.commit || log.termAt(index) !== core.term) return;
    this.#uncommittedBytes -= log.bytesBetween(core.commit + 1, index);
    core.advanceCommit(index);
    if (index >= this.#firstIndex) {
      const round = this.#reads.release(index);
      if (round) for (const peer of this.#peers.values()) this.#replication.sendEmpty(peer);
      this.#proveReads();
    }
    if (core.memberships.currentIndex <= index && !core.isVoter(config.id)) {
      // Removed, and the removal is committed: tell the others how far, then go (thesis 4.2.2).
      for (const peer of this.#peers.values()) this.#replication.sendEmpty(peer);
      core.becomeFollower(core.term, null);
    }
  }

  // ---- answers ----------------------------------------------------------------------------------

  /** Why an answer cannot be one to what this leader has sent. It counts for nothing, not even as heard. */
  #impossible(peer: Progress, message: AppendAnswer | SnapshotAnswer): string | undefined {
    const { lastIndex } = this.#core.log;
    const { round } = this.#reads;
    if (message.probe > round)
      return `${peer.id} confirms round ${String(message.probe)} of the proofs of leadership, of ${String(round)}`;
    if (message.type === 'snapshot_answer') {
      const meta = peer.transfer?.meta;
      if (meta?.hash !== message.hash || message.nextOffset <= meta.byteLength) return undefined;
      return `${peer.id} has ${String(message.nextOffset)} bytes of a snapshot of ${String(meta.byteLength)}`;
    }
    const index = message.accepted ? message.matchIndex : message.rejectedIndex;
    if (index <= lastIndex) return undefined;
    return `${peer.id} answers for entry ${String(index)}, and the log of this leader ends at ${String(lastIndex)}`;
  }

  #onAccepted(peer: Progress, matchIndex: LogIndex): void {
    const moved = peer.accepted(matchIndex);
    if (peer.state === 'snapshot') {
      // It may come back by append: its log reaches into ours (or holds the snapshot's end) again.
      if (!moved || this.#core.log.termAt(matchIndex) === undefined) return;
      peer.finishSnapshot();
    }
    if (peer.state === 'probe') peer.replicate();
    if (moved) this.#maybeCommit();
    if (this.#core.leadership !== this) return;
    this.#replication.replicate(peer);
    this.#finishTransfer(peer);
  }

  #heard(peer: Progress, probe: number): void {
    peer.silentTicks = 0;
    if (probe <= peer.probe) return;
    peer.probe = probe;
    this.#proveReads();
  }

  /** RAFT-6. */
  #proveReads(): void {
    const { voters, config } = this.#core;
    const rounds = voters.map((id) =>
      id === config.id ? this.#reads.round : (this.#peers.get(id)?.probe ?? 0),
    );
    this.#core.outputs.addReads(this.#reads.prove(committedIndex(rounds)));
  }

  #finishTransfer(peer: Progress): void {
    const { log, term, outbox } = this.#core;
    if (this.#transfer?.to !== peer.id || peer.matchIndex !== log.lastIndex) return;
    outbox.send({ to: peer.id, message: { type: 'timeout_now', term } });
  }
}
