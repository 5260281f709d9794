/**
 * Bad input about queues and the cache, given to the client and to the command line: it is refused with a stable code that
 * names the field, nothing is done, and the client goes on over the connection that it has.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { connect } from '@holdfast/client';
import type { Client } from '@holdfast/client';
import { HoldfastError } from '@holdfast/protocol';
import { cacheRefusals, keptKey, wordsOf } from '../../../api/test/cache-refusals.ts';
import { holdfast, startOneNode } from '../integration/support/holdfast.ts';

const long = 'x'.repeat(257);
/** What programs in JavaScript may give, whatever the types say. */
const none = (value: unknown): never => value as never;
const one = Promise.resolve(1);

type Ask = (client: Client) => Promise<unknown>;
type Case = readonly [what: string, field: string | undefined, ask: Ask];

const pushes: readonly Case[] = [
  ['an empty key', 'key', (client) => client.queue('q').push('', 1)],
  ['a long key', 'key', (client) => client.queue('q').push(long, 1)],
  ['a key of a wrong type', 'key', (client) => client.queue('q').push(none(7), 1)],
  ['a long payload', 'payload', (client) => client.queue('q').push('a', 'x'.repeat(65_535))],
  ['no payload', 'payload', (client) => client.queue('q').push('a', none(undefined))],
  ['what is no JSON', undefined, (client) => client.queue('q').push('a', none(1n))],
  ['a negative delay', 'delayMs', (client) => client.queue('q').push('a', 1, { delayMs: -1 })],
  ['no number', 'delayMs', (client) => client.queue('q').push('a', 1, { delayMs: Number.NaN })],
  ['a long delay', 'delay_seconds', (client) => client.queue('q').push('a', 1, { delayMs: 1e12 })],
  ['none', 'max_deliveries', (client) => client.queue('q').push('a', 1, { maxDeliveries: 0 })],
  [
    'half a one',
    'max_deliveries',
    (client) => client.queue('q').push('a', 1, { maxDeliveries: 1.5 }),
  ],
  ['an empty id', 'dedup_id', (client) => client.queue('q').push('a', 1, { dedupId: '' })],
  ['an empty name', 'queue', (client) => client.queue('').push('a', 1)],
  ['a long name', 'queue', (client) => client.queue(long).push('a', 1)],
  ['no messages', 'messages', (client) => client.queue('q').pushAll([])],
  [
    'one of them',
    'messages.0.key',
    (client) => client.queue('q').pushAll([{ key: '', payload: 1 }]),
  ],
];

const consumer = (options: object): Ask => {
  return (client) => client.queue('q').consume(options).next();
};
const deliveries: readonly Case[] = [
  ['too short', 'visibility_seconds', consumer({ visibilityMs: 1 })],
  ['too long', 'visibility_seconds', consumer({ visibilityMs: 1e9 })],
  ['no number', 'visibilityMs', consumer({ visibilityMs: 'long' })],
  ['none at once', 'concurrency', consumer({ concurrency: 0 })],
  ['part of one', 'concurrency', consumer({ concurrency: 1.5 })],
  ['an empty name', 'queue', (client) => client.queue('').stats()],
  ['none', 'count', (client) => client.call('queue_pop', { count: 0 })],
  ['unknown', 'many', (client) => client.call('queue_pop', none({ many: 1 }))],
  ['no receipt', 'receipt', (client) => client.call('queue_ack', none({}))],
  ['nonsense', 'receipt', (client) => client.call('queue_ack', { receipt: 'nonsense' })],
  ['an order', 'order', (client) => client.call('queue_configure', none({ order: 'fifo' }))],
];

const cached: readonly Case[] = [
  ['an empty key', 'k', ({ cache }) => cache.get('')],
  ['a long key', 'k', ({ cache }) => cache.get(long)],
  ['a key of a wrong type', 'k', ({ cache }) => cache.get(none(7))],
  ['an empty key', 'key', ({ cache }) => cache.set('', 1)],
  ['no value', 'value', ({ cache }) => cache.set('k', none(undefined))],
  ['a long value', 'value', ({ cache }) => cache.set('k', 'x'.repeat(65_535))],
  ['what is no JSON', undefined, ({ cache }) => cache.set('k', none(1n))],
  ['no time', 'ttl_seconds', ({ cache }) => cache.set('k', 1, { ttlMs: 0 })],
  ['a negative time', 'ttlMs', ({ cache }) => cache.set('k', 1, { ttlMs: -1 })],
  ['a long time', 'ttl_seconds', ({ cache }) => cache.set('k', 1, { ttlMs: 1e12 })],
  ['below 0', 'if_version', ({ cache }) => cache.set('k', 1, { ifVersion: -1 })],
  [
    'an empty name',
    'if_held.resource',
    ({ cache }) => cache.set('k', 1, { ifHeld: { name: '', fenceToken: 1 } }),
  ],
  [
    'no token',
    'if_held.fence_token',
    ({ cache }) => cache.set('k', 1, { ifHeld: { name: 'l', fenceToken: 0 } }),
  ],
  ['an empty key', 'k', ({ cache }) => cache.delete('')],
  ['no time', 'fill_seconds', ({ cache }) => cache.get('k', { fill: () => one, fillTimeoutMs: 0 })],
  [
    'a negative time',
    'fillTimeoutMs',
    ({ cache }) => cache.get('k', { fill: () => one, fillTimeoutMs: -1 }),
  ],
];

