/** The network between machines: messages that may be late, lost, doubled, out of order, or cut off. */
import type { Machine } from './machine.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

export interface NetworkConditions {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  readonly lossProbability: number;
  readonly doubleProbability: number;
  /** A message may overtake an earlier one. */
  readonly reorders: boolean;
}

export const calm: NetworkConditions = {
  minDelayMs: 0.2,
  maxDelayMs: 2,
  lossProbability: 0,
  doubleProbability: 0,
  reorders: false,
};

export class Network {
  readonly #timeline: Timeline;
  readonly #random: Random;
  /** Directed pairs that nothing passes. */
  readonly #cuts = new Set<string>();
  readonly #lastArrival = new Map<string, number>();
  /** By directed pair: what everything takes longer on its way, in ms. */
  readonly #slow = new Map<string, number>();
  conditions: NetworkConditions = calm;

  constructor(timeline: Timeline, random: Random) {
    this.#timeline = timeline;
    this.#random = random;
  }

  cut(from: string, to: string): void {
    this.#cuts.add(`${from}>${to}`);
  }

  heal(from: string, to: string): void {
    this.#cuts.delete(`${from}>${to}`);
  }

  /** Everything from one to the other takes so much longer, until it is quickened. */
  slow(from: string, to: string, byMs: number): void {
    this.#slow.set(`${from}>${to}`, byMs);
  }

  quicken(from: string, to: string): void {
    this.#slow.delete(`${from}>${to}`);
  }

  healAll(): void {
    this.#cuts.clear();
    this.#slow.clear();
  }

  isCut(from: string, to: string): boolean {
    return this.#cuts.has(`${from}>${to}`);
  }

  /** How long something takes that is sent now, on a line that is not slow or on this one. */
  delayMs(from?: string, to?: string): number {
    const { minDelayMs, maxDelayMs } = this.conditions;
    const lineMs = from === undefined || to === undefined ? 0 : this.#slow.get(`${from}>${to}`);
    // Most are quick, a few take long.
    return minDelayMs + (maxDelayMs - minDelayMs) * this.#random.next() ** 3 + (lineMs ?? 0);
  }

  /** Sends to the process that runs there now; a later one never gets it. Returns false where it is lost. */
  send(from: Machine, to: Machine, arrive: () => void): boolean {
    const { lossProbability, doubleProbability } = this.conditions;
    if (!to.isOn || this.isCut(from.name, to.name) || this.#random.withProbability(lossProbability))
      return false;
    this.#deliver(from, to, arrive);
    if (this.#random.withProbability(doubleProbability)) this.#deliver(from, to, arrive);
    return true;
  }

  #deliver(from: Machine, to: Machine, arrive: () => void): void {
    const pair = `${from.name}>${to.name}`;
    let atMs = this.#timeline.nowMs + this.delayMs(from.name, to.name);
    if (!this.conditions.reorders) {
      atMs = Math.max(atMs, this.#lastArrival.get(pair) ?? 0);
      this.#lastArrival.set(pair, atMs);
    }
    to.post(atMs - this.#timeline.nowMs, () => {
      // What is under way when the line is cut does not arrive.
      if (!this.isCut(from.name, to.name)) arrive();
    });
  }
}
