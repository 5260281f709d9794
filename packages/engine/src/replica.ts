/**
 * One replica: the Raft core, its durable side and the state machine, driven by one loop.
 *
 * Whatever goes into the core (a tick, messages, a proposal, "this write is durable") is followed by
 * `pump`, which carries the core's output to where it belongs.
 *
 * R1: a message leaves only when the core hands it out; the core holds back what depends on the disk.
 * R2: entries are applied in order, once, and never while a snapshot is being restored.
 * R3: an error in the core, the state machine or the storage stops the node; nothing is tried again.
 * R4: a node whose ticks are late by more than three heartbeats has been stopped or starved: it gives
 *     up leadership before it looks at anything that came in meanwhile (spec rule 2.10).
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
  RaftConfig,
  Recovered,
  SnapshotMeta,
  Status,
  Term,
} from '@holdfast/raft';
import { createStateMachine, restoreStateMachine } from '@holdfast/state';
import type { Applied, StateMachine } from '@holdfast/state';
import type { Storage } from '@holdfast/storage';
import { decodeBatch, encodeBatch } from './batch.ts';
import type { Batch } from './batch.ts';
import type { Clock } from './clock.ts';
import type { EngineLog } from './types.ts';

/** What became of a proposed batch. */
export type Outcome =
  | { readonly type: 'applied'; readonly index: LogIndex; readonly applied: Applied }
  /** Another entry took its place: it never happened and never will. */
  | { readonly type: 'replaced' }
  /** This node no longer leads: it may or may not come to pass. */
  | { readonly type: 'unknown' };

export interface ReplicaHooks {
  /** After each applied batch, on every node. */
  readonly onApplied: (index: LogIndex, batch: Batch, applied: Applied) => void;
  /** The state was taken from a snapshot: changes up to this index were not applied one by one. */
  readonly onRestored: (index: LogIndex) => void;
  readonly onStatus: (status: Status) => void;
  readonly onTick: () => void;
  readonly send: (outbound: Outbound) => void;
  readonly onFatal: (error: Error) => void;
}

export interface ReplicaOptions {
  readonly config: RaftConfig;
  readonly recovered: Recovered;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly heartbeatMs: number;
  readonly tickMs: number;
  readonly snapshotLogBytes: number;
  /** Entries kept behind a snapshot; 1000 when absent. */
  readonly keptEntries?: number;
  readonly log: EngineLog;
  readonly hooks: ReplicaHooks;
}

interface Proposal {
  readonly term: Term;
  readonly batch: Batch;
  readonly onOutcome: (outcome: Outcome) => void;
}

interface Proof {
  readonly resolve: () => void;
  readonly reject: () => void;
}

interface ProvenRead {
  readonly index: LogIndex;
  readonly proof: Proof;
}

/** Entries kept behind a snapshot, so that a follower that is a little late needs no snapshot. */
const defaultKeptEntries = 1000;
/** Ticks that a late timer makes up for at once. */
const maxTicksAtOnce = 3;

export class Replica {
  readonly #options: ReplicaOptions;
  readonly #raft: Raft;
  #state: StateMachine;
  readonly #proposals = new Map<LogIndex, Proposal>();
  readonly #proofs = new Map<number, Proof>();
  /** Proven, waiting for their index to be applied; in order of index. */
  #provenReads: ProvenRead[] = [];
  #nextReadId = 1;
  /** Committed entries that wait for a restore to end (R2). */
  #delayedEntries: Entry[] = [];
  /** The snapshot that is being read back, if any. */
  #restoring: SnapshotMeta | undefined;
  #saving = false;
  #bytesSinceSnapshot = 0;
  #lastTickMs: number;
  #stopped = false;
  #cancelTick: (() => void) | undefined;
  #pumping = false;

  private constructor(options: ReplicaOptions, state: StateMachine) {
    this.#options = options;
    this.#state = state;
    this.#raft = createRaft(options.config, options.recovered);
    this.#lastTickMs = options.clock.now();
    for (const entry of options.recovered.entries)
      this.#bytesSinceSnapshot += entry.data.byteLength;
  }

  /** Restores the state from the recovered snapshot; the log follows as it is known to be committed. */
  static async open(options: ReplicaOptions): Promise<Replica> {
    const { snapshot } = options.recovered;
    const state = snapshot.index === 0 ? createStateMachine() : await readState(options, snapshot);
    if (state === undefined)
      throw new Error(`The snapshot at ${String(snapshot.index)} was replaced while it was read.`);
    return new Replica(options, state);
  }

  get state(): StateMachine {
    return this.#state;
  }

  status(): Status {
    return this.#raft.status();
  }

  /** Of the entry in this node's log, if it is there. */
  termAt(index: LogIndex): Term | undefined {
    return this.#raft.termAt(index);
  }

