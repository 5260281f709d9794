/**
 * The leader's side of a snapshot transfer, and what the log keeps for its sake.
 *
 * SND-1: a transfer is of one snapshot from its first byte to its last, whatever newer ones are stored
 *        meanwhile. It ends when the follower has installed it, or is cancelled: then it begins anew with
 *        the newest.
 * SND-2: it is cancelled when the follower made no progress for `maxTransferIdleTicks` or lost what it
 *        had, or when more than `maxKeptBytes` of entries would be kept for its sake. So a dead or slow
 *        follower costs a bounded log.
 * SND-3: the log is kept from the end of each transfer's snapshot on, and afterwards from the end of that
 *        follower's log on, until it has caught up with what the log keeps anyway. Else it would need the
 *        next snapshot as soon as it has this one, for ever under load.
 * SND-4: sent and not acknowledged are at most `maxSnapshotInflightBytes`, but one chunk in any case; only
 *        one chunk until the follower has told where it stands (it may have a part from another leader).
 * SND-5: bytes that did not verify at the follower are suspect: the host is asked to look at its own copy,
 *        which may be damaged on the disk, and each further attempt waits longer.
 */
import { invariant } from './invariant.ts';
import type { Progress, SnapshotTransfer } from './progress.ts';
import type { Core } from './core.ts';
import type { LogIndex, Message } from './types.ts';

type SnapshotAnswer = Extract<Message, { type: 'snapshot_answer' }>;

/** Without progress for so many heartbeats, it goes on from what is acknowledged. */
const patienceHeartbeats = 5;
const mostPauseHeartbeats = 256;

export class SnapshotSender {
  readonly #core: Core;
  readonly #round: () => number;

  /** `round`: the newest round of proofs of leadership. */
  constructor(core: Core, round: () => number) {
    this.#core = core;
    this.#round = round;
  }

  start(peer: Progress): void {
    const { snapshot } = this.#core;
    invariant(
      snapshot.index > 0 && snapshot.byteLength > 0,
      'the log is compacted and there is no snapshot',
    );
    peer.startSnapshot(snapshot);
    this.#sendChunks(peer);
  }

  /** Returns whether the transfer has reached its end: the follower has what the snapshot holds, durable. */
  onAnswer(peer: Progress, answer: SnapshotAnswer): boolean {
    const { transfer } = peer;
    if (transfer === undefined || transfer.meta.hash !== answer.hash) return false;
    if (answer.installed) return true;
    const { byteLength } = transfer.meta;
    invariant(
      answer.nextOffset <= byteLength,
      `${peer.id} has ${String(answer.nextOffset)} bytes of a snapshot of ${String(byteLength)}`,
    );
    transfer.isProbing = false;
    transfer.toldOffset = answer.nextOffset;
    if (answer.nextOffset > transfer.ackedOffset) {
      transfer.ackedOffset = answer.nextOffset;
      transfer.sentOffset = Math.max(transfer.sentOffset, answer.nextOffset);
      transfer.waitHeartbeats = 0;
      transfer.idleTicks = 0;
    } else if (answer.nextOffset === byteLength) {
      transfer.idleTicks = 0; // It is being verified, which may take its time.
    } else if (transfer.ackedOffset === byteLength) {
      this.#onFailure(peer, transfer);
      return false;
    }
    this.#sendChunks(peer);
    return false;
  }

