/**
 * One node around a core as it ships, as small as a host can be: what the core hands out is executed at
 * once, but for writes, which become durable one by one when the search says so.
 */
import { createRaft } from '@holdfast/raft';
import type {
  CoreImage,
  Entry,
  HasImage,
  Image,
  LogIndex,
  MemberId,
  Outbound,
  Output,
  Raft,
  RaftConfig,
  SnapshotMeta,
  Term,
  Write,
} from '@holdfast/raft';
import { lastOf, written } from './disk.ts';
import type { DurableState } from './disk.ts';
import type { Happening, EntryPosition } from './happenings.ts';
import type { Input } from './inputs.ts';

export interface CoreLimits extends Pick<RaftConfig, 'maxAppendBytes' | 'maxInflightMessages'> {
  /** Every write is durable before anything else happens. */
  readonly isDiskFast: boolean;
  readonly snapshotBytes: number;
}

/** One tick is an election timeout, a heartbeat, and half of what a leader may hear nothing for. */
const coreConfig = (id: MemberId, limits: CoreLimits): RaftConfig => ({
  id,
  heartbeatTicks: 1,
  electionTicksMin: 1,
  electionTicksMax: 1,
  random: () => 0,
  maxEntryBytes: 1000,
  maxAppendBytes: limits.maxAppendBytes,
  snapshotChunkBytes: 1,
  maxSnapshotInflightBytes: 1,
  maxTransferIdleTicks: 100,
  maxKeptBytes: 1_000_000,
  maxInflightBytes: 1_000_000,
  maxInflightMessages: limits.maxInflightMessages,
  maxUncommittedBytes: 1_000_000,
  maxWriteTicks: 100,
});

/** What one core sends, another one does not understand. */
export class RefusedMessageError extends Error {
  override name = 'RefusedMessageError';
}

export class Node {
  readonly id: MemberId;
  readonly raft: Raft & HasImage;
  readonly #limits: CoreLimits;
  disk: DurableState;
  /** Writes that are not durable yet. */
  readonly queue: Write[] = [];
  verifying: SnapshotMeta | undefined;
  /** What left since the last `take`. */
  #sent: Outbound[] = [];
  #happenings: Happening[] = [];
  #ledTerm = 0;

  /** Starts from what the disk holds. */
  constructor(id: MemberId, limits: CoreLimits, disk: DurableState) {
    this.id = id;
    this.#limits = limits;
    this.disk = disk;
    const { hardState, snapshot, entries } = disk;
    this.raft = createRaft(coreConfig(id, limits), { hardState, snapshot, entries });
    this.#happenings.push({ type: 'started', snapshot: snapshotKey(snapshot) });
    this.#pump();
  }

  take(): { readonly sent: readonly Outbound[]; readonly happenings: readonly Happening[] } {
    const taken = { sent: this.#sent, happenings: this.#happenings };
    this.#sent = [];
    this.#happenings = [];
    return taken;
  }

  /**
   * @returns false where it cannot happen in this state.
   * @throws RaftInvariantError, DiskPromiseError, RefusedMessageError where a promise is broken.
   */
  feed(input: Input): boolean {
    if (!this.#give(input)) return false;
    this.#pump();
    return true;
  }

  get canSnapshot(): boolean {
    const { applied } = this.raft.status();
    // What is not durable yet cannot be dropped from the disk.
    return applied > this.disk.snapshot.index && this.verifying === undefined
      ? lastOf(this.disk) >= applied
      : false;
  }

  /** All that this node's future depends on. */
  image(): { readonly core: CoreImage; readonly host: Image } {
    const { hardState, snapshot, entries, receiving } = this.disk;
    const host = [
      this.id,
      [hardState.term, hardState.votedFor, hardState.commit, snapshot.hash],
      entries.map(imageOfEntry),
      receiving === undefined ? null : [receiving.meta.hash, receiving.byteLength],
      this.queue.map(imageOfWrite),
      this.verifying?.hash ?? null,
    ];
    return { core: this.raft.image(), host };
  }

  #give(input: Input): boolean {
    switch (input.type) {
      case 'deliver': {
        const why = this.raft.step(input.from, input.message);
        if (why !== undefined)
          throw new RefusedMessageError(`it refuses a message of a member: ${why}`);
        return true;
      }
      case 'tick':
        this.raft.tick();
        return true;
      case 'persist':
        return this.#persist();
      case 'verified':
        return this.#verified(input.isGood);
      case 'propose':
        return this.raft.propose(Uint8Array.of(input.command)).ok;
      case 'change':
        return this.raft.changeMembership(input.change).ok;
      case 'read':
        if (this.raft.status().role !== 'leader') return false;
        this.#happenings.push({ type: 'asked', readId: input.readId });
        this.raft.requestRead(input.readId);
        return true;
      case 'transfer':
        return this.raft.transferLeadership(input.to).ok;
      case 'step_down':
        if (this.raft.status().role !== 'leader') return false;
        this.raft.stepDown();
        return true;
      case 'snapshot':
        return this.#snapshot();
      case 'crash':
        throw new Error('A crash is a new node on the same disk.');
    }
  }

  #persist(): boolean {
    const write = this.queue.shift();
    if (write === undefined) return false;
    this.disk = written(this.disk, write);
    this.raft.persisted(write.id);
    return true;
  }

