/**
 * One message of a queue, from its push to its acknowledgement.
 *
 * SLIM-1: there may be millions of messages that wait, so a record has no more than what tells one from another: what
 *     those of a push have in common is in one object (`PushOrigin`), the key is that of the lane, and what happens to a
 *     message later has an object from the moment when something happens (`Handling`).
 */
import type { MessageState } from './message-state.ts';
import type { Payload } from './payloads.ts';
import type { Lane, Message, PushOrigin, Queue } from './shapes.ts';
import type { FenceToken } from '../../kernel/names.ts';

/** Behind all that sessions and locks have at the same time. */
const messageRank = 9;

/** What has become of a message since it was pushed. */
class Handling {
  state: MessageState = 'waiting';
  deliveries = 0;
  fenceToken = 0 as FenceToken;
  takenBy: string | undefined = undefined;
  reason = '';
  diedAtMs = 0;
  dueMs = 0;
  sequence = 0;
}

/** Of all messages to which nothing has happened. It never changes. */
const unhandled = new Handling();

/** What only this message has when it is pushed. */
interface MessageFacts extends Pick<Message, 'id' | 'payload' | 'savedIn'> {
  /** Its lane; its key where it has none. */
  readonly place: Lane | string;
}

export class MessageRecord implements Message {
  readonly id: number;
  readonly origin: PushOrigin;
  #place: Lane | string;
  // The payload (BESIDE-1): its text, or the hash of one that stands beside the state.
  #content: string | number;
  #payloadBytes: number;
  #handling: Handling = unhandled;
  heapIndex = -1;
  savedIn: number;

  constructor(origin: PushOrigin, { id, place, payload, savedIn }: MessageFacts) {
    this.id = id;
    this.origin = origin;
    this.#place = place;
    this.#content = payload.text ?? payload.hash;
    this.#payloadBytes = payload.byteLength;
    this.savedIn = savedIn;
  }

  get kind(): 'message' {
    return 'message';
  }

  get rank(): number {
    return messageRank;
  }

  get queue(): Queue {
    return this.origin.queue;
  }

  get maxDeliveries(): number {
    return this.origin.maxDeliveries;
  }

  get pushedAtMs(): number {
    return this.origin.pushedAtMs;
  }

  get key(): string {
    return typeof this.#place === 'string' ? this.#place : this.#place.key;
  }

  get lane(): Lane | undefined {
    return typeof this.#place === 'string' ? undefined : this.#place;
  }

  set lane(lane: Lane | undefined) {
    this.#place = lane ?? this.key;
  }

  get payload(): Payload {
    const content = this.#content;
    const byteLength = this.#payloadBytes;
    return typeof content === 'string'
      ? { byteLength, text: content, hash: 0 }
      : { byteLength, text: undefined, hash: content };
  }

  set payload({ byteLength, text, hash }: Payload) {
    this.#content = text ?? hash;
    this.#payloadBytes = byteLength;
  }

  /** What it counts for in the bounds of bytes. */
  get byteLength(): number {
    return messageBytes(this.key, this.#payloadBytes);
  }

  /** Whether something has happened to it (SLIM-1). */
  get isHandled(): boolean {
    return this.#handling !== unhandled;
  }

  get state(): MessageState {
    return this.#handling.state;
  }

  set state(state: MessageState) {
    if (state !== this.state) this.#handled().state = state;
  }

  get deliveries(): number {
    return this.#handling.deliveries;
  }

  set deliveries(deliveries: number) {
    if (deliveries !== this.deliveries) this.#handled().deliveries = deliveries;
  }

  get fenceToken(): FenceToken {
    return this.#handling.fenceToken;
  }

  set fenceToken(fenceToken: FenceToken) {
    if (fenceToken !== this.fenceToken) this.#handled().fenceToken = fenceToken;
  }

  get takenBy(): string | undefined {
    return this.#handling.takenBy;
  }

  set takenBy(takenBy: string | undefined) {
    if (takenBy !== this.takenBy) this.#handled().takenBy = takenBy;
  }

  get reason(): string {
    return this.#handling.reason;
  }

  set reason(reason: string) {
    if (reason !== this.reason) this.#handled().reason = reason;
  }

  get diedAtMs(): number {
    return this.#handling.diedAtMs;
  }

  set diedAtMs(diedAtMs: number) {
    if (diedAtMs !== this.diedAtMs) this.#handled().diedAtMs = diedAtMs;
  }

  get dueMs(): number {
    return this.#handling.dueMs;
  }

  set dueMs(dueMs: number) {
    if (dueMs !== this.dueMs) this.#handled().dueMs = dueMs;
  }

  get sequence(): number {
    return this.#handling.sequence;
  }

  set sequence(sequence: number) {
    if (sequence !== this.sequence) this.#handled().sequence = sequence;
  }

  /** SLIM-1: to be written to, where something differs from what every message has in the beginning. */
  #handled(): Handling {
    if (this.#handling === unhandled) this.#handling = new Handling();
    return this.#handling;
  }
}

/** What a message takes beside its texts. */
const recordBytes = 256;

export const messageBytes = (key: string, payloadBytes: number): number =>
  recordBytes + key.length + payloadBytes;
