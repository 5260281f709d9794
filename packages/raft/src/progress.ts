/**
 * What the leader knows of one peer, and how much it may send it.
 *
 * `probe`: one append at a time until the peer's log is found; `replicate`: a pipeline within a
 * window of bytes and messages; `snapshot`: one chunk at a time.
 */
import type { LogIndex, MemberId, SnapshotMeta } from './types.ts';

export interface ProgressLimits {
  readonly maxInflightBytes: number;
  readonly maxInflightMessages: number;
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
  snapshot: { readonly meta: SnapshotMeta; chunk: number; waitTicks: number } | undefined;
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
    if (moved) this.matchIndex = matchIndex;
    this.nextIndex = Math.max(this.nextIndex, this.matchIndex + 1);
    return moved;
  }

  probeFrom(nextIndex: LogIndex): void {
    this.state = 'probe';
    this.paused = false;
    this.snapshot = undefined;
    this.nextIndex = Math.max(nextIndex, this.matchIndex + 1);
    this.#inflight = [];
    this.#inflightBytes = 0;
  }

  replicate(): void {
    this.state = 'replicate';
    this.paused = false;
    this.snapshot = undefined;
  }

  startSnapshot(meta: SnapshotMeta): void {
    this.probeFrom(this.nextIndex);
    this.state = 'snapshot';
    this.snapshot = { meta, chunk: 0, waitTicks: 0 };
  }
}
