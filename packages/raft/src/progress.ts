/**
 * What the leader knows of one peer, and how much it may send it.
 *
 * `probe`: one append at a time until the peer's log is found; `replicate`: a pipeline within a
 * window of bytes and messages; `snapshot`: the chunks of a snapshot (see snapshot-sender.ts).
 */
import type { Image } from './image.ts';
import { imageOfMeta } from './message-image.ts';
import type { LogIndex, MemberId, SnapshotMeta } from './types.ts';

export interface ProgressLimits {
  readonly maxInflightBytes: number;
  readonly maxInflightMessages: number;
}

/** One snapshot on its way to one follower. */
export interface SnapshotTransfer {
  readonly meta: SnapshotMeta;
  /** All bytes before this one are durable at the follower. */
  ackedOffset: number;
  /** The next byte to send. */
  sentOffset: number;
  /** What the newest answer named, which is below `ackedOffset` where the follower has lost what it had. */
  toldOffset: number;
  /** One chunk at a time, until the follower tells where it stands. */
  isProbing: boolean;
  /** Since it last made progress; below 0 while it pauses after bytes that did not verify. */
  waitHeartbeats: number;
  idleTicks: number;
  /** How often all its bytes were there and were not what the hash names. */
  failures: number;
}

export class Progress {
  readonly id: MemberId;
  matchIndex: LogIndex = 0;
  nextIndex: LogIndex;
  state: 'probe' | 'replicate' | 'snapshot' = 'probe';
  /** In `probe`: an append is out and not answered. */
  paused = false;
  silentTicks = 0;
  /** Newest leadership proof this peer has confirmed. */
  probe = 0;
  transfer: SnapshotTransfer | undefined;
  /** It has a snapshot of this leader and goes on by append: the log that it needs for this is kept (SND-3). */
  catchingUp: { idleTicks: number } | undefined;
  #inflight: { readonly lastIndex: LogIndex; readonly bytes: number }[] = [];
  #inflightBytes = 0;

  constructor(id: MemberId, nextIndex: LogIndex) {
    this.id = id;
    this.nextIndex = nextIndex;
  }

  mayPipeline(limits: ProgressLimits): boolean {
    return (
      this.#inflight.length < limits.maxInflightMessages &&
      this.#inflightBytes < limits.maxInflightBytes
    );
  }

  sent(lastIndex: LogIndex, bytes: number): void {
    this.#inflight.push({ lastIndex, bytes });
    this.#inflightBytes += bytes;
    this.nextIndex = lastIndex + 1;
  }

  /** Returns whether the match moved. */
  accepted(matchIndex: LogIndex): boolean {
    let freed = 0;
    while (
      this.#inflight[freed] !== undefined &&
      (this.#inflight[freed]?.lastIndex ?? 0) <= matchIndex
    ) {
      this.#inflightBytes -= this.#inflight[freed]?.bytes ?? 0;
      freed += 1;
    }
    if (freed > 0) this.#inflight.splice(0, freed);
    const moved = matchIndex > this.matchIndex;
    if (moved) {
      this.matchIndex = matchIndex;
      if (this.catchingUp !== undefined) this.catchingUp.idleTicks = 0;
    }
    this.nextIndex = Math.max(this.nextIndex, this.matchIndex + 1);
    return moved;
  }

  image(): Image {
    const { transfer } = this;
    return {
      id: this.id,
      matchIndex: this.matchIndex,
      nextIndex: this.nextIndex,
      state: this.state,
      paused: this.paused,
      silentTicks: this.silentTicks,
      probe: this.probe,
      transfer: transfer === undefined ? null : { ...transfer, meta: imageOfMeta(transfer.meta) },
      catchingUp: this.catchingUp?.idleTicks ?? null,
      inflight: this.#inflight.map(({ lastIndex, bytes }) => [lastIndex, bytes]),
    };
  }

  probeFrom(nextIndex: LogIndex): void {
    this.state = 'probe';
    this.paused = false;
    this.transfer = undefined;
    this.nextIndex = Math.max(nextIndex, this.matchIndex + 1);
    this.#inflight = [];
    this.#inflightBytes = 0;
  }

  replicate(): void {
    this.state = 'replicate';
    this.paused = false;
    this.transfer = undefined;
  }

  startSnapshot(meta: SnapshotMeta): void {
    this.probeFrom(this.nextIndex);
    this.state = 'snapshot';
    this.catchingUp = undefined;
    this.transfer = {
      meta,
      ackedOffset: 0,
      sentOffset: 0,
      toldOffset: 0,
      isProbing: true,
      waitHeartbeats: 0,
      idleTicks: 0,
      failures: 0,
    };
  }

  /** The snapshot is there, or is not needed after all: what follows is appended. */
  finishSnapshot(): void {
    this.probeFrom(this.matchIndex + 1);
    this.catchingUp = { idleTicks: 0 };
  }
}
