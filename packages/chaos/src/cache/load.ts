/** What one client asks of the cache: mostly reads, and now and then a change of one of the kinds that there are. */
import type { HeldReference } from '@holdfast/client';
import type { HeldCall } from './judge.ts';

/** Of a thousand calls so many change something. */
const changesOfThousand = 6;
/** Reads that are answered by the memory of the process; the rest ask the node. */
const ownReads = 0.9;
/** Cluster time may be ahead by a grain, and both clocks are told in parts of a ms. */
const earlyMs = 5;

export interface AskedCall {
  readonly call: HeldCall;
  readonly askedMs: number;
  /** Of a read: whether the memory of the process may answer it. */
  readonly isOwnRead: boolean;
  readonly ttlMs?: number;
  readonly ifHeld?: HeldReference;
}

export class CacheLoad {
  readonly #writer: string;
  readonly #random: () => number;
  readonly #nowMs: () => number;
  readonly #versions = new Map<string, number>();
  #values = 0;
  /** The latest hold of this client, which may be over. */
  held: HeldReference | undefined;

  /** @param writer No other process has this name. */
  constructor(writer: string, random: () => number, nowMs: () => number) {
    this.#writer = writer;
    this.#random = random;
    this.#nowMs = nowMs;
  }

  /** What the key was found to have: a later write may demand it. */
  found(key: string, version: number): void {
    this.#versions.set(key, version);
  }

  next(key: string): AskedCall {
    const askedMs = this.#nowMs();
    const isOwnRead = this.#random() < ownReads;
    if (this.#random() * 1000 >= changesOfThousand)
      return { call: { type: 'read', key }, askedMs, isOwnRead };
    const ifVersion = this.#random() < 0.3 ? { ifVersion: this.#versions.get(key) ?? 0 } : {};
    const isHeld = this.held !== undefined && this.#random() < 0.3;
    const held = isHeld && this.held !== undefined ? { ifHeld: this.held } : {};
    const token = held.ifHeld === undefined ? {} : { fenceToken: held.ifHeld.fenceToken };
    const conditions = { ...ifVersion, ...token };
    if (this.#random() < 0.2)
      return { call: { type: 'delete', key, ...conditions }, askedMs, isOwnRead, ...held };
    const value = `${this.#writer}-${String(++this.#values)}`;
    const write = { type: 'write', key, value, ...conditions } as const;
    if (this.#random() >= 0.3) return { call: write, askedMs, isOwnRead, ...held };
    const ttlMs = Math.round(20 + this.#random() * 1000);
    const call = { ...write, endsMs: askedMs + ttlMs - earlyMs };
    return { call, askedMs, isOwnRead, ttlMs, ...held };
  }
}