/** Words of a command line, and what its message has to name. */
const commands: readonly (readonly [words: readonly string[], names: RegExp])[] = [
  [['queue', 'push', '', 'x'], /key/],
  [['queue', 'push', long, 'x'], /key/],
  [['queue', 'push', 'a', 'x', '--queue', ''], /queue/],
  [['queue', 'push', 'a', 'x', '--queue', long], /name has 257 characters/],
  [['queue', 'push', 'a', 'x', '--delay', '-1'], /--delay/],
  [['queue', 'push', 'a', 'x', '--delay', '99999999'], /--delay/],
  [['queue', 'push', 'a', 'x', '--max-deliveries', '1001'], /--max-deliveries/],
  [['queue', 'push', 'a', 'x', '--dedup-id', ''], /--dedup-id/],
  [['queue', 'push', 'a', 'x', '--no-such'], /--no-such/],
  [['queue', 'push'], /key/],
  [['queue', 'pop', '--count', '101'], /--count/],
  [['queue', 'pop', '--visibility', '0.01'], /--visibility/],
  [['queue', 'pop', '--wait', 'long'], /--wait/],
  [['queue', 'configure', long], /name has 257 characters/],
  [['queue', 'configure', 'q', '--max-deliveries', '1.5'], /--max-deliveries/],
  [['queue', 'dead', 'list', '--limit', '1001'], /limit/],
  [['queue', 'dead', 'redrive', '0'], /id/],
  [['queue', 'purge', ''], /queue/],
  [['queue', 'work', '--visibility', '99999', '--once', '--', 'true'], /--visibility/],
  [['cache', 'get', ''], /"k"|key/],
  [['cache', 'set', long, '1'], /key/],
  [['cache', 'set', 'k', '1', '--ttl', '0'], /--ttl/],
  [['cache', 'set', 'k', '1', '--ttl', 'soon'], /--ttl/],
  [['cache', 'set', 'k', '1', '--if-version', '-1'], /--if-version/],
  [['cache', 'set', 'k', '1', '--if-held', 'l'], /--fence-token/],
  [['cache', 'delete', long], /"k"|key/],
];

describe('bad input about queues and the cache', () => {
  let node: Awaited<ReturnType<typeof startOneNode>>;
  before(async () => {
    node = await startOneNode();
  });
  after(() => node.close());

  const nothingIsThere = async (client: Client): Promise<void> => {
    assert.deepEqual((await client.call('queue_stats', {})).queues, []);
    assert.equal((await client.cache.stats()).keys, 0);
  };

  it('is refused by the client with a code and the name of the field', async () => {
    await using client = await connect({ endpoints: [node.url], timeoutMs: 10_000 });
    const wrong: string[] = [];
    for (const [what, field, ask] of [...pushes, ...deliveries, ...cached]) {
      const refused: unknown = await ask(client).then(
        () => undefined,
        (error: unknown) => error,
      );
      const code = what === 'a long name' ? 'name_too_long' : 'invalid_request';
      const isAsSaid =
        refused instanceof HoldfastError &&
        refused.code === code &&
        refused.details['field'] === field;
      if (!isAsSaid) wrong.push(`${String(field)}, ${what}: ${String(refused)}`);
    }
    assert.deepEqual(wrong, []);
    // It goes on.
    await nothingIsThere(client);
    assert.equal(await client.cache.get('k'), undefined);
  });

  it('is refused to others of the same turn alone', async () => {
    await using client = await connect({ endpoints: [node.url], timeoutMs: 10_000 });
    const [bad, good, odd] = await Promise.allSettled([
      client.queue('').push('a', 1),
      client.cache.set('good', 1),
      client.queue('q').push('a', none(1n)),
    ]);
    assert.deepEqual([bad.status, good.status, odd.status], ['rejected', 'fulfilled', 'rejected']);
    assert.equal(await client.cache.delete('good'), true);
  });

  it('about the cache ends commands with the status of its code, and changes nothing', async () => {
    await using client = await connect({ endpoints: [node.url] });
    const { version } = await client.cache.set(keptKey, 1);
    const wrong: string[] = [];
    let asked = 0;
    for (const refusal of cacheRefusals) {
      const words = wordsOf(refusal);
      if (words === undefined) continue;
      asked += 1;
      const { status, stdout, stderr } = await holdfast(node.url, words).ended;
      const expected = refusal.code === 'invalid_request' ? 2 : 1;
      if (status !== expected || stdout !== '' || stderr === '' || /internal/i.test(stderr))
        wrong.push(`${words.join(' ').slice(0, 80)}: ${String(status)} ${stderr.slice(0, 200)}`);
      const kept = await client.call('cache_get', { k: keptKey });
      assert.deepEqual([kept.value, kept.version], [1, version], words.join(' '));
    }
    assert.deepEqual(wrong, []);
    assert.ok(asked > 20, String(asked));
    assert.equal((await client.cache.stats()).keys, 1);
    assert.equal(await client.cache.delete(keptKey), true);
  });

  it('ends commands with status 2, and their message names it', async () => {
    const wrong: string[] = [];
    for (const [words, names] of commands) {
      const { status, stdout, stderr } = await holdfast(node.url, words).ended;
      const isAsSaid = status === 2 && stdout === '' && names.test(stderr);
      if (!isAsSaid || /internal/i.test(stderr))
        wrong.push(`${words.join(' ').slice(0, 80)}: ${String(status)} ${stderr.slice(0, 200)}`);
    }
    assert.deepEqual(wrong, []);
    await using client = await connect({ endpoints: [node.url] });
    await nothingIsThere(client);
  });
});
