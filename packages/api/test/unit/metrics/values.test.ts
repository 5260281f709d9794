/** Each metric of queues and of the cache tells its own number: all numbers differ, so that none stands for another. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { QueueRow, QueuesPage } from '@holdfast/state';
import { startHarness } from '../../harness.ts';
import type { Harness } from '../../harness.ts';

/** Of the sources of metrics; the rates are what nobody tells. */
const cache = {
  hits: 101,
  misses: 102,
  lines: 103,
  lineBytes: 104,
  linesByState: { modified: 105, exclusive: 106, shared: 107, invalid: 108 },
  invalidations: 109,
  drops: 110,
  clients: 111,
  pendingInvalidations: 112,
  pendingWrites: 113,
  sharers: 114,
  sharedKeys: 115,
  writesDelayed: 116,
  delayMs: 117_500,
  delays: [
    { name: 'b', ms: 118_500, count: 901, lapsed: 119 },
    { name: 'c', ms: 120_500, count: 902, lapsed: 121 },
  ],
  clientDelays: [
    { name: 'ann', ms: 122_000, count: 903, lapsed: 124 },
    { name: 'eve', ms: 1500, count: 904, lapsed: 1 },
  ],
};
const ofRate = (total: number): QueueRow['rates']['pushed'] => ({ perSecond: total + 700, total });
const queue = {
  counts: { depth: 201, ready: 202, inFlight: 203, delayed: 204, blocked: 205 },
  dead: 206,
  blockedKeys: 905,
  bytes: 207,
  oldestAgeMs: 208_500,
  rates: {
    pushed: ofRate(209),
    delivered: ofRate(210),
    acknowledged: ofRate(211),
    dead: ofRate(212),
  },
} satisfies Partial<QueueRow>;
const payloads = {
  count: 301,
  sizeBytes: 302,
  liveBytes: 303,
  waitingBytes: 304,
  shortages: 305,
  missing: 306,
  repaired: 307,
  lost: 308,
  damaged: 309,
  fileErrors: 310,
  isTransferWaiting: false,
};

const expected: Readonly<Record<string, number>> = {
  holdfast_cache_hits_total: 101,
  holdfast_cache_misses_total: 102,
  holdfast_cache_lines: 103,
  holdfast_cache_line_bytes: 104,
  'holdfast_cache_lines_by_state{state="modified"}': 105,
  'holdfast_cache_lines_by_state{state="exclusive"}': 106,
  'holdfast_cache_lines_by_state{state="shared"}': 107,
  'holdfast_cache_lines_by_state{state="invalid"}': 108,
  holdfast_cache_invalidations_total: 109,
  holdfast_cache_drops_total: 110,
  holdfast_cache_clients: 111,
  holdfast_cache_pending_invalidations: 112,
  holdfast_cache_pending_writes: 113,
  holdfast_cache_sharers: 114,
  holdfast_cache_shared_keys: 115,
  holdfast_cache_writes_delayed_total: 116,
  holdfast_cache_write_delay_seconds_total: 117.5,
  'holdfast_cache_sharer_delay_seconds_total{sharer="b"}': 118.5,
  'holdfast_cache_sharer_delay_seconds_total{sharer="c"}': 120.5,
  'holdfast_cache_sharer_delay_seconds_total{sharer="clients"}': 123.5,
  'holdfast_cache_sharer_lapses_total{sharer="b"}': 119,
  'holdfast_cache_sharer_lapses_total{sharer="c"}': 121,
  'holdfast_cache_sharer_lapses_total{sharer="clients"}': 125,
  'holdfast_queue_depth{queue="jobs"}': 201,
  'holdfast_queue_ready{queue="jobs"}': 202,
  'holdfast_queue_in_flight{queue="jobs"}': 203,
  'holdfast_queue_delayed{queue="jobs"}': 204,
  'holdfast_queue_blocked{queue="jobs"}': 205,
  'holdfast_queue_dead_letters{queue="jobs"}': 206,
  'holdfast_queue_bytes{queue="jobs"}': 207,
  'holdfast_queue_oldest_message_age_seconds{queue="jobs"}': 208.5,
  'holdfast_queue_pushed_total{queue="jobs"}': 209,
  'holdfast_queue_delivered_total{queue="jobs"}': 210,
  'holdfast_queue_acknowledged_total{queue="jobs"}': 211,
  'holdfast_queue_dead_total{queue="jobs"}': 212,
  holdfast_queues_oldest_message_age_seconds: 208.5,
  holdfast_queues_dead_letters: 206,
  holdfast_queue_payloads: 301,
  holdfast_queue_payload_bytes: 302,
  holdfast_queue_payload_live_bytes: 303,
  holdfast_queue_payload_waiting_bytes: 304,
  holdfast_queue_payload_shortages_total: 305,
  holdfast_queue_payloads_missing: 306,
  holdfast_queue_payload_repairs_total: 307,
  holdfast_queue_payloads_lost_total: 308,
  holdfast_queue_payloads_damaged_total: 309,
  holdfast_queue_payload_file_errors_total: 310,
  holdfast_cache_keys: 401,
  holdfast_cache_bytes: 402,
  holdfast_queue_waiting_pops: 1,
  holdfast_cache_invalidation_wait_seconds_sum: 0.75,
  holdfast_cache_invalidation_wait_seconds_count: 2,
};

/** What the engine tells of itself is what stands above. */
function withNumbers({ engine }: Harness): void {
  const stats = engine.stats.bind(engine);
  engine.stats = () => {
    const told = stats();
    return { ...told, cache, storage: { ...told.storage, payloads } };
  };
  const query = engine.query.bind(engine);
  engine.query = async (about, ...rest) => {
    const answer = await query(about, ...rest);
    if (about.type === 'stats') {
      const { stats: ofState } = answer as unknown as { readonly stats: object };
      return { ...answer, stats: { ...ofState, cacheKeys: 401, cacheBytes: 402 } };
    }
    if (about.type !== 'queues') return answer;
    const { page } = answer as unknown as { readonly page: QueuesPage };
    return {
      ...answer,
      page: { ...page, queues: page.queues.map((row) => ({ ...row, ...queue })) },
    };
  };
}

test('given numbers that all differ, then each metric of queues and of the cache tells its own', async (t) => {
  const harness = startHarness(t);
  const { engine, request } = harness;
  await request('POST', '/queue/push', { queue: 'jobs', key: 'a', payload: 1 });
  const waiting = request('GET', '/queue/pop?queue=none&wait_seconds=20');
  while (harness.built.service.queueWaiters.count === 0) await new Promise(setImmediate);
  withNumbers(harness);
  for (const listener of engine.timingListeners)
    for (const seconds of [0.25, 0.5]) listener('cache_invalidation', seconds);
  const { text } = await request('GET', '/metrics');
  const told = [
    ...text.matchAll(/^(?<name>holdfast_(?:cache|queue)[^\s{]*(?:\{.*\})?) (?<value>\S+)$/gm),
  ]
    .map(({ groups }) => [groups?.['name'] ?? '', Number(groups?.['value'])] as const)
    .filter(([name]) => !name.includes('_bucket{'));
  assert.deepEqual(Object.fromEntries(told), expected);
  assert.match(text, /^holdfast_cache_invalidation_wait_seconds_bucket\{le="0.25"\} 1$/m);
  await request('POST', '/queue/push', { queue: 'none', key: 'a', payload: 1 });
  assert.equal((await waiting).status, 200);
});
