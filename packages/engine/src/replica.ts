/**
 * One replica: the Raft core, its durable side and the state machine, driven by one loop.
 *
 * Whatever goes into the core (a tick, messages, a proposal, "this write is durable") is followed by
 * `pump`, which carries the core's output to where it belongs.
 *
 * REPLICA-1: a message leaves only when the core hands it out; the core holds back what depends on the disk.
 * REPLICA-2: entries are applied in order, once; those that a restored snapshot holds are not applied again.
 * REPLICA-3: an error in the core, the state machine or the storage stops the node; nothing is tried again.
 * REPLICA-5: a snapshot is taken where a `checkpoint` stands in the log, at the same entry on every member, so
 *     that their hashes can be compared. A member that is not led to one takes its own after a while.
 * REPLICA-7: what the audit was told is durable before a snapshot is finished that holds it: after a restart it is told
 *     again from the snapshot on, and from nowhere before.
 * REPLICA-8: what the core has taken in is answered so, also where this node stops by what follows: nobody may submit it again.
 * REPLICA-6: peers and the disk have their work before the state machine has its own: what others wait for is not
 *     behind entries that are committed already.
 */
import { createRaft } from '@holdfast/raft';
import type {
  Entry,
  LogIndex,
  MemberId,
  MembershipChange,
  Message,
  Outbound,
  Output,
  ProposeAnswer,
  Raft,
  SnapshotMeta,
  Status,
  Term,
} from '@holdfast/raft';
import { latestFeatureLevel } from '@holdfast/state';
import type { StateMachine } from '@holdfast/state';
import { ApplyQueue } from './apply-queue.ts';
import type { BackupSource } from './backup.ts';
import { decodeBatch, encodeBatch } from './batch.ts';
import type { Batch } from './batch.ts';
import { CommitNews } from './commit-news.ts';
import { assertLogSupported, assertSupported } from './feature-levels.ts';
import type { FeatureLevels } from './feature-levels.ts';
import { KeptEntries } from './kept-entries.ts';
import { LogRoom } from './log-room.ts';
import type { Payloads } from './payloads/payloads.ts';
import { Proofs } from './proofs.ts';
import { Proposals, stoppedAnswer } from './proposals.ts';
import type { ProposalOutcome } from './proposals.ts';
import type { ReplicaOptions } from './replica-options.ts';
import { recoverState, snapshotPoint, Snapshots } from './snapshots.ts';
import { Ticks } from './ticks.ts';
import { OncePerPeer } from './transport/once.ts';

export class Replica {
  readonly #options: ReplicaOptions;
  readonly payloads: Payloads;
  readonly room: LogRoom;
  readonly #raft: Raft;
  #state: StateMachine;
  readonly #proposals = new Proposals();
  readonly #proofs: Proofs;
  readonly #once: OncePerPeer;
  readonly #applyQueue: ApplyQueue;
  readonly #snapshots: Snapshots;
  readonly #kept: KeptEntries;
  readonly #news: CommitNews;
  /** The state as it was found on the disk, until it is told. */
  #recovered: { readonly index: LogIndex; readonly stateHash: string | undefined } | undefined;
  /** Hash of the received snapshot that is being installed. */
  #installing: string | undefined;
  readonly #ticks: Ticks;
  readonly #supportedLevel: number;
  #stopped = false;
  #pumping = false;

