/** A queue of a store under test, and what is asked of it. */
import assert from 'node:assert/strict';
import type { QueryResult } from '@holdfast/engine';
import type {
  CommandResult,
  Delivery,
  JsonValue,
  PushedMessage,
  QueueCommand,
  QueuesPage,
  QueueView,
  Receipt,
  ResourceName,
} from '@holdfast/state';
import type { QueueQuery } from '../../src/index.ts';

export interface StoreUnderTest {
  submit(command: QueueCommand): Promise<CommandResult>;
  query(query: QueueQuery): Promise<QueryResult>;
  /** Lets so much time pass for the store. */
  pass(ms: number): Promise<void>;
}

type Ok<Type> = Extract<CommandResult, { readonly ok: true; readonly type: Type }>;

/** A queue of its own for each test: stores outlive them. */
export class Bench {
  readonly name: ResourceName;
  readonly #under: StoreUnderTest;

  constructor(under: StoreUnderTest, name: string) {
    this.#under = under;
    this.name = name as ResourceName;
  }

  pass(ms: number): Promise<void> {
    return this.#under.pass(ms);
  }

  async #ok<
    Type extends (CommandResult extends infer R
      ? R extends { type: infer T }
        ? T
        : never
      : never),
  >(type: Type, command: QueueCommand): Promise<Ok<Type>> {
    const result = await this.#under.submit(command);
    assert.ok(result.ok, JSON.stringify(result));
    assert.equal(result.type, type);
    return result as Ok<Type>;
  }

  async refused(command: QueueCommand): Promise<string> {
    const result = await this.#under.submit(command);
    assert.ok(!result.ok, JSON.stringify(result));
    assert.ok(result.message.length > 20);
    return result.code;
  }

  push(key: string | undefined, payload: JsonValue, more: Partial<PushedMessage> = {}) {
    const message = { ...(key === undefined ? {} : { key }), payload, ...more };
    return this.pushAll([message]);
  }

  async pushAll(messages: readonly PushedMessage[]) {
    const command = { type: 'queue_push', name: this.name, messages } as const;
    return (await this.#ok('queue_pushed', command)).messages;
  }

  async pop(count = 1, visibilityMs?: number): Promise<readonly Delivery[]> {
    const command = {
      type: 'queue_pop',
      name: this.name,
      count,
      ...(visibilityMs === undefined ? {} : { visibilityMs }),
    } as const;
    return (await this.#ok('queue_taken', command)).deliveries;
  }

  async popOne(visibilityMs?: number): Promise<Delivery> {
    const [delivery, ...others] = await this.pop(1, visibilityMs);
    assert.ok(delivery !== undefined && others.length === 0, 'one message');
    return delivery;
  }

  ack = (delivery: Delivery) =>
    this.#ok('queue_acknowledged', {
      type: 'queue_ack',
      name: this.name,
      receipt: receiptOf(delivery),
    });

  nack = (delivery: Delivery, more: { delayMs?: number; reason?: string } = {}) =>
    this.#ok('queue_returned', {
      type: 'queue_nack',
      name: this.name,
      receipt: receiptOf(delivery),
      ...more,
    });

  extend = (delivery: Delivery, visibilityMs: number) =>
    this.#ok('queue_extended', {
      type: 'queue_extend',
      name: this.name,
      receipt: receiptOf(delivery),
      visibilityMs,
    });

  configure = (settings: {
    order?: 'key' | 'none';
    onDead?: 'skip' | 'block';
    maxDeliveries?: number;
  }) => this.#ok('queue_configured', { type: 'queue_configure', name: this.name, ...settings });

  redrive = (count: number, ids?: readonly number[]) =>
    this.#ok('queue_moved', {
      type: 'queue_redrive',
      name: this.name,
      count,
      ...(ids === undefined ? {} : { ids }),
    });

  purge = (part: 'messages' | 'dead_letters', count = 1000, through = Number.MAX_SAFE_INTEGER) =>
    this.#ok('queue_moved', { type: 'queue_purge', name: this.name, part, through, count });

  /** Another queue of the same store. */
  beside = (end: string): Bench => new Bench(this.#under, `${this.name}${end}`);

  async view(): Promise<QueueView> {
    const query = { type: 'queue', name: this.name } as const;
    const result = await this.#under.query(query);
    assert.equal(result.type, 'queue');
    const { view } = result;
    assert.ok(view !== undefined);
    return view;
  }

  async page(prefix: string, limit: number, after?: string): Promise<QueuesPage> {
    const wanted = { prefix, limit, ...(after === undefined ? {} : { after }) };
    const result = await this.#under.query({ type: 'queues', wanted });
    assert.equal(result.type, 'queues');
    return result.page;
  }

  async deadLetters(after = 0, limit = 100, more: { readonly idsOnly?: true } = {}) {
    const query = { type: 'dead_letters', name: this.name, after, limit, ...more } as const;
    const result = await this.#under.query(query);
    assert.equal(result.type, 'dead_letters');
    assert.ok(result.page !== undefined);
    return result.page;
  }

  async blockedKeys(limit = 100, after?: string) {
    const from = after === undefined ? {} : { after };
    const query = { type: 'blocked_keys', name: this.name, limit, ...from } as const;
    const result = await this.#under.query(query);
    assert.equal(result.type, 'blocked_keys');
    assert.ok(result.page !== undefined);
    return result.page;
  }
}

export const receiptOf = ({ id, delivery, fenceToken }: Delivery): Receipt => ({
  messageId: id,
  delivery,
  fenceToken,
});
