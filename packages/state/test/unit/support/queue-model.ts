/** A queue as its documentation tells it, with lists that are searched from end to end: what the real one is held against. */
import type { OnDead, QueueOrder } from '../../../src/index.ts';

export interface ModelMessage {
  /** Place in the order of pushes. */
  readonly number: number;
  readonly key: string;
  readonly maxDeliveries: number;
  readonly pushedMs: number;
  state: 'waiting' | 'in_flight' | 'delayed' | 'dead';
  deliveries: number;
  /** Of all takes, the one that took it last. */
  take: number;
  dueMs: number;
  dueOrder: number;
  /** A dead letter that blocks its key. */
  blocks: boolean;
}

export class QueueModel {
  readonly order: QueueOrder;
  readonly onDead: OnDead;
  messages: ModelMessage[] = [];
  /** When each key was served last, or came to be. */
  readonly turns = new Map<string, number>();
  #pushes = 0;
  #turns = 0;
  timeMs = 0;

  constructor(order: QueueOrder, onDead: OnDead) {
    this.order = order;
    this.onDead = onDead;
  }

  push(key: string, maxDeliveries: number, delayMs: number): number {
    this.#pushes += 1;
    const message: ModelMessage = {
      number: this.#pushes,
      key,
      maxDeliveries,
      pushedMs: this.timeMs,
      state: delayMs > 0 ? 'delayed' : 'waiting',
      deliveries: 0,
      take: 0,
      dueMs: this.timeMs + delayMs,
      dueOrder: this.#next(),
      blocks: false,
    };
    this.messages.push(message);
    if (!this.turns.has(key)) this.turns.set(key, this.#next());
    return message.number;
  }

  pop(visibilityMs: number | undefined): ModelMessage | undefined {
    const keys = new Set(this.messages.map(({ key }) => key));
    const ready = [...keys].filter((key) => this.#firstOf(key) !== undefined);
    ready.sort(
      (a, b) =>
        this.#inFlight(a) - this.#inFlight(b) ||
        (this.turns.get(a) ?? 0) - (this.turns.get(b) ?? 0),
    );
    const [key] = ready;
    const message = key === undefined ? undefined : this.#firstOf(key);
    if (key === undefined || message === undefined) return undefined;
    message.deliveries += 1;
    message.take = this.#next();
    this.turns.set(key, this.#next());
    if (visibilityMs === undefined) this.#remove(message);
    else {
      message.state = 'in_flight';
      message.dueMs = this.timeMs + visibilityMs;
      message.dueOrder = this.#next();
    }
    this.#forgetIdle();
    return message;
  }

  inFlight(take: number): ModelMessage | undefined {
    return this.messages.find((one) => one.take === take && one.state === 'in_flight');
  }

  ack(message: ModelMessage): void {
    this.#remove(message);
    this.#forgetIdle();
  }

  nack(message: ModelMessage, delayMs: number): void {
    if (message.deliveries >= message.maxDeliveries) this.#die(message);
    else if (delayMs > 0) {
      message.state = 'delayed';
      message.dueMs = this.timeMs + delayMs;
      message.dueOrder = this.#next();
    } else message.state = 'waiting';
    this.#forgetIdle();
  }

  extend(message: ModelMessage, visibilityMs: number): void {
    message.dueMs = this.timeMs + visibilityMs;
    message.dueOrder = this.#next();
  }

  advance(byMs: number): void {
    this.timeMs += byMs;
    const due = this.messages
      .filter(
        ({ state, dueMs }) =>
          (state === 'in_flight' || state === 'delayed') && dueMs <= this.timeMs,
      )
      .sort((a, b) => a.dueMs - b.dueMs || a.dueOrder - b.dueOrder);
    for (const message of due) {
      if (message.state === 'in_flight' && message.deliveries >= message.maxDeliveries)
        this.#die(message);
      else message.state = 'waiting';
      this.#forgetIdle();
    }
  }

  redrive(count: number): readonly number[] {
    const dead = this.messages
      .filter(({ state }) => state === 'dead')
      .sort((a, b) => a.number - b.number)
      .slice(0, count);
    for (const message of dead) {
      message.state = 'waiting';
      message.blocks = false;
      message.deliveries = 0;
      if (!this.turns.has(message.key)) this.turns.set(message.key, this.#next());
    }
    return dead.map(({ number }) => number);
  }

  /** Ms since the push of the oldest message of these keys that is no dead letter. */
  oldestAgeMs(isOf: (key: string) => boolean): number | undefined {
    const ages = this.messages
      .filter(({ key, state }) => isOf(key) && state !== 'dead')
      .map(({ pushedMs }) => this.timeMs - pushedMs);
    return ages.length === 0 ? undefined : Math.max(...ages);
  }

  counts(): Readonly<Record<string, number>> {
    const live = this.messages.filter(({ state }) => state !== 'dead');
    const inState = (wanted: string): number =>
      this.messages.filter(({ state }) => state === wanted).length;
    const keys = new Set(live.map(({ key }) => key));
    let ready = 0;
    for (const key of keys)
      if (this.order === 'none')
        ready += live.filter((one) => one.key === key && one.state === 'waiting').length;
      else if (this.#firstOf(key) !== undefined) ready += 1;
    return {
      depth: live.length,
      ready,
      inFlight: inState('in_flight'),
      delayed: inState('delayed'),
      blocked: inState('waiting') - ready,
      dead: inState('dead'),
    };
  }

  blockedKeys(): readonly string[] {
    const keys = [...new Set(this.messages.map(({ key }) => key))].sort();
    return keys.filter((key) => this.#isBlocked(key));
  }

  #firstOf(key: string): ModelMessage | undefined {
    if (this.#isBlocked(key)) return undefined;
    return this.messages
      .filter((one) => one.key === key && one.state === 'waiting')
      .sort((a, b) => a.number - b.number)[0];
  }

  #isBlocked(key: string): boolean {
    if (this.order === 'none') return false;
    return this.messages.some(
      (one) =>
        one.key === key && (one.state === 'in_flight' || one.state === 'delayed' || one.blocks),
    );
  }

  #inFlight(key: string): number {
    return this.messages.filter((one) => one.key === key && one.state === 'in_flight').length;
  }

  #die(message: ModelMessage): void {
    message.state = 'dead';
    message.blocks = this.order === 'key' && this.onDead === 'block';
  }

  #remove(message: ModelMessage): void {
    this.messages = this.messages.filter((one) => one !== message);
  }

  /** A key of which nothing is left comes anew. */
  #forgetIdle(): void {
    for (const key of this.turns.keys())
      if (!this.messages.some((one) => one.key === key && (one.state !== 'dead' || one.blocks)))
        this.turns.delete(key);
  }

  #next(): number {
    this.#turns += 1;
    return this.#turns;
  }
}
