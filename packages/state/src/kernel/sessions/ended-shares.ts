/**
 * What the sessions of each caller that have ended take of their memory (ended-sessions.ts).
 *
 * SHARE-1: a caller whose ended sessions take its share (`maxRememberedSessionsPerCaller`,
 *     `maxRememberedBytesPerCaller`) makes no more sessions until the time of some has passed. Others go on: nobody
 *     fills the memory of all.
 * SHARE-2: what such a refusal refuses for good (MEM-4) is of this caller alone, and is kept for as long as copies of
 *     what was refused may come.
 * SHARE-3: a cancelling that finds the share full is refused, and nothing is remembered of it: who cancels goes on.
 *     The acquire may be another caller's, of whom a refusal would not hold.
 */
import { hashOfText } from '../collections/hash.ts';
import { OrderedMap } from '../collections/ordered-map.ts';
import type { StateLimits } from '../limits.ts';
import type { ClusterTimeMs } from '../names.ts';
import type { Stamp } from '../commands.ts';

export type ShareLimits = Pick<
  StateLimits,
  'maxRememberedSessionsPerCaller' | 'maxRememberedBytesPerCaller'
>;

interface Share {
  count: number;
  bytes: number;
}

/** All that a caller made until `throughMs` and that is not known is refused; copies of it may come until `untilMs`. */
export interface RefusedOfCaller {
  readonly caller: string;
  readonly throughMs: ClusterTimeMs;
  readonly untilMs: ClusterTimeMs;
}

export class EndedShares {
  readonly #shares = new OrderedMap<string, Share>(hashOfText);
  readonly #refused = new OrderedMap<string, RefusedOfCaller>(hashOfText);

  add(caller: string | undefined, bytes: number): void {
    if (caller === undefined) return;
    const share = this.#shares.get(caller);
    if (share === undefined) this.#shares.set(caller, { count: 1, bytes });
    else {
      share.count += 1;
      share.bytes += bytes;
    }
  }

  remove(caller: string | undefined, bytes: number): void {
    const share = caller === undefined ? undefined : this.#shares.get(caller);
    if (caller === undefined || share === undefined) return;
    share.count -= 1;
    share.bytes -= bytes;
    if (share.count === 0) this.#shares.delete(caller);
  }

  of(caller: string): Readonly<Share> | undefined {
    return this.#shares.get(caller);
  }

  /** SHARE-1. */
  isFull(caller: string | undefined, limits: ShareLimits): boolean {
    const share = caller === undefined ? undefined : this.#shares.get(caller);
    if (share === undefined) return false;
    const { maxRememberedSessionsPerCaller, maxRememberedBytesPerCaller } = limits;
    return (
      share.count >= maxRememberedSessionsPerCaller || share.bytes >= maxRememberedBytesPerCaller
    );
  }

  /** SHARE-2. */
  refuse(caller: string, { madeAtMs, liveMs }: Stamp): void {
    const before = this.#refused.get(caller);
    this.restore({
      caller,
      throughMs: Math.max(madeAtMs, before?.throughMs ?? 0),
      untilMs: Math.max(madeAtMs + liveMs, before?.untilMs ?? 0),
    });
  }

  restore(refused: RefusedOfCaller): void {
    this.#refused.set(refused.caller, refused);
  }

  isRefused(caller: string | undefined, { madeAtMs }: Stamp): boolean {
    const refused = caller === undefined ? undefined : this.#refused.get(caller);
    return refused !== undefined && madeAtMs <= refused.throughMs;
  }

  /** SHARE-2: of what no copy can come any more. */
  forget(timeMs: ClusterTimeMs): void {
    for (const { caller, untilMs } of this.#refused.values())
      if (untilMs < timeMs) this.#refused.delete(caller);
  }

  /** In order, for a snapshot. */
  get refused(): Iterable<RefusedOfCaller> {
    return this.#refused.values();
  }
}
