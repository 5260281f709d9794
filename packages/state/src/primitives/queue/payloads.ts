/**
 * The payloads of messages: the one place that knows how they are kept. Small ones are JSON text in memory, and part
 * of the state and of its snapshots. Larger ones stand beside the state, where whoever drives it keeps them.
 *
 * BESIDE-1: of a payload that stands beside it the state keeps the length and a hash of the text. Its address is the
 *     id of its message, which no other message ever has (PUSH-2). So states of one log are equal on all nodes,
 *     wherever each has the bytes.
 * BESIDE-2: the entry that pushes a message hands out its text to be kept, and the entry that ends the message says
 *     so. In between each snapshot of the state names it.
 * BESIDE-3: a payload that no member has any more is lost by an entry (lost-payloads.ts). From then on the state names
 *     it no more, and its message has none.
 */
import { payloadsBesideLevel } from '../../kernel/levels.ts';
import { utf8Length } from '../../kernel/utf8-length.ts';
import type { JsonValue } from '../../kernel/names.ts';

/** Payloads of at most so many bytes are kept in the state. Part of the format: equal on all nodes. */
export const largestWithin = 256;

export interface Payload {
  /** As JSON in UTF-8: what it counts for. */
  readonly byteLength: number;
  /** JSON. Undefined: it stands beside the state. Empty, which no JSON is: it is lost (BESIDE-3). */
  readonly text: string | undefined;
  /** Of the text, where that stands beside the state; 0 otherwise. */
  readonly hash: number;
}

/** BESIDE-3. */
export const lostPayload: Payload = { byteLength: 0, text: '', hash: 0 };
export const isLost = ({ text }: Payload): boolean => text === '';

/** A payload that stands beside the state. */
export interface StoredPayload {
  /** Of its message. */
  readonly id: number;
  readonly byteLength: number;
  readonly hash: number;
}

/** What entries do to the payloads beside the state (BESIDE-2). */
export interface PayloadChanges {
  readonly kept: readonly KeptPayload[];
  /** Ids of messages that have ended; of those that `kept` names as well. */
  readonly ended: readonly number[];
  /** Of `ended`, those that are lost (BESIDE-3). */
  readonly lost: readonly number[];
}

export interface KeptPayload {
  readonly id: number;
  readonly byteLength: number;
  /** JSON. */
  readonly text: string;
}

/** As they gather while an entry is applied. */
export class PayloadLog implements PayloadChanges {
  readonly kept: KeptPayload[] = [];
  readonly ended: number[] = [];
  readonly lost: number[] = [];
}

/** A payload that is pushed, with its text. */
export interface PushedPayload {
  readonly payload: Payload;
  readonly json: string;
}

export function payloadOf(value: JsonValue, featureLevel: number): PushedPayload {
  const json = JSON.stringify(value);
  const byteLength = utf8Length(json);
  return featureLevel >= payloadsBesideLevel && byteLength > largestWithin
    ? { json, payload: { byteLength, text: undefined, hash: payloadHash(json) } }
    : { json, payload: { byteLength, text: json, hash: 0 } };
}

/** Of what stands beside the state: a number of 32 bits over the UTF-16 code units, the same on every node. */
export function payloadHash(text: string): number {
  let hash = 0x811c_9dc5 ^ text.length;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x5bd1_e995);
    hash ^= hash >>> 15;
  }
  return hash | 0;
}

/** Undefined: its text is in the state. */
export const storedPayload = (
  id: number,
  { text, byteLength, hash }: Payload,
): StoredPayload | undefined => (text === undefined ? { id, byteLength, hash } : undefined);
