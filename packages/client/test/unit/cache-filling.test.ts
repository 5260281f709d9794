import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import type { Json } from '@holdfast/protocol';
import { CacheFilling } from '../../src/cache-filling.ts';
import type { FillingClient } from '../../src/cache-filling.ts';
import type { CacheValue } from '../../src/cache.ts';
import { VirtualClock } from '../virtual-nodes.ts';

/** A cluster that gives one turn at a time. */
class Cluster {
  readonly clock = new VirtualClock();
  readonly asked: string[] = [];
  value: CacheValue | undefined;
  token: string | undefined;
  /** Of the answer that gives a turn. */
  answerMs = 0;
  /** Somebody writes while the loader works. */
  isWrittenMeanwhile = false;

  readonly client: FillingClient = {
    clock: this.clock,
    call: (async (operation: string, body: { fill_token?: string; value?: Json }) => {
      this.asked.push(operation);
      if (operation === 'cache_fill') {
        if (body.fill_token !== undefined)
          return { found: false, fill_token: body.fill_token === this.token ? this.token : null };
        if (this.value !== undefined) return { found: true, ...this.value, fill_token: null };
        const token = this.token === undefined ? '1-1' : `${this.token}1`;
        this.token = token;
        const { answerMs } = this;
        if (answerMs > 0) await new Promise<void>((resolve) => this.clock.after(answerMs, resolve));
        return { found: false, value: null, version: 0, fill_token: token };
      }
      if (operation !== 'cache_set') return {};
      const isSuperseded = body.fill_token !== this.token || this.isWrittenMeanwhile;
      if (body.fill_token !== undefined && isSuperseded)
        throw new HoldfastError('fill_superseded', 'written meanwhile');
      this.value = { value: body.value ?? null, version: 9 };
      return { version: 9 };
    }) as FillingClient['call'],
  };

  readonly read = async (): Promise<CacheValue | undefined> => this.value;
}

describe('A fill', () => {
  let cluster: Cluster;
  let filling: CacheFilling;
  beforeEach(() => {
    cluster = new Cluster();
    filling = new CacheFilling(cluster.client);
  });

  it('is asked for once in a process, whoever reads meanwhile; the others read what it wrote', async () => {
    let loaded = 0;
    const fill = async (): Promise<Json> => (loaded += 1);
    const all = await Promise.all([1, 2, 3].map(() => filling.get('k', { fill }, cluster.read)));
    assert.deepEqual([loaded, all.map((one) => one?.value)], [1, [1, 1, 1]]);
    assert.deepEqual(cluster.asked, ['cache_fill', 'cache_set']);
  });

  it('is not asked for where there is a value, also one that somebody has written meanwhile', async () => {
    const fill = (): Promise<Json> => Promise.reject(new Error('not to be loaded'));
    cluster.value = { value: 5, version: 3 };
    assert.equal((await filling.get('k', { fill }, cluster.read))?.value, 5);
    const late = await filling.get('k', { fill }, async () => undefined);
    assert.deepEqual(late, { value: 5, version: 3 });
  });

  it('that was overtaken by a write is not written, and the key is read again', async () => {
    cluster.isWrittenMeanwhile = true;
    const fill = async (): Promise<Json> => {
      cluster.value = { value: 'newer', version: 10 };
      return 'old';
    };
    assert.equal((await filling.get('k', { fill }, cluster.read))?.value, 'newer');
  });

  it('that fails, or has nothing, ends its turn', async () => {
    const failing = (): Promise<Json> => Promise.reject(new Error('no database'));
    await assert.rejects(filling.get('k', { fill: failing }, cluster.read), /no database/);
    assert.equal(await filling.get('k', { fill: async () => undefined }, cluster.read), undefined);
    assert.deepEqual(cluster.asked, [
      'cache_fill',
      'cache_fill_end',
      'cache_fill',
      'cache_fill_end',
    ]);
  });

  it('asks for more time while its loader works, and no longer', async () => {
    const { clock } = cluster;
    const fill = (): Promise<Json> => new Promise((resolve) => clock.after(2500, () => resolve(1)));
    await clock.settled(filling.get('k', { fill }, cluster.read));
    assert.equal(cluster.asked.filter((operation) => operation === 'cache_fill').length, 4);
    await clock.pass(5000);
    assert.equal(cluster.asked.length, 5);
  });

  for (const [how, answerMs, confirmations] of [
    ['soon', 100, 0],
    ['late', 1600, 1],
  ] as const)
    it(`that is given its turn ${how} begins under one that stands (CLIENT-FILL-5)`, async () => {
      cluster.answerMs = answerMs;
      const got = cluster.clock.settled(filling.get('k', { fill: async () => 1 }, cluster.read));
      assert.equal((await got)?.value, 1);
      assert.deepEqual(cluster.asked, [
        'cache_fill',
        ...Array.from({ length: confirmations }, () => 'cache_fill'),
        'cache_set',
      ]);
    });

  it('whose turn is over when it is told of it does not begin (CLIENT-FILL-5)', async () => {
    const { clock } = cluster;
    cluster.answerMs = 3000;
    let loaded = 0;
    const got = filling.get('k', { fill: async () => (loaded += 1) }, cluster.read);
    await clock.pass(2000);
    cluster.token = 'of another one';
    cluster.answerMs = 0;
    clock.after(500, () => {
      cluster.value = { value: 'theirs', version: 3 };
    });
    assert.equal((await clock.settled(got))?.value, 'theirs');
    assert.equal(loaded, 0);
  });

  it('that takes too long ends for all who wait for it, and the next one loads anew (CLIENT-FILL-4)', async () => {
    const { clock } = cluster;
    const never = (): Promise<Json> => new Promise(() => undefined);
    const options = { fill: never, fillTimeoutMs: 3000 };
    const own = filling.get('k', options, cluster.read);
    const failed = assert.rejects(clock.settled(own), {
      code: 'deadline_exceeded',
      effect: 'none',
    });
    const other = filling.get('k', { fill: async () => 2 }, cluster.read);
    const failedToo = assert.rejects(other, { code: 'deadline_exceeded' });
    await failed;
    await failedToo;
    const next = filling.get('k', { fill: async () => 2 }, cluster.read);
    assert.equal((await clock.settled(next))?.value, 2);
    assert.ok(cluster.asked.includes('cache_fill_end'));
    const asked = cluster.asked.length;
    await clock.pass(10_000);
    assert.equal(cluster.asked.length, asked, 'its turn is not extended any more');
  });

  it('goes on for others when the signal of one that waits for it fires (CLIENT-FILL-4)', async () => {
    const { clock } = cluster;
    const slow = (): Promise<Json> => new Promise((resolve) => clock.after(2000, () => resolve(1)));
    const [first, second] = [new AbortController(), new AbortController()];
    const waits = [
      filling.get('k', { fill: slow, signal: first.signal }, cluster.read),
      filling.get('k', { fill: slow, signal: second.signal }, cluster.read),
      filling.get('k', { fill: slow }, cluster.read),
    ] as const;
    await clock.pass(100);
    const reason = new Error('no longer wanted');
    first.abort(reason);
    second.abort(reason);
    await assert.rejects(waits[0], reason);
    await assert.rejects(waits[1], reason);
    assert.equal((await clock.settled(waits[2]))?.value, 1);
    assert.equal(cluster.asked.filter((operation) => operation === 'cache_set').length, 1);
  });
});