  get pendingProposals(): number {
    return this.#proposals.size;
  }

  start(): void {
    this.#lastTickMs = this.#options.clock.now();
    this.#scheduleTick();
    this.#guarded(() => {
      // Nothing: the first pump tells the status.
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTick?.();
    this.#stopLeading();
  }

  receive(from: MemberId, messages: readonly Message[]): void {
    this.#guarded(() => {
      for (const message of messages) this.#raft.step(from, message);
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
    onOutcome: (outcome: Outcome) => void,
    data: Uint8Array = encodeBatch(batch),
  ): ProposeAnswer {
    return this.#guarded(() => {
      const answer = this.#raft.propose(data);
      if (answer.ok) this.#proposals.set(answer.index, { term: answer.term, batch, onOutcome });
      return answer;
    });
  }

  /** Resolves once this node has proven that it led after the call, and has applied what was committed then. */
  prove(): Promise<void> {
    return new Promise((resolve, reject) => {
      const readId = this.#nextReadId++;
      this.#proofs.set(readId, { resolve, reject });
      this.#guarded(() => this.#raft.requestRead(readId));
    });
  }

  changeMembership(change: MembershipChange): ProposeAnswer {
    return this.#guarded(() => this.#raft.changeMembership(change));
  }

  transferLeadership(to: MemberId | null): ProposeAnswer {
    return this.#guarded(() => this.#raft.transferLeadership(to));
  }

  /** Runs an input of the core and carries out what follows (R3). */
  #guarded<T>(input: () => T): T {
    if (this.#stopped) return stoppedAnswer as T;
    try {
      this.#checkLateness();
      const result = input();
      this.#pump();
      return result;
    } catch (error) {
      this.#fail(error);
      return stoppedAnswer as T;
    }
  }

  #fail(error: unknown): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#cancelTick?.();
    this.#options.hooks.onFatal(error instanceof Error ? error : new Error(String(error)));
  }

  /** R4. */
  #checkLateness(): void {
    const lateMs = this.#options.clock.now() - this.#lastTickMs;
    if (lateMs <= 3 * this.#options.heartbeatMs) return;
    const status = this.#raft.status();
    if (status.role === 'leader') {
      this.#options.log.warn(
        { lateMs: Math.round(lateMs) },
        'This process was stopped or starved; it gives up leadership.',
      );
      this.#raft.stepDown();
    }
    this.#lastTickMs = this.#options.clock.now();
  }

  #scheduleTick(): void {
    this.#cancelTick = this.#options.clock.after(this.#options.tickMs, () => {
      if (this.#stopped) return;
      this.#guarded(() => {
        const now = this.#options.clock.now();
        const due = Math.floor((now - this.#lastTickMs) / this.#options.tickMs);
        this.#lastTickMs =
          due > maxTicksAtOnce ? now : this.#lastTickMs + due * this.#options.tickMs;
        for (let count = Math.min(due, maxTicksAtOnce); count > 0; count--) this.#raft.tick();
      });
      if (this.#stopped) return;
      this.#options.hooks.onTick();
      this.#scheduleTick();
    });
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      for (;;) {
        const output = this.#raft.takeOutput();
        this.#carryOut(output);
        // Applying may have made new output possible (a leader of one member commits at once).
        if (output.committed.length === 0 && output.reads.length === 0) break;
      }
    } finally {
      this.#pumping = false;
    }
  }

  #carryOut(output: Output): void {
    for (const write of output.writes) {
      const done = this.#options.storage.write(write);
      void done.then(() => this.#guarded(() => this.#raft.persisted(write.id)));
    }
    for (const outbound of output.messages) this.#send(outbound);
    if (output.restore !== undefined) this.#restore(output.restore);
    if (output.committed.length > 0) {
      if (this.#restoring !== undefined) this.#delayedEntries.push(...output.committed);
      else this.#applyAll(output.committed);
    }
    for (const read of output.reads) {
      const proof = this.#proofs.get(read.readId);
      this.#proofs.delete(read.readId);
      if (proof !== undefined) this.#provenReads.push({ index: read.index, proof });
    }
    for (const readId of output.failedReads) {
      this.#proofs.get(readId)?.reject();
      this.#proofs.delete(readId);
    }
    this.#answerReads();
    if (output.status !== undefined) {
      if (output.status.role !== 'leader') this.#stopLeading();
      this.#options.hooks.onStatus(output.status);
    }
  }

  #send(outbound: Outbound): void {
    const { message } = outbound;
    if (message.type !== 'snapshot_chunk') {
      this.#options.hooks.send(outbound);
      return;
    }
    const { meta, chunk } = message;
    void this.#options.storage.readSnapshotChunk(meta.index, chunk).then((data) => {
      // A newer snapshot took its place: the core will offer that one.
      if (data === undefined || this.#stopped) return;
      this.#options.hooks.send({ to: outbound.to, message: { ...message, data } });
    });
  }

  #applyAll(entries: readonly Entry[]): void {
    for (const entry of entries) {
      this.#apply(entry);
      this.#bytesSinceSnapshot += entry.data.byteLength;
    }
    const last = entries.at(-1);
    if (last !== undefined) this.#raft.appliedTo(last.index);
    if (this.#bytesSinceSnapshot >= this.#options.snapshotLogBytes) this.#saveSnapshot();
  }

  #apply(entry: Entry): void {
    const proposal = this.#proposals.get(entry.index);
    if (proposal !== undefined) this.#proposals.delete(entry.index);
    if (entry.kind !== 'command') {
      this.#state.skipTo(entry.index);
      proposal?.onOutcome({ type: 'replaced' });
      return;
    }
    const own = proposal !== undefined && proposal.term === entry.term;
    const batch = own ? proposal.batch : decodeBatch(entry.data);
    const applied = this.#state.apply({
      index: entry.index,
      time: batch.time,
      commands: batch.commands,
    });
    this.#options.hooks.onApplied(entry.index, batch, applied);
    proposal?.onOutcome(
      own ? { type: 'applied', index: entry.index, applied } : { type: 'replaced' },
    );
  }

  #answerReads(): void {
    if (this.#provenReads.length === 0) return;
    const applied = this.#state.index;
    const waiting: ProvenRead[] = [];
    for (const read of this.#provenReads) {
      if (read.index <= applied) read.proof.resolve();
      else waiting.push(read);
    }
    this.#provenReads = waiting;
  }

  #stopLeading(): void {
    if (this.#proposals.size > 0) {
      const proposals = [...this.#proposals.values()];
      this.#proposals.clear();
      for (const proposal of proposals) proposal.onOutcome({ type: 'unknown' });
    }
    for (const read of this.#provenReads) read.proof.reject();
    this.#provenReads = [];
    if (!this.#stopped) return;
    for (const proof of this.#proofs.values()) proof.reject();
    this.#proofs.clear();
  }

  #saveSnapshot(): void {
    if (this.#saving || this.#restoring !== undefined) return;
    const index = this.#state.index;
    const term = this.#raft.termAt(index);
    if (term === undefined) return;
    this.#saving = true;
    this.#bytesSinceSnapshot = 0;
    const keptEntries = this.#options.keptEntries ?? defaultKeptEntries;
    const keepFrom = Math.max(this.#raft.status().firstIndex, index + 1 - keptEntries);
    const meta = { index, term, membership: this.#raft.committedMembership() };
    void this.#options.storage
      .saveSnapshot(meta, this.#state.snapshot(), keepFrom)
      .then((saved) => {
        this.#saving = false;
        if (saved === undefined) return; // A newer one of the leader took its place.
        this.#guarded(() => this.#raft.compacted(saved, keepFrom));
        this.#options.log.info({ index, chunks: saved.chunkCount }, 'Saved a snapshot.');
      })
      .catch((error: unknown) => this.#fail(error));
  }

  /** The core installed a leader's snapshot: the state starts anew from it (R2). */
  #restore(meta: SnapshotMeta): void {
    this.#restoring = meta;
    this.#delayedEntries = [];
    readState(this.#options, meta)
      .then((state) => {
        // A newer one came meanwhile, or is on the disk already and comes next.
        if (this.#restoring !== meta || state === undefined) return;
        this.#state = state;
        this.#restoring = undefined;
        this.#bytesSinceSnapshot = 0;
        this.#options.log.info(
          { index: meta.index },
          'Restored the state from a snapshot of the leader.',
        );
        this.#options.hooks.onRestored(meta.index);
        const entries = this.#delayedEntries;
        this.#delayedEntries = [];
        this.#guarded(() => {
          this.#raft.appliedTo(meta.index);
          this.#applyAll(entries);
        });
      })
      .catch((error: unknown) => this.#fail(error));
  }
}

/** What a stopped replica answers to a proposal. */
const stoppedAnswer: ProposeAnswer = { ok: false, reason: 'not_leader', detail: 'the node stops' };

/** Undefined when another snapshot has taken its place on the disk. */
async function readState(
  options: ReplicaOptions,
  meta: SnapshotMeta,
): Promise<StateMachine | undefined> {
  const chunks: Uint8Array[] = [];
  for (let chunk = 0; chunk < meta.chunkCount; chunk++) {
    const data = await options.storage.readSnapshotChunk(meta.index, chunk);
    if (data === undefined) return undefined;
    chunks.push(data);
  }
  return restoreStateMachine(chunks);
}
