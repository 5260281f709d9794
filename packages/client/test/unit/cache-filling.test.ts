import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import type { Json } from '@holdfast/protocol';
import { turnMs } from '@holdfast/protocol/cache';
import { CacheFilling } from '../../src/cache-filling.ts';
import type { CallingClient } from '../../src/calling-client.ts';
import type { CacheValue } from '../../src/cache-value.ts';
import { VirtualClock } from '../virtual-nodes.ts';

/** A cluster that gives one turn at a time. */
class Cluster {
  readonly clock = new VirtualClock();
  readonly asked: string[] = [];
  readonly askedAtMs: number[] = [];
  /** Another process has every turn, and writes nothing. */
  isTaken = false;
  value: CacheValue | undefined;
  token: string | undefined;
  /** Of the answer that gives a turn. */
  answerMs = 0;
  /** Somebody writes while the loader works. */
  isWrittenMeanwhile = false;

  readonly client: CallingClient = {
    clock: this.clock,
    call: (async (operation: string, body: { fill_token?: string; value?: Json }) => {
      this.asked.push(operation);
      this.askedAtMs.push(this.clock.nowMs);
      if (operation === 'cache_fill' && this.isTaken) {
        await new Promise<void>((resolve) => this.clock.after(5000, resolve));
        return { found: false, value: null, version: 0, fill_token: null };
      }
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
    }) as CallingClient['call'],
  };

  readonly read = async (): Promise<CacheValue | undefined> => this.value;
}

/** Of a call. */
const timeoutMs = 4000;

describe('A fill', () => {
  let cluster: Cluster;
  let filling: CacheFilling;
  beforeEach(() => {
    cluster = new Cluster();
    filling = new CacheFilling(cluster.client, timeoutMs);
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
    ['late', 1100, 1],
    ['very late', 1600, 1],
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

  it('asks for more time before its turn is over, however late it was given that (CLIENT-FILL-5)', async () => {
    const { clock } = cluster;
    for (cluster.answerMs = 0; cluster.answerMs < 2000; cluster.answerMs += 90) {
      cluster.value = undefined;
      cluster.askedAtMs.length = 0;
      const fill = (): Promise<Json> =>
        new Promise((resolve) => clock.after(1900, () => resolve(1)));
      await clock.settled(filling.get('k', { fill }, cluster.read));
      // Between two that ask for the turn, or for more of it, it goes on.
      const gaps = cluster.askedAtMs
        .slice(1, -1)
        .map((atMs, at) => atMs - (cluster.askedAtMs[at] ?? 0));
      assert.ok(gaps.length >= 2, String(gaps));
      const [first = 0, ...others] = gaps;
      // A first answer that is late is confirmed: until then nothing is loaded.
      const most = turnMs - 300;
      assert.ok(
        cluster.answerMs > 1000 || first <= most,
        `${String(cluster.answerMs)}: ${String(gaps)}`,
      );
      assert.ok(
        others.every((gapMs) => gapMs <= most),
        `${String(cluster.answerMs)}: ${String(gaps)}`,
      );
    }
  });

  it('that may take a short time alone begins under a turn that stands for the most of it (CLIENT-FILL-5)', async () => {
    cluster.answerMs = 600;
    const options = { fill: async () => 1, fillTimeoutMs: 1000 };
    await cluster.clock.settled(filling.get('k', options, cluster.read));
    assert.deepEqual(cluster.asked, ['cache_fill', 'cache_fill', 'cache_set']);
  });

  it('may take so long from when its turn was asked for: later its turn is over (CLIENT-FILL-4)', async () => {
    const { clock } = cluster;
    const beganMs = clock.nowMs;
    cluster.answerMs = 900;
    const never = (): Promise<Json> => new Promise(() => undefined);
    const got = filling.get('k', { fill: never, fillTimeoutMs: 3000 }, cluster.read);
    await assert.rejects(clock.settled(got), { code: 'deadline_exceeded' });
    const tookMs = clock.nowMs - beganMs;
    assert.ok(tookMs <= 3020, `${String(tookMs)} ms`);
  });

  it('that fails is no load for each that waited for it: they fail with it (CLIENT-FILL-3)', async () => {
    const { clock } = cluster;
    let loads = 0;
    const fill = (): Promise<Json> => {
      loads += 1;
      return new Promise((_, reject) => clock.after(3000, () => reject(new Error('no database'))));
    };
    const all = Array.from({ length: 500 }, () => filling.get('k', { fill }, cluster.read));
    const ends = await clock.settled(Promise.allSettled(all));
    assert.equal(loads, 1);
    for (const end of ends)
      assert.match(end.status === 'rejected' ? String(end.reason) : end.status, /no database/);
    // The next one loads anew.
    const next = filling.get('k', { fill: async () => 2 }, cluster.read);
    assert.equal((await clock.settled(next))?.value, 2);
  });

  for (const [how, set] of [
    ['each of which is overtaken by a write', () => (cluster.isWrittenMeanwhile = true)],
    ['while others have the turn for ever', () => (cluster.isTaken = true)],
  ] as const)
    it(`ends, with others of its key ${how} (CLIENT-FILL-6)`, async () => {
      const { clock } = cluster;
      set();
      const beganMs = clock.nowMs;
      cluster.answerMs = 100;
      const fill = (): Promise<Json> =>
        new Promise((resolve) => clock.after(500, () => resolve(1)));
      const got = filling.get('k', { fill, fillTimeoutMs: 6000 }, cluster.read);
      await assert.rejects(clock.settled(got), { code: 'deadline_exceeded' });
      const tookMs = clock.nowMs - beganMs;
      assert.ok(Math.abs(tookMs - timeoutMs - 6000) <= 20, `${String(tookMs)} ms`);
      // What goes on for others asks for nothing more once it is over.
      await clock.pass(10_000);
      const asked = cluster.asked.length;
      await clock.pass(20_000);
      assert.equal(cluster.asked.length, asked);
    });

  it('is not begun for a reader whose signal fired while it read', async () => {
    const stopped = new AbortController();
    const read = async (): Promise<undefined> => {
      stopped.abort(new Error('no longer wanted'));
      return undefined;
    };
    const fill = async (): Promise<Json> => 1;
    await assert.rejects(filling.get('k', { fill, signal: stopped.signal }, read), /no longer/);
    assert.deepEqual(cluster.asked, []);
  });

  it('with a time that is no number ends where it is given (DURATION-1)', async () => {
    const options = { fill: async () => 1, fillTimeoutMs: Number.NaN };
    await assert.rejects(filling.get('k', options, cluster.read), { code: 'invalid_request' });
  });
});
