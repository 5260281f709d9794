/** Pops that wait, on a clock that a test moves and a store that tells what is due only to who asks. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { QueueWaiters } from '../../src/operations/queue-waiters.ts';

class World {
  nowMs = 0;
  /** When the next message becomes due, as the store knows. */
  dueAtMs = 1000;
  looks = 0;
  readonly #timers = new Set<{ readonly atMs: number; readonly call: () => void }>();
  readonly waiters = new QueueWaiters(
    {
      // What is asked for is told as the question says (QueueStore).
      query: (async () => {
        this.looks += 1;
        return { type: 'queue_ready', count: 0, revision: 0 };
      }) as never,
      onReady: () => () => undefined,
      dueInMs: () => Math.max(0, this.dueAtMs - this.nowMs),
    },
    (delayMs, call) => {
      const timer = { atMs: this.nowMs + delayMs, call };
      this.#timers.add(timer);
      return () => this.#timers.delete(timer);
    },
  );

  /** Calls what is due until then, one after the other. */
  async passUntil(untilMs: number): Promise<void> {
    await turns();
    for (;;) {
      const [next] = [...this.#timers].toSorted((a, b) => a.atMs - b.atMs);
      if (next === undefined || next.atMs > untilMs) break;
      this.#timers.delete(next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.call();
      await turns();
    }
    this.nowMs = untilMs;
  }

  get timers(): number {
    return this.#timers.size;
  }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('pops that wait for what becomes due by time', () => {
  test('each are woken in time, also where the first of them does not come back (QWAIT-3)', async () => {
    const world = new World();
    const woken: [who: string, atMs: number][] = [];
    for (const who of ['first', 'second', 'third'])
      world.waiters.wait('jobs', () => woken.push([who, world.nowMs]));
    await world.passUntil(1000);
    assert.deepEqual(woken, [['first', 1000]]);
    // Its pop takes the message, and the store tells when the next one is due.
    world.dueAtMs = 3000;
    await world.passUntil(3000);
    world.dueAtMs = 3050;
    await world.passUntil(3300);
    assert.deepEqual(woken.slice(1), [
      ['second', 3000],
      ['third', 3100],
    ]);
    assert.deepEqual([world.waiters.count, world.timers], [0, 0]);
  });

  test('ask no more than now and then while nothing is due', async () => {
    const world = new World();
    world.dueAtMs = 1_000_000;
    world.waiters.wait('jobs', () => assert.fail('nothing is due'));
    await world.passUntil(60_000);
    assert.ok(world.looks <= 13, String(world.looks));
  });
});
