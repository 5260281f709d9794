/**
 * Which segments there are, and which hold something that is still needed.
 *
 * SEG-4: only whole segments in front go, in order, and never the one that holds the newest frame: term and
 *        vote stand there. So what is left is always the end of the log, without gaps.
 */
import type { LogIndex } from '@holdfast/raft';
import type { LogChange } from './frame.ts';

export interface Segment {
  readonly segment: number;
  byteLength: number;
  /** The last entry it holds that was neither truncated nor replaced; 0: none. */
  lastLiveIndex: LogIndex;
}

export class LiveSegments {
  readonly #segments: Segment[] = [];

  get all(): readonly Segment[] {
    return this.#segments;
  }

  /** The segment of the newest frame. */
  begin(segment: number, byteLength: number): void {
    this.#segments.push({ segment, byteLength, lastLiveIndex: 0 });
  }

  /** A frame was written to the newest segment. */
  wrote({ installed, truncateFrom, entries }: LogChange, endOfFrame: number): void {
    if (installed?.replacesLog === true) this.#cutTo(installed.index);
    if (truncateFrom !== undefined) this.#cutTo(truncateFrom - 1);
    const newest = this.#segments.at(-1);
    if (newest === undefined) return;
    newest.byteLength = Math.max(newest.byteLength, endOfFrame);
    newest.lastLiveIndex = entries.at(-1)?.index ?? newest.lastLiveIndex;
  }

  #cutTo(index: LogIndex): void {
    for (const segment of this.#segments)
      segment.lastLiveIndex = Math.min(segment.lastLiveIndex, index);
  }

  /** The first segment, where nothing in it is needed any more (SEG-4). */
  freeable(keepFrom: LogIndex): Segment | undefined {
    const [first, second] = this.#segments;
    return first !== undefined && second !== undefined && first.lastLiveIndex < keepFrom
      ? first
      : undefined;
  }

  freed(): void {
    this.#segments.shift();
  }
}
