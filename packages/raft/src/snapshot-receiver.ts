/**
 * The follower's side of a snapshot transfer: received, verified, installed.
 *
 * RCV-1: what is received is of one snapshot, in order, without gaps: a chunk of another one (its hash
 *        differs) begins anew at its first byte. Who sends it does not matter, for the hash says what it
 *        is: a transfer goes on under another leader.
 * RCV-2: a snapshot is installed only after the host has verified its bytes, all of them durable. Until
 *        then nothing of the own log and state is touched. What does not verify is received anew.
 * RCV-3: between the question and its outcome nothing is received, neither more of this snapshot nor
 *        another: the outcome is always of the bytes that were asked about. Elections, votes and appends
 *        go on as ever.
 * RCV-4: a snapshot whose end is in the own log, or below its commit index, is superfluous, also when that
 *        came about while it was received or verified: it is never installed, and the leader is told that
 *        it is there. It was made of committed entries, so that a log that holds its last entry holds
 *        them all, and they are committed.
 * RCV-5: a node that receives does not campaign: its log lacks committed entries, so that it could not
 *        win. For the same reason no leader ever installs.
 */
import type { Image } from './image.ts';
import { invariant } from './invariant.ts';
import { imageOfMeta } from './message-image.ts';
import type { Core } from './core.ts';
import type { MemberId, Message, SnapshotMeta } from './types.ts';

type ChunkMessage = Extract<Message, { type: 'snapshot_chunk' }>;

interface Receiving {
  readonly meta: SnapshotMeta;
  /** The next byte wanted. */
  nextOffset: number;
  /** The write that makes the last byte durable, once that has come. */
  lastWriteId: number | undefined;
  isVerifying: boolean;
}

export class SnapshotReceiver {
  readonly #core: Core;
  #receiving: Receiving | undefined;

  constructor(core: Core) {
    this.#core = core;
  }

  /** RCV-5. */
  get keepsFromCampaigning(): boolean {
    return this.#receiving !== undefined && !this.#isSuperfluous(this.#receiving.meta);
  }

  onChunk(from: MemberId, message: ChunkMessage): void {
    const { meta, probe } = message;
    invariant(
      meta.byteLength > 0,
      `${from} sends the snapshot of ${String(meta.index)}, which has no bytes`,
    );
    if (this.#isSuperfluous(meta)) {
      this.#skip(from, meta, probe);
      return;
    }
    if (this.#receiving?.meta.hash !== meta.hash) {
      if (this.#receiving?.isVerifying === true) return; // RCV-3; the leader offers it again.
      this.#receiving = begin(meta); // RCV-1
    }
    this.#take(this.#receiving, message);
    this.#answer(from, meta, this.#receiving.nextOffset, false, probe);
  }

  /** The snapshot to verify now, once. */
  takeVerify(): SnapshotMeta | undefined {
    const receiving = this.#receiving;
    if (receiving?.lastWriteId === undefined || receiving.isVerifying) return undefined;
    if (!this.#core.outbox.isDurable(receiving.lastWriteId)) return undefined;
    if (this.#isSuperfluous(receiving.meta)) return undefined;
    receiving.isVerifying = true;
    return receiving.meta;
  }

  /** RCV-2. */
  onVerified(meta: SnapshotMeta, isGood: boolean): void {
    const core = this.#core;
    const receiving = this.#receiving;
    invariant(
      receiving?.isVerifying === true && receiving.meta.hash === meta.hash,
      `RCV-3: nobody asked whether the snapshot ${meta.hash} of ${String(meta.index)} is good, or it was said before`,
    );
    this.#receiving = undefined;
    if (this.#isSuperfluous(receiving.meta)) {
      if (core.leader !== null && core.leadership === undefined)
        this.#skip(core.leader, receiving.meta, noProof);
      return;
    }
    invariant(core.leadership === undefined, 'RCV-5: the leader lacks what a snapshot holds');
    if (!isGood) {
      this.#receiving = begin(receiving.meta);
      this.#answerLeader(receiving.meta, 0, false);
      return;
    }
    // The requests of a campaign speak of a log that goes now.
    if (core.role === 'candidate' || core.role === 'pre_candidate')
      core.becomeFollower(core.term, null);
    core.install(receiving.meta);
    this.#answerLeader(receiving.meta, receiving.meta.byteLength, true);
  }

  /** A leader has all that any snapshot holds; only an outcome may still be awaited. */
  onLead(): void {
    if (this.#receiving?.isVerifying !== true) this.#receiving = undefined;
  }

  image(): Image {
    const receiving = this.#receiving;
    if (receiving === undefined) return null;
    const { meta, nextOffset, lastWriteId, isVerifying } = receiving;
    const write = lastWriteId === undefined ? null : this.#core.outbox.sincePersisted(lastWriteId);
    return [imageOfMeta(meta), nextOffset, write, isVerifying];
  }

  /** RCV-4. */
  #isSuperfluous(meta: SnapshotMeta): boolean {
    const { commit, log } = this.#core;
    return meta.index <= commit || log.termAt(meta.index) === meta.term;
  }

  /** RCV-4. Promised only once what the snapshot holds is durable here (an install may be under way). */
  #skip(to: MemberId, meta: SnapshotMeta, probe: number): void {
    this.#core.advanceCommit(meta.index);
    this.#answer(to, meta, meta.byteLength, true, probe);
  }

  #take(receiving: Receiving, { offset, byteLength, data }: ChunkMessage): void {
    const { meta, nextOffset } = receiving;
    // An empty one, or one that came before, only asks how far this is.
    if (offset !== nextOffset || data.byteLength === 0) return;
    if (data.byteLength !== byteLength || offset + byteLength > meta.byteLength) return;
    const { outbox } = this.#core;
    outbox.writeChunk({ meta, offset, data });
    receiving.nextOffset += byteLength;
    if (receiving.nextOffset === meta.byteLength) receiving.lastWriteId = outbox.lastNeededWrite;
  }

  #answerLeader(meta: SnapshotMeta, nextOffset: number, installed: boolean): void {
    const { leader } = this.#core;
    if (leader !== null) this.#answer(leader, meta, nextOffset, installed, noProof);
  }

  #answer(
    to: MemberId,
    { hash }: SnapshotMeta,
    nextOffset: number,
    installed: boolean,
    probe: number,
  ): void {
    const { outbox, term } = this.#core;
    outbox.sendWhenDurable(
      { to, message: { type: 'snapshot_answer', term, hash, nextOffset, installed, probe } },
      term,
    );
  }
}

/** An answer to no message in particular proves no leadership. */
const noProof = 0;

const begin = (meta: SnapshotMeta): Receiving => ({
  meta,
  nextOffset: 0,
  lastWriteId: undefined,
  isVerifying: false,
});
