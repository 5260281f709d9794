import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { untilSo } from '../../../../checker/src/waits.ts';
import { Registry } from 'prom-client';
import { addLiveHeap } from '../../../src/metrics/live-heap.ts';

const kept = 32 * 1024 * 1024;

function fullCollection(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  assert.ok(typeof collect === 'function');
  collect();
}

test('the live heap is what a full garbage collection leaves, not what waits for one', async () => {
  const registry = new Registry();
  addLiveHeap(registry);
  const live = async (): Promise<number> =>
    Number(/^holdfast_nodejs_heap_live_bytes (\d+)$/m.exec(await registry.metrics())?.[1]);
  fullCollection();
  await untilSo(async () => (await live()) > 0, { what: 'a full collection is told' });
  const before = await live();
  const held: number[][] = [];
  while (held.length * 8 * 1024 < kept) held.push(Array.from({ length: 1024 }, Math.random));
  fullCollection();
  await untilSo(async () => (await live()) > before + kept / 2, { what: 'what is kept is told' });
  held.length = 0;
  fullCollection();
  await untilSo(async () => (await live()) < before + kept / 2, {
    what: 'what is free again is told no more',
  });
});
