/**
 * What members ask each other for: payloads that one has not, or whose bytes are not those that its state names.
 *
 * PASK-1: what another member gives counts only with the length and the hash that the own state names.
 * PASK-2: what is asked for has a deadline, and comes in answers that fit a frame: of what does not fit the rest is
 *     asked for again.
 */
import type { MemberId } from '@holdfast/raft';
import { payloadHash } from '@holdfast/state';
import type { StoredPayload } from '@holdfast/state';
import { unwrapAnswer } from '../calls.ts';
import type { Clock } from '../clock.ts';
import type { Transport } from '../transport/types.ts';
import { toWire } from './wire-payloads.ts';

const timeoutMs = 5000;
/** All are asked so often, one after the other, for what none of them gave. */
const rounds = 3;
const pauseMs = 200;

export interface PayloadAsksParts {
  readonly clock: Pick<Clock, 'after'>;
  readonly transport: () => Pick<Transport, 'call' | 'isConnected'>;
  /** Other members, the leader first. */
  readonly others: () => readonly MemberId[];
}

export class PayloadAsks {
  readonly #parts: PayloadAsksParts;

  constructor(parts: PayloadAsksParts) {
    this.#parts = parts;
  }

  /** Whether all of these came: each is told as it comes. */
  async fetch(
    wanted: readonly StoredPayload[],
    onText: (id: number, text: string) => void,
  ): Promise<boolean> {
    let missing = wanted;
    for (let round = 0; round < rounds && missing.length > 0; round++) {
      if (round > 0)
        await new Promise<void>((resolve) => void this.#parts.clock.after(pauseMs, resolve));
      for (const member of this.#parts.others()) {
        for (;;) {
          const rest = await this.#ask(member, missing, onText);
          const isMore = rest.length > 0 && rest.length < missing.length;
          missing = rest;
          if (!isMore) break;
        }
        if (missing.length === 0) break;
      }
    }
    return missing.length === 0;
  }

  /** Returns those that did not come. */
  async #ask(
    member: MemberId,
    wanted: readonly StoredPayload[],
    onText: (id: number, text: string) => void,
  ): Promise<readonly StoredPayload[]> {
    const transport = this.#parts.transport();
    if (!transport.isConnected(member)) return wanted;
    let texts: unknown;
    try {
      const call = { type: 'payloads', wanted: wanted.map(toWire), timeoutMs };
      texts = unwrapAnswer(await transport.call(member, call, undefined, timeoutMs));
    } catch {
      return wanted; // Another one may have them.
    }
    const given: readonly unknown[] = Array.isArray(texts) ? texts : [];
    return wanted.filter((stored, position) => {
      const text = given[position];
      if (typeof text !== 'string' || !isOf(stored, text)) return true; // PASK-1
      onText(stored.id, text);
      return false;
    });
  }
}

/** PASK-1. */
const isOf = ({ byteLength, hash }: StoredPayload, text: string): boolean =>
  Buffer.byteLength(text) === byteLength && payloadHash(text) === hash;