  private constructor(options: ReplicaOptions, state: StateMachine) {
    this.#options = options;
    this.payloads = options.payloads;
    this.#state = state;
    this.#supportedLevel = options.supportedFeatureLevel ?? latestFeatureLevel;
    this.#raft = createRaft(options.config, options.recovered);
    this.#ticks = new Ticks(options);
    this.#once = new OncePerPeer(options.clock);
    this.#proofs = new Proofs(options.clock);
    this.#kept = new KeptEntries(options.keptEntries);
    this.#news = new CommitNews(options.clock, () => this.#guarded(() => this.#raft.tellCommit()));
    this.#applyQueue = new ApplyQueue(
      options.clock,
      options.maxEntriesPerTurn,
      () => this.#guarded(() => undefined),
      options.timings,
      () => options.auditSink?.isBehind === true,
    );
    this.#snapshots = new Snapshots(
      {
        storage: options.storage,
        payloads: options.payloads,
        clock: options.clock,
        log: options.log,
        ...(options.timings === undefined ? {} : { timings: options.timings }),
        supportedLevel: this.#supportedLevel,
        auditDurable: options.auditSink && (() => options.auditSink?.durable()),
        onSaved: (meta, stateHash) => this.#onSnapshotSaved(meta, stateHash),
        onVerified: (meta, isGood) => this.#onVerified(meta, isGood),
        send: (to, message) => options.hooks.send({ to, message }),
        onFatal: (error) => this.#fail(error),
      },
      options.recovered.snapshot,
    );
    this.room = new LogRoom({
      ...options,
      payloads: options.storage.payloads,
      snapshots: this.#snapshots,
      logBytes: () => this.#raft.logBytes(),
    });
  }

  /** Restores the state from the recovered snapshot; the log follows as it is known to be committed. */
  static async open(options: ReplicaOptions): Promise<Replica> {
    const { snapshot, entries } = options.recovered;
    const supported = options.supportedFeatureLevel ?? latestFeatureLevel;
    assertLogSupported(entries, supported);
    const { state, stateHash } = await recoverState(options, snapshot, supported);
    const replica = new Replica(options, state);
    if (snapshot.index > 0) {
      replica.#recovered = { index: snapshot.index, stateHash };
      options.auditSink?.restored(state.audit);
    }
    return replica;
  }

  /** Its state takes no other snapshot meanwhile (SNAP-2 of the state). */
  get isSavingSnapshot(): boolean {
    return this.#snapshots.isSaving;
  }

  get state(): StateMachine {
    return this.#state;
  }

  levels(): FeatureLevels {
    return { supported: this.#supportedLevel, inForce: this.#state.featureLevel };
  }

  status(): Status {
    return this.#raft.status();
  }

  /** Of the entry in this node's log, if it is there. */
  termAt(index: LogIndex): Term | undefined {
    return this.#raft.termAt(index);
  }

  /** A snapshot that holds all that is applied now, for a backup. Undefined: the node stops, or `signal` does. */
  openBackup(signal?: AbortSignal): Promise<BackupSource | undefined> {
    return this.#snapshots.openBackup(this.#state.index, signal, () => {
      const point = this.#stopped ? undefined : snapshotPoint(this.#raft, this.#state.index, true);
      return point === undefined ? undefined : { point, state: this.#state };
    });
  }

  start(): void {
    this.#ticks.start(() => this.#tick());
    const pump = (): void => this.#guarded(() => undefined);
    this.payloads.onRoom(pump);
    this.#options.auditSink?.onRoom(pump);
    pump(); // The first one tells the status.
    if (this.#recovered !== undefined)
      this.#options.hooks.onStateKnown(this.#recovered.index, this.#recovered.stateHash);
    this.#recovered = undefined;
  }

  stop(): void {
    this.#halt();
    this.#stopLeading();
  }

  #halt(): void {
    this.#stopped = true;
    this.#ticks.stop();
    this.#news.stop();
    this.#snapshots.stop();
    this.#proofs.end();
  }

  receive(from: MemberId, messages: readonly Message[]): void {
    this.#guarded(() => {
      for (const message of messages) {
        const ignored = this.#raft.step(from, message);
        if (ignored !== undefined)
          this.#once.say(from, message.type, () =>
            this.#options.log.error({ peer: from }, `Ignored an invalid message: ${ignored}.`),
          );
      }
    });
  }

  unreachable(peer: MemberId): void {
    this.#guarded(() => this.#raft.peerUnreachable(peer));
  }

  /**
   * Proposes a batch; `onOutcome` is called once, later, when the answer is `ok`.
   *
   * @param data The batch as `encodeBatch` makes it, where the caller has it already.
   */
  propose(
    batch: Batch,
    onOutcome: (outcome: ProposalOutcome) => void,
    data: Uint8Array = encodeBatch(batch),
    onCommitted?: () => void,
  ): ProposeAnswer {
    return this.#guarded(() => {
      const answer = this.#raft.propose(data);
      if (answer.ok)
        this.#proposals.add(answer.index, { term: answer.term, batch, onOutcome, onCommitted });
      return answer;
    });
  }

  /** Resolves once this node has proven that it led after the call, and has applied what was committed then. */
  prove(): Promise<void> {
    return this.#proofs.ask((readId) => this.#guarded(() => this.#raft.requestRead(readId)));
  }

  changeMembership(change: MembershipChange): ProposeAnswer {
    return this.#guarded(() => this.#raft.changeMembership(change));
  }

  transferLeadership(to: MemberId | null): ProposeAnswer {
    return this.#guarded(() => this.#raft.transferLeadership(to));
  }

  /** Runs an input of the core and executes what follows (REPLICA-3). */
  #guarded<T>(input: () => T): T {
    let result = stoppedAnswer as T;
    if (this.#stopped) return result;
    try {
      this.#checkLateness();
      result = input();
      this.#pump();
    } catch (error) {
      this.#fail(error); // REPLICA-8
    }
    return result;
  }

  #fail(error: unknown): void {
    if (this.#stopped) return;
    this.#halt();
    this.#options.hooks.onFatal(error instanceof Error ? error : new Error(String(error)));
  }

  /** TICK-1. */
  #checkLateness(): void {
    const lateMs = this.#ticks.takeLateness();
    if (lateMs === undefined || this.#raft.status().role !== 'leader') return;
    this.#options.log.warn(
      { lateMs: Math.round(lateMs) },
      'This process was paused or starved; it steps down as leader.',
    );
    this.#raft.stepDown();
  }

  #tick(): void {
    this.#guarded(() => {
      for (let count = this.#ticks.takeDue(); count > 0; count--) this.#raft.tick();
      if (this.room.exhausted !== undefined) throw this.room.exhausted; // LOG-ROOM-5
    });
    if (!this.#stopped) this.#options.hooks.onTick();
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    this.#applyQueue.beginTurn();
    try {
      for (;;) {
        const output = this.#raft.takeOutput(this.#applyQueue.hasRoom && !this.payloads.isBehind);
        this.#execute(output);
        if (output.writes.length > 0 && !this.#applyQueue.isEmpty) {
          this.#applySoon();
          break;
        }
        const last = this.#applyQueue.apply((entry) => this.#apply(entry));
        if (last !== undefined) this.#raft.appliedTo(last.index);
        this.#proofs.appliedTo(this.#state.index);
        // Applying may have made new output possible (a leader of one member commits at once).
        if (last === undefined && output.committed.length === 0 && output.reads.length === 0) break;
      }
    } finally {
      this.#pumping = false;
    }
  }

  /** REPLICA-6: storage and connections begin at the end of the present turn's synchronous part; this comes after them. */
  #applySoon(): void {
    queueMicrotask(() => this.#guarded(() => undefined));
  }

  #execute(output: Output): void {
    for (const write of output.writes) {
      if (write.installSnapshot !== undefined) this.#installing = write.installSnapshot.hash;
      const done = this.#options.storage.write(write);
      void done.then(() => this.#guarded(() => this.#raft.persisted(write.id)));
    }
    if (output.transfers !== undefined) this.#snapshots.setTransfers(output.transfers);
    for (const outbound of output.messages) this.#send(outbound);
    if (output.suspect !== undefined) this.#snapshots.checkOwn(output.suspect);
    if (output.verify !== undefined) this.#snapshots.verify(output.verify);
    if (output.restore !== undefined) this.#restore(output.restore);
    this.#applyQueue.push(output.committed);
    this.#proposals.committed(output.committed);
    const last = output.committed.at(-1);
    if (last !== undefined) this.#news.committed(last.index);
    for (const { readId, index } of output.reads) this.#proofs.proven(readId, index);
    for (const readId of output.failedReads) this.#proofs.failed(readId);
    if (output.status !== undefined) {
      if (output.status.role !== 'leader') this.#stopLeading();
      this.#news.leads = output.status.role === 'leader';
      this.#options.hooks.onStatus(output.status);
    }
  }

  #send(outbound: Outbound): void {
    const { to, message } = outbound;
    if (message.type === 'append') this.#news.told(message.commit, message.entries.at(-1)?.index);
    if (message.type === 'snapshot_chunk') this.#snapshots.send(to, message);
    else this.#options.hooks.send(outbound);
  }

  #apply(entry: Entry): void {
    const proposal = this.#proposals.take(entry);
    this.room.applied(entry.data.byteLength);
    this.#kept.applied(entry);
    if (entry.kind !== 'command') {
      this.#state.skipTo(entry.index);
      proposal.settle(undefined);
      return;
    }
    const batch = proposal.batch ?? decodeBatch(entry.data, this.#supportedLevel);
    const applied = this.#state.apply({
      index: entry.index,
      time: batch.time,
      commands: batch.commands,
      wallMs: batch.wallMs,
    });
    if (applied.audit !== undefined) this.#options.auditSink?.changed(applied.audit);
    assertSupported(this.#state.featureLevel, this.#supportedLevel); // FEATURE-4
    if (applied.payloads !== undefined) this.payloads.applied(entry.index, applied.payloads);
    this.#options.hooks.onApplied(entry.index, batch, applied);
    proposal.settle(applied);
    const isCheckpoint = batch.commands.some(({ command }) => command.type === 'checkpoint');
    if (isCheckpoint || this.room.isCheckpointOverdue) this.#saveSnapshot(); // REPLICA-5
  }

  #stopLeading(): void {
    this.#proposals.endUnknown();
    this.#proofs.rejectProven();
  }

  #saveSnapshot(): void {
    this.room.checkpointed();
    const point = snapshotPoint(this.#raft, this.#state.index);
    if (point !== undefined && !this.#snapshots.isSaving)
      void this.#snapshots.save(point, this.#state);
  }

  #onSnapshotSaved(meta: SnapshotMeta, stateHash: string | undefined): void {
    this.#guarded(() => {
      const keepFrom = this.#kept.keepFrom(meta.index, this.#raft.status().firstIndex);
      const kept = this.#raft.compacted(meta, keepFrom);
      if (kept !== undefined) this.#options.storage.forgetBefore(kept, meta.hash);
    });
    if (!this.#stopped) this.#options.hooks.onStateKnown(meta.index, stateHash);
  }

  #onVerified(meta: SnapshotMeta, isGood: boolean): void {
    this.#guarded(() => this.#raft.snapshotVerified(meta, isGood));
    // The log may have gone past it meanwhile.
    if (isGood && this.#installing !== meta.hash) this.#snapshots.forgetRestored();
  }

  /** The core installed a snapshot of the leader, which was verified: its state takes the place of the old one (REPLICA-2). */
  #restore(meta: SnapshotMeta): void {
    const { state, stateHash } = this.#snapshots.takeRestored(meta);
    this.#state = state;
    this.#installing = undefined;
    this.#applyQueue.clear();
    this.#kept.clear();
    this.room.checkpointed();
    const { index, hash } = meta;
    this.#options.log.info({ index, hash }, 'Restored the state from a snapshot of the leader.');
    this.#options.auditSink?.restored(state.audit);
    this.#options.hooks.onRestored(meta.index);
    this.#options.hooks.onStateKnown(meta.index, stateHash);
    this.#raft.appliedTo(meta.index);
  }
}
