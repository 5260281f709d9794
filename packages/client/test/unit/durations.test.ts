/** Durations as programs without types give them (DURATION-1). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import { Client } from '../../src/client.ts';
import { connect } from '../../src/index.ts';
import { Latch } from '../../src/latch.ts';
import { environmentOf, VirtualClock, VirtualNode } from '../virtual-nodes.ts';

const isRefused = (field: string) => (error: unknown) => {
  assert.ok(error instanceof HoldfastError, String(error));
  assert.deepEqual([error.code, error.effect], ['invalid_request', 'none']);
  assert.equal(error.details['field'], field);
  assert.match(error.message, /is a number of ms, 0 or more, not .*\. Nothing was done\.$/);
  return true;
};

const wrong: readonly unknown[] = ['5000', '5s', Number.NaN, -1, Number.POSITIVE_INFINITY, null];
const of = (value: unknown): number => value as number;

describe('A duration that is none', () => {
  for (const value of wrong) {
    const name = typeof value === 'string' ? JSON.stringify(value) : String(value);
    it(`is refused by connect (${name})`, async () => {
      const connecting = connect({ endpoints: ['http://127.0.0.1:1'], timeoutMs: of(value) });
      await assert.rejects(connecting, isRefused('timeoutMs'));
    });

    it(`is refused by a call, and nothing is asked (${name})`, async () => {
      const clock = new VirtualClock();
      const node = new VirtualNode(clock, 'a');
      const client = new Client({ endpoints: [node.url] }, environmentOf(clock, [node]));
      const session = await clock.settled(client.session({ timeoutSeconds: 30 }));
      const settings = { timeoutMs: of(value) };
      const called = client.call('acquire', { session_id: 's', name: 'a' }, settings);
      await assert.rejects(called, isRefused('timeoutMs'));
      for (const call of [
        () => session.lock('a', { waitMs: of(value) }),
        () => session.request('acquire', { name: 'a' }, { waitMs: of(value) }),
        () => new Latch(session, 'a').wait({ waitMs: of(value) }),
      ])
        await assert.rejects(call(), isRefused('waitMs'));
      const long = session.lock('a', { maxHoldMs: of(value) });
      await assert.rejects(long, isRefused('maxHoldMs'));
      const ttlMs = of(value);
      await assert.rejects(client.cache.set('a', 1, { ttlMs }), isRefused('ttlMs'));
      const delayed = client.queue('q').push('k', 1, { delayMs: of(value) });
      await assert.rejects(delayed, isRefused('delayMs'));
      assert.deepEqual(node.askedFor('acquire'), []);
      assert.deepEqual(node.askedFor('cache_set'), []);
      assert.deepEqual(node.askedFor('queue_push'), []);
    });
  }
});
