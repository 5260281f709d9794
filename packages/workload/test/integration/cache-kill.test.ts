/** What a node that is killed costs the writes of the cache, and what the leader tells of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cacheLeaseMs, grantorLeaseMs } from '@holdfast/protocol/cache';
import { threeNodes } from './support/cluster.ts';

/** More than the lease, on a busy machine. */
const overheadMs = 1500;

const seconds = (text: string, metric: string): number => {
  const [line] = text.split('\n').filter((one) => one.startsWith(`${metric} `));
  return Number(line?.slice(metric.length + 1) ?? 0);
};

test('given a node with a key in its memory that is killed, then a write of the key waits for its lease and for no longer, and the metrics of the leader tell so', async () => {
  await using nodes = await threeNodes();
  const { cluster } = nodes;
  const leader = await cluster.leader();
  const urlOf = (id: string): string =>
    cluster.nodes.find(({ nodeId }) => nodeId === id)?.url ?? assert.fail(id);
  const killed = cluster.nodes.find(({ nodeId }) => nodeId !== leader)?.nodeId ?? assert.fail();
  const set = async (value: number): Promise<void> => {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ key: 'k', value });
    const response = await fetch(`${urlOf(leader)}/cache/set`, { method: 'POST', headers, body });
    assert.equal(response.status, 200, await response.text());
  };
  const get = async (id: string): Promise<unknown> => {
    const answer: unknown = await (await fetch(`${urlOf(id)}/cache/get?k=k`)).json();
    return (answer as { readonly value: unknown }).value;
  };
  const metrics = async (): Promise<(name: string) => number> => {
    const text = await (await fetch(`${urlOf(leader)}/metrics`)).text();
    return (name) => seconds(text, `holdfast_cache_${name}`);
  };

  await set(1);
  const before = await metrics();
  const readMs = performance.now();
  assert.equal(await get(killed), 1);
  await cluster.kill(killed, 'SIGKILL');
  const startedMs = performance.now();
  await set(2);
  const endedMs = performance.now();
  const tookMs = endedMs - startedMs;
  assert.ok(
    endedMs - readMs >= cacheLeaseMs,
    `it could have answered: ${String(endedMs - readMs)}`,
  );
  assert.ok(tookMs < grantorLeaseMs(cacheLeaseMs) + overheadMs, String(tookMs));
  assert.equal(await get(leader), 2);

  const after = await metrics();
  const grown = (name: string): number => after(name) - before(name);
  assert.equal(grown('writes_delayed_total'), 1);
  assert.equal(grown('invalidation_wait_seconds_count'), 1);
  assert.equal(grown(`sharer_lapses_total{sharer="${killed}"}`), 1);
  const leastMs = cacheLeaseMs - (startedMs - readMs);
  for (const name of [
    'write_delay_seconds_total',
    'invalidation_wait_seconds_sum',
    `sharer_delay_seconds_total{sharer="${killed}"}`,
  ]) {
    const toldMs = 1000 * grown(name);
    assert.ok(
      toldMs >= leastMs && toldMs <= tookMs + 1,
      `${name}: ${String(toldMs)} of ${String(tookMs)}`,
    );
  }
});
