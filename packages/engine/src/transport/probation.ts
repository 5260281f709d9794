/**
 * The time after a start in which a node sends nothing that could count.
 *
 * PROB-1: a process takes part only after each of its peers has let it in or could not be had, or
 *     `probationMs` are over. A peer that is connected to another process of the same member says so
 *     meanwhile (RUN-3), and this process stops without having voted.
 * PROB-2: from then on its peers know that it takes part: those that are connected are told, and a later
 *     hello says so. One that did not know would hold it for one that has not voted (RUN-4).
 */
import type { MemberId } from '@holdfast/raft';
import type { Clock } from '../clock.ts';
import { livenessTimeoutMs } from './live-runs.ts';

/** A peer that has to find out first whether another process lives has answered by then. */
const probationMs: number = livenessTimeoutMs + 1000;

export class Probation {
  readonly #clock: Clock;
  readonly #onEnd: () => void;
  #unheard: Set<MemberId> | undefined;
  #isOver = false;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, onEnd: () => void) {
    this.#clock = clock;
    this.#onEnd = onEnd;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Those that are asked. It begins with the first call. */
  expect(peers: Iterable<MemberId>): void {
    if (this.#isOver) return;
    const expected = new Set(peers);
    if (this.#unheard === undefined) {
      this.#unheard = expected;
      if (expected.size > 0) this.#cancel = this.#clock.after(probationMs, () => this.#end());
    } else for (const peer of this.#unheard) if (!expected.has(peer)) this.#unheard.delete(peer);
    if (this.#unheard.size === 0) this.#end();
  }

  /** It has let this process in, or could not be had. */
  heard(peer: MemberId): void {
    if (this.#isOver || this.#unheard?.delete(peer) !== true) return;
    if (this.#unheard.size === 0) this.#end();
  }

  stop(): void {
    this.#cancel?.();
  }

  #end(): void {
    this.#isOver = true;
    this.#cancel?.();
    this.#onEnd();
  }
}
