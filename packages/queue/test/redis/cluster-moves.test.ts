/** A queue in a Redis Cluster under load, while its slot moves to another server, and while its server is paused or is killed. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import type { QueueCommand, ResourceName } from '@holdfast/state';
import { judgeMessages } from '../../../checker/src/index.ts';
import type { MessageEvent } from '../../../checker/src/index.ts';
import { untilSo } from '../../../checker/src/waits.ts';
import {
  durable,
  redisProgram,
} from '../../../redis-voters/test/integration/redis/redis-server.ts';
import type { RedisServer } from '../../../redis-voters/test/integration/redis/redis-server.ts';
import { RedisConnection } from '../../src/redis/connection.ts';
import { connected, moveSlot, startRedisCluster } from '../support/redis-servers.ts';
import { scriptsOf } from '../support/scripts.ts';
import type { StoreUnderTest } from '../support/bench.ts';

const skip = redisProgram === undefined ? 'no redis-server on this machine' : false;
const name = 'moving' as ResourceName;
const visibilityMs = 1500;
const producers = 4;
const consumers = 3;
/** Fewer than a queue of tests may have. */
const mostBehind = 100;

/** Producers and consumers, what they saw, and what they were refused with. */
class Load {
  readonly history: MessageEvent[] = [];
  readonly codes = new Map<string, number>();
  readonly #store: StoreUnderTest;
  readonly #pushing: Promise<unknown>;
  readonly #taking: Promise<unknown>;
  #isPushing = true;
  #isTaking = true;
  pushed = 0;
  acknowledged = 0;

  constructor(store: StoreUnderTest) {
    this.#store = store;
    const some = (count: number, work: (at: number) => Promise<void>): Promise<unknown> =>
      Promise.all(Array.from({ length: count }, (_, at) => work(at)));
    this.#pushing = some(producers, (at) => this.#push(`key-${String(at)}`));
    this.#taking = some(consumers, () => this.#take());
  }

  /** Undefined: it is not known what became of it, or nothing was done. */
  async #ask(command: QueueCommand) {
    try {
      return await this.#store.submit(command);
    } catch (error) {
      const code = error instanceof HoldfastError ? error.code : String(error);
      this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
      await sleep(20);
      return undefined;
    }
  }

  async #push(key: string): Promise<void> {
    for (let number = 1; this.#isPushing; number++) {
      const request = `${key} ${String(number)}`;
      const messages = [{ key, payload: number, dedupId: request }];
      const askedMs = performance.now();
      let pushed: Awaited<ReturnType<StoreUnderTest['submit']>> | undefined;
      while (pushed === undefined && (this.#isPushing || this.#isTaking))
        pushed = await this.#ask({ type: 'queue_push', name, messages });
      if (pushed === undefined) return;
      assert.ok(pushed.ok, JSON.stringify(pushed));
      const answeredMs = performance.now();
      this.history.push({ type: 'push', key, number, request, askedMs, answeredMs });
      this.pushed += 1;
      while (this.#isPushing && this.pushed - this.acknowledged > mostBehind) await sleep(10);
      await sleep(2);
    }
  }

  async #take(): Promise<void> {
    while (this.#isTaking) {
      const askedMs = performance.now();
      const popped = await this.#ask({ type: 'queue_pop', name, count: 2, visibilityMs });
      const toldMs = performance.now();
      if (popped === undefined) continue;
      assert.ok(popped.ok && popped.type === 'queue_taken', JSON.stringify(popped));
      for (const { id, key, payload, fenceToken } of popped.deliveries) {
        const times = { askedMs, toldMs, visibilityMs };
        const number = Number(JSON.parse(payload));
        this.history.push({ type: 'taken', id, key, number, fenceToken, ...times });
      }
      for (const { id: messageId, delivery, fenceToken } of popped.deliveries)
        await this.#acknowledge({ messageId, delivery, fenceToken });
      if (popped.deliveries.length === 0) await sleep(10);
    }
  }

  /** Asked once: what is refused was not done. */
  async #acknowledge(receipt: (QueueCommand & { type: 'queue_ack' })['receipt']): Promise<void> {
    const { messageId: id, fenceToken } = receipt;
    const settled = { type: 'acknowledged', id, fenceToken, askedMs: performance.now() } as const;
    const result = await this.#ask({ type: 'queue_ack', name, receipt });
    if (result?.ok === true) this.acknowledged += 1;
    const outcome = result === undefined ? 'unknown' : result.ok ? 'done' : 'refused';
    const answeredMs = performance.now();
    this.history.push({ ...settled, outcome, answeredMs });
  }

  async goesOn(): Promise<void> {
    const { pushed, acknowledged } = this;
    const isSo = () => this.pushed > pushed + 50 && this.acknowledged > acknowledged + 50;
    await untilSo(isSo, { what: 'messages come and go', longestMs: 30_000, pauseMs: 10 });
  }

  async stop(): Promise<void> {
    this.#isPushing = false;
    this.#isTaking = false;
    await Promise.allSettled([this.#pushing, this.#taking]);
  }

  async drained(): Promise<void> {
    this.#isPushing = false;
    await this.#pushing;
    const isEmpty = async () => {
      const found = await this.#store.query({ type: 'queue', name }).catch(() => undefined);
      return found?.type === 'queue' && found.view?.counts.depth === 0;
    };
    await untilSo(isEmpty, { what: 'the queue is empty', longestMs: 60_000, pauseMs: 50 });
    this.#isTaking = false;
    await this.#taking;
  }
}

describe('A queue in a Redis Cluster that changes', { skip }, () => {
  let servers: readonly RedisServer[] = [];
  let connection: RedisConnection | undefined;
  before(async () => {
    servers = await startRedisCluster(durable);
    const address = { urls: servers.map(({ url }) => url), isCluster: true };
    connection = new RedisConnection(address, 'test:', () => undefined);
    await connected(connection);
  });
  after(async () => {
    connection?.close();
    for (const server of servers) await server[Symbol.asyncDispose]();
  });

  it('loses and doubles nothing, and says what may have been done (RCONN-1, RCONN-7)', async (t) => {
    const load = new Load(scriptsOf(connection ?? assert.fail()));
    t.after(() => load.stop());
    await load.goesOn();
    // Long enough for some to be refused at both servers. A key that was made at the other one as well ends the move.
    const { to } = await moveSlot(servers, `test:{${name}}:q`, () => sleep(1500)).catch(
      (error: unknown) => assert.fail(String(error)),
    );
    assert.deepEqual([...load.codes.keys()], ['store_unavailable']);
    await load.goesOn();
    to.standStill();
    await sleep(700);
    to.goOn();
    await load.goesOn();
    await to.kill();
    await sleep(300);
    await to.start();
    await load.goesOn();
    await load.drained();
    const codes = new Set(load.codes.keys());
    codes.delete('store_unavailable');
    codes.delete('outcome_unknown');
    assert.deepEqual([...codes], []);
    const { violations, pushed } = judgeMessages(load.history, true);
    assert.deepEqual(violations.slice(0, 10), []);
    assert.equal(pushed, load.pushed);
  });
});