  /** It did not verify (SND-5). */
  #onFailure(peer: Progress, transfer: SnapshotTransfer): void {
    if (transfer.waitHeartbeats < 0) return; // Said before.
    transfer.failures += 1;
    this.#core.outputs.suspect(transfer.meta);
    if (transfer.failures === 1) this.#goBack(peer, transfer);
    else transfer.waitHeartbeats = -Math.min(2 ** transfer.failures, mostPauseHeartbeats);
  }

  /** What is under way to this peer is lost. */
  onUnreachable({ transfer }: Progress): void {
    if (transfer === undefined) return;
    transfer.sentOffset = transfer.ackedOffset;
    transfer.isProbing = true;
  }

  tick(peer: Progress): void {
    const { transfer, catchingUp } = peer;
    if (transfer !== undefined) transfer.idleTicks += 1;
    if (catchingUp !== undefined) catchingUp.idleTicks += 1;
    if (this.#isIdle(peer)) this.#cancel(peer);
  }

  heartbeat(peer: Progress): void {
    const { transfer } = peer;
    if (transfer === undefined || ++transfer.waitHeartbeats < patienceHeartbeats) return;
    this.#goBack(peer, transfer);
  }

  /**
   * SND-3: the first index that has to stay where the log before `keepFrom` is no longer needed
   * otherwise. Cancels what would cost too much (SND-2).
   */
  keepFrom(keepFrom: LogIndex, peers: Iterable<Progress>): LogIndex {
    const { log, config } = this.#core;
    let kept = keepFrom;
    for (const peer of peers) {
      const needed = neededFrom(peer);
      if (needed === undefined) continue;
      if (needed >= keepFrom) {
        if (peer.state === 'replicate') peer.catchingUp = undefined;
        continue;
      }
      const keptBytes = log.bytesBetween(needed, keepFrom - 1);
      if (keptBytes > config.maxKeptBytes || this.#isIdle(peer)) this.#cancel(peer);
      else kept = Math.min(kept, needed);
    }
    return kept;
  }

  #isIdle({ transfer, catchingUp }: Progress): boolean {
    const idleTicks = transfer?.idleTicks ?? catchingUp?.idleTicks ?? 0;
    return idleTicks > this.#core.config.maxTransferIdleTicks;
  }

  #cancel(peer: Progress): void {
    peer.catchingUp = undefined;
    // There is nothing to cancel while this one is still the newest.
    if (peer.transfer === undefined || peer.transfer.meta.hash === this.#core.snapshot.hash) return;
    this.start(peer);
  }

  #goBack(peer: Progress, transfer: SnapshotTransfer): void {
    transfer.waitHeartbeats = 0;
    if (transfer.toldOffset < transfer.ackedOffset) {
      transfer.ackedOffset = transfer.toldOffset;
      // It has nothing of this one: the newest is as far away, and more use (SND-2).
      if (transfer.toldOffset === 0 && transfer.meta.hash !== this.#core.snapshot.hash) {
        this.start(peer);
        return;
      }
    }
    transfer.sentOffset = transfer.ackedOffset;
    transfer.isProbing = true;
    if (transfer.ackedOffset < transfer.meta.byteLength) this.#sendChunks(peer);
    else this.#sendChunk(peer, transfer, 0); // Has it been installed?
  }

  /** SND-4. */
  #sendChunks(peer: Progress): void {
    const { transfer } = peer;
    if (transfer === undefined) return;
    const { snapshotChunkBytes, maxSnapshotInflightBytes } = this.#core.config;
    while (transfer.sentOffset < transfer.meta.byteLength) {
      const left = transfer.meta.byteLength - transfer.sentOffset;
      const byteLength = Math.min(snapshotChunkBytes, left);
      const inflightBytes = transfer.sentOffset - transfer.ackedOffset;
      const isFull = transfer.isProbing || inflightBytes + byteLength > maxSnapshotInflightBytes;
      if (inflightBytes > 0 && isFull) return;
      this.#sendChunk(peer, transfer, byteLength);
    }
  }

  #sendChunk(peer: Progress, transfer: SnapshotTransfer, byteLength: number): void {
    const { term, outbox } = this.#core;
    const { meta, sentOffset: offset } = transfer;
    transfer.sentOffset += byteLength;
    outbox.send({
      to: peer.id,
      message: {
        type: 'snapshot_chunk',
        term,
        meta,
        offset,
        byteLength,
        data: new Uint8Array(),
        probe: this.#round(),
      },
    });
  }
}

/** The first entry that this peer will need, where the log must not be compacted under it. */
function neededFrom({ transfer, catchingUp, matchIndex }: Progress): LogIndex | undefined {
  if (transfer !== undefined) return transfer.meta.index + 1;
  return catchingUp === undefined ? undefined : matchIndex + 1;
}