  #verified(isGood: boolean): boolean {
    const meta = this.verifying;
    if (meta === undefined) return false;
    this.verifying = undefined;
    this.raft.snapshotVerified(meta, isGood);
    return true;
  }

  /** Of all that is applied; nothing of the log is kept for the slow but what the core asks for. */
  #snapshot(): boolean {
    if (!this.canSnapshot) return false;
    const index = this.raft.status().applied;
    const term = this.raft.termAt(index);
    if (term === undefined) return false;
    const membership = this.raft.membershipAt(index);
    const byteLength = this.#limits.snapshotBytes;
    const meta = { index, term, membership, hash: `${index}.${term}`, byteLength };
    const kept = this.raft.compacted(meta, index + 1);
    if (kept === undefined) return false;
    const entries = this.disk.entries.filter((entry) => entry.index >= kept);
    this.disk = { ...this.disk, snapshot: meta, entries };
    return true;
  }

  #pump(): void {
    let isIdle = false;
    while (!isIdle) {
      const output = this.raft.takeOutput();
      this.#execute(output);
      isIdle =
        output.writes.length === 0 && output.messages.length === 0 && output.committed.length === 0;
      if (isIdle && this.#limits.isDiskFast && this.#persist()) isIdle = false;
    }
    const { role, term } = this.raft.status();
    if (role !== 'leader' || term === this.#ledTerm) return;
    this.#ledTerm = term;
    this.#happenings.push({ type: 'leads', term, log: this.#termsOfLog() });
  }

  #execute(output: Output): void {
    for (const write of output.writes) this.queue.push(write);
    for (const outbound of output.messages) this.#sent.push(filled(outbound));
    if (output.verify !== undefined) this.verifying = output.verify;
    if (output.restore !== undefined) {
      const { index } = output.restore;
      this.#happenings.push({ type: 'restored', snapshot: snapshotKey(output.restore) });
      this.raft.appliedTo(index);
    }
    const inTerm = this.raft.status().term;
    for (const entry of output.committed) this.#happenings.push(applied(entry, inTerm));
    const last = output.committed.at(-1);
    if (last !== undefined) this.raft.appliedTo(last.index);
    for (const { readId, index } of output.reads)
      this.#happenings.push({ type: 'proven', readId, index });
    for (const readId of output.failedReads) this.#happenings.push({ type: 'failed', readId });
  }

  /** From the first entry that is not compacted away. */
  #termsOfLog(): Extract<Happening, { type: 'leads' }>['log'] {
    const { firstIndex, lastIndex } = this.raft.status();
    const terms: number[] = [];
    for (let index: LogIndex = firstIndex; index <= lastIndex; index++)
      terms.push(this.raft.termAt(index) ?? 0);
    return { firstIndex, terms };
  }
}

const snapshotKey = ({ index, term }: SnapshotMeta): EntryPosition => ({ index, term });

const applied = ({ index, term, kind, data }: Entry, inTerm: Term): Happening => ({
  type: 'applied',
  index,
  term,
  text: `${kind} ${data.join()}`,
  isMembership: kind === 'membership',
  inTerm,
});

/** The host puts the bytes of the snapshot into the chunk. */
function filled(outbound: Outbound): Outbound {
  const { to, message } = outbound;
  if (message.type !== 'snapshot_chunk') return outbound;
  return { to, message: { ...message, data: new Uint8Array(message.byteLength) } };
}

const imageOfEntry = ({ index, term, kind, data }: Entry): Image => [
  index,
  term,
  kind,
  data.join(),
];

const imageOfWrite = (write: Write): Image => [
  write.hardState === undefined ? null : { ...write.hardState },
  write.truncateFrom ?? null,
  write.entries.map(imageOfEntry),
  (write.snapshotChunks ?? []).map(({ meta, offset, data }) => [meta.hash, offset, data.length]),
  write.installSnapshot?.hash ?? null,
];
