/** What every store of queues does, asked of it by the commands that operations submit. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { partitionOf } from '@holdfast/state';
import type { Delivery, JsonValue } from '@holdfast/state';
import { Bench, receiptOf } from './bench.ts';
import type { StoreUnderTest } from './bench.ts';

const payloads = (deliveries: readonly Delivery[]): readonly JsonValue[] =>
  deliveries.map(({ payload }) => JSON.parse(payload) as JsonValue);

/** Short enough to wait for, long enough for a busy machine to do something in between. */
const visibleMs = 400;
const afterMs = 450;

/** @param under Called when a test runs. */
export function testStore(under: () => StoreUnderTest): void {
  let tests = 0;
  const on = (what: string, test: (bench: Bench) => Promise<void>): void => {
    const name = `conformance-${String(++tests)}`;
    it(what, () => test(new Bench(under(), name)));
  };

  on('delivers the messages of a key in the order of their push, one at a time', async (bench) => {
    await bench.pushAll([
      { key: 'a', payload: 1 },
      { key: 'a', payload: 2 },
      { key: 'b', payload: { text: 'ü/"' } },
    ]);
    const first = await bench.pop(10, 60_000);
    assert.deepEqual(new Set(first.map(({ key }) => key)), new Set(['a', 'b']));
    assert.deepEqual(payloads(first.filter(({ key }) => key === 'a')), [1]);
    assert.deepEqual(payloads(first.filter(({ key }) => key === 'b')), [{ text: 'ü/"' }]);
    assert.deepEqual(await bench.pop(10, 60_000), []);
    for (const one of first) await bench.ack(one);
    const second = await bench.popOne();
    assert.deepEqual(payloads([second]), [2]);
    assert.deepEqual((await bench.view()).counts.depth, 0);
  });

  on('gives each delivery a count and a larger fence token', async (bench) => {
    await bench.push('a', 'again');
    const first = await bench.popOne(60_000);
    await bench.nack(first, { delayMs: 0 });
    const second = await bench.popOne(60_000);
    assert.deepEqual([first.delivery, second.delivery], [1, 2]);
    assert.equal(first.id, second.id);
    assert.ok(second.fenceToken > first.fenceToken);
  });

  on(
    'refuses a receipt that is not of the current delivery, and changes nothing',
    async (bench) => {
      const stale = async (delivery: Delivery): Promise<void> => {
        const receipt = receiptOf(delivery);
        const { name } = bench;
        assert.equal(await bench.refused({ type: 'queue_ack', name, receipt }), 'stale_receipt');
        assert.equal(await bench.refused({ type: 'queue_nack', name, receipt }), 'stale_receipt');
        const extend = { type: 'queue_extend', name, receipt, visibilityMs: 1000 } as const;
        assert.equal(await bench.refused(extend), 'stale_receipt');
      };
      await bench.push('a', 1);
      const first = await bench.popOne(60_000);
      await stale({ ...first, fenceToken: (first.fenceToken + 1) as Delivery['fenceToken'] });
      await stale({ ...first, delivery: 2 });
      await stale({ ...first, id: first.id + 64_000 });
      await bench.nack(first, { delayMs: 0 });
      await stale(first);
      const second = await bench.popOne(60_000);
      await stale(first);
      await bench.ack(second);
      await stale(second);
    },
  );

  on('delivers again when the visibility has ended, and not before', async (bench) => {
    await bench.pushAll([
      { key: 'a', payload: 1 },
      { key: 'a', payload: 2 },
    ]);
    const first = await bench.popOne(visibleMs);
    assert.deepEqual(await bench.pop(5, visibleMs), []);
    await bench.pass(afterMs);
    const again = await bench.popOne(60_000);
    assert.deepEqual([again.id, again.delivery], [first.id, 2]);
    assert.equal(
      await bench.refused({ type: 'queue_ack', name: bench.name, receipt: receiptOf(first) }),
      'stale_receipt',
    );
  });

  on(
    'takes no acknowledgement whose visibility has ended, also where nobody asked since',
    async (bench) => {
      await bench.push('a', 1);
      const first = await bench.popOne(visibleMs);
      await bench.pass(afterMs);
      const receipt = receiptOf(first);
      assert.equal(
        await bench.refused({ type: 'queue_ack', name: bench.name, receipt }),
        'stale_receipt',
      );
      assert.equal((await bench.popOne(60_000)).delivery, 2);
    },
  );

  on('keeps a message for as long as it is extended', async (bench) => {
    await bench.push('a', 1);
    const first = await bench.popOne(visibleMs);
    await bench.extend(first, 60_000);
    await bench.pass(afterMs);
    assert.deepEqual(await bench.pop(1, visibleMs), []);
    await bench.ack(first);
  });

  on('delivers a nack again after its delay, longer after each delivery', async (bench) => {
    await bench.pushAll([
      { key: 'a', payload: 1 },
      { key: 'a', payload: 2 },
    ]);
    const first = await bench.popOne(60_000);
    assert.equal((await bench.nack(first, { delayMs: visibleMs })).retryInMs, visibleMs);
    assert.deepEqual(await bench.pop(5), []); // The key waits for its retry.
    await bench.pass(afterMs);
    const again = await bench.popOne(60_000);
    assert.equal((await bench.nack(again)).retryInMs, 2000);
    const { keys } = await bench.blockedKeys();
    assert.deepEqual(
      keys.map(({ key, because, messageId, waiting }) => [key, because, messageId, waiting]),
      [['a', 'retry', first.id, 1]],
    );
    assert.ok((keys[0]?.endsInMs ?? 0) > 1000);
  });

  on(
    'keeps a dead letter with its last reason, and redrives it with its deliveries from the beginning',
    async (bench) => {
      await bench.push('a', 'one', { maxDeliveries: 1 });
      await bench.push('a', 'two');
      const first = await bench.popOne(60_000);
      const back = await bench.nack(first, { reason: 'no such address' });
      assert.deepEqual([back.dead, back.retryInMs], [true, 0]);
      const { letters, more } = await bench.deadLetters();
      assert.equal(more, false);
      assert.deepEqual(
        letters.map(({ id, key, payload, deliveries, reason }) => [
          id,
          key,
          payload,
          deliveries,
          reason,
        ]),
        [[first.id, 'a', '"one"', 1, 'no such address']],
      );
      const second = await bench.popOne(60_000); // `skip`
      assert.deepEqual(payloads([second]), ['two']);
      await bench.nack(second, { delayMs: 0 });
      assert.deepEqual(await bench.redrive(10).then(({ count, more: left }) => [count, left]), [
        1,
        false,
      ]);
      const again = await bench.popOne(60_000); // Its id is the lower one.
      assert.deepEqual([again.id, again.delivery], [first.id, 1]);
      assert.equal((await bench.view()).dead, 0);
    },
  );

  on(
    'delivers messages without a key one for each, whatever they are pushed with',
    async (bench) => {
      await bench.configure({ order: 'none', maxDeliveries: 2 });
      const count = 40;
      for (let number = 0; number < count; number++)
        await bench.push(
          undefined,
          number,
          number % 2 === 0 ? {} : { dedupId: `d${String(number)}` },
        );
      const first = await bench.pop(count, 60_000);
      assert.ok(first.every(({ key }) => key === ''));
      for (const one of first.slice(0, 20)) await bench.ack(one);
      for (const one of first.slice(20)) await bench.nack(one, { delayMs: 0 });
      const again = await bench.pop(count, 60_000);
      assert.deepEqual(
        new Set([...first.slice(0, 20), ...again].map(({ payload }) => Number(payload))),
        new Set(Array.from({ length: count }, (_, number) => number)),
      );
      for (const one of again.slice(1)) await bench.ack(one);
      await bench.nack(again[0] ?? assert.fail());
      assert.equal((await bench.purge('dead_letters')).count, 1);
      assert.equal((await bench.view()).counts.depth, 0);
    },
  );

  on('makes a dead letter of a message that is not acknowledged in time, too', async (bench) => {
    await bench.push('a', 1, { maxDeliveries: 1 });
    await bench.popOne(visibleMs);
    await bench.pass(afterMs);
    assert.deepEqual(await bench.pop(1, visibleMs), []);
    const { letters } = await bench.deadLetters();
    assert.deepEqual(
      letters.map(({ reason }) => reason),
      ['not acknowledged in time'],
    );
  });

  on(
    'blocks the key of a dead letter until it is purged, where the queue says so',
    async (bench) => {
      await bench.configure({ onDead: 'block', maxDeliveries: 1 });
      await bench.pushAll([
        { key: 'a', payload: 1 },
        { key: 'a', payload: 2 },
      ]);
      await bench.nack(await bench.popOne(60_000));
      assert.deepEqual(await bench.pop(5), []);
      const { keys } = await bench.blockedKeys();
      assert.deepEqual(
        keys.map(({ key, because, waiting, endsInMs }) => [key, because, waiting, endsInMs]),
        [['a', 'dead_letter', 1, undefined]],
      );
      assert.equal((await bench.purge('dead_letters')).count, 1);
      assert.deepEqual(payloads([await bench.popOne()]), [2]);
    },
  );

  on('pushes a message with a dedup id once, whatever became of it', async (bench) => {
    const [first] = await bench.push('a', 1, { dedupId: 'x' });
    await bench.popOne();
    const [same] = await bench.push('b', 2, { dedupId: 'x' });
    assert.deepEqual(same, { id: first?.id, duplicate: true });
    assert.deepEqual(await bench.pop(), []);
    const both = await bench.pushAll([
      { key: 'a', payload: 1, dedupId: 'y' },
      { key: 'a', payload: 1, dedupId: 'y' },
    ]);
    assert.deepEqual(
      both.map(({ duplicate }) => duplicate),
      [false, true],
    );
  });

  on('pushes all of several messages, or none', async (bench) => {
    const messages = [{ key: 'a', payload: 1 }, { payload: 2 }];
    assert.equal(
      await bench.refused({ type: 'queue_push', name: bench.name, messages }),
      'queue_order',
    );
    await bench.push('b', 3);
    assert.deepEqual(payloads(await bench.pop(10)), [3]);
  });

  on(
    'refuses a delay in a queue that is ordered by key, and keeps it in one that is not',
    async (bench) => {
      const messages = [{ key: 'a', payload: 1, delayMs: visibleMs }];
      assert.equal(
        await bench.refused({ type: 'queue_push', name: bench.name, messages }),
        'queue_order',
      );
      await bench.configure({ order: 'none' });
      await bench.push(undefined, 1, { delayMs: visibleMs });
      await bench.push(undefined, 2);
      assert.deepEqual(payloads(await bench.pop(5)), [2]);
      assert.equal((await bench.view()).counts.delayed, 1);
      await bench.pass(afterMs);
      assert.deepEqual(payloads(await bench.pop(5)), [1]);
    },
  );

  on('serves keys by what each has in flight, and then in turn', async (bench) => {
    await bench.configure({ order: 'none' });
    await bench.pushAll(
      ['hot', 'hot', 'hot', 'hot', 'cold'].map((key, payload) => ({ key, payload })),
    );
    const taken = [
      await bench.popOne(60_000),
      await bench.popOne(60_000),
      await bench.popOne(60_000),
    ];
    assert.deepEqual(new Set(taken.slice(0, 2).map(({ key }) => key)), new Set(['hot', 'cold']));
    assert.equal(taken[2]?.key, 'hot');
  });

  on('lets no hot key delay the others', async (bench) => {
    const hot = Array.from({ length: 100 }, (_, payload) => ({ key: 'hot', payload }));
    for (let round = 0; round < 5; round++) await bench.pushAll(hot);
    await bench.pushAll([
      { key: 'x', payload: 'x' },
      { key: 'y', payload: 'y' },
    ]);
    const taken = await bench.pop(3, 60_000);
    assert.deepEqual(new Set(taken.map(({ key }) => key)), new Set(['hot', 'x', 'y']));
    assert.equal((await bench.view()).counts.blocked, 499);
  });

  on('changes its order only while it is empty, and is deleted only then', async (bench) => {
    const { name } = bench;
    assert.equal(await bench.refused({ type: 'queue_delete', name }), 'queue_not_found');
    await bench.push('a', 1, { maxDeliveries: 1 });
    assert.equal(
      await bench.refused({ type: 'queue_configure', name, order: 'none' }),
      'queue_order',
    );
    assert.equal(await bench.refused({ type: 'queue_delete', name }), 'queue_not_empty');
    await bench.nack(await bench.popOne(60_000));
    assert.equal(await bench.refused({ type: 'queue_delete', name }), 'queue_not_empty');
    await bench.purge('dead_letters');
    const { settings } = await bench.configure({ order: 'none', maxDeliveries: 3 });
    assert.deepEqual(settings, { order: 'none', onDead: 'skip', maxDeliveries: 3 });
  });

  on(
    'purges messages up to an id, whatever they are, and tells whether more are left',
    async (bench) => {
      const pushed = await bench.pushAll(
        ['a', 'a', 'b', 'c'].map((key, payload) => ({ key, payload })),
      );
      const held = await bench.popOne(60_000);
      const first = await bench.purge('messages', 3);
      assert.deepEqual([first.count, first.more], [3, true]);
      const [late] = await bench.push('d', 'late');
      let { more } = first;
      for (let rounds = 0; more && rounds < 10; rounds++)
        ({ more } = await bench.purge('messages', 3, first.through));
      assert.ok((late?.id ?? 0) > (pushed.at(-1)?.id ?? 0));
      assert.deepEqual(payloads(await bench.pop(10)), ['late']);
      assert.equal(
        await bench.refused({ type: 'queue_ack', name: bench.name, receipt: receiptOf(held) }),
        'stale_receipt',
      );
      const { counts, bytes } = await bench.view();
      assert.deepEqual([counts.depth, counts.inFlight, bytes], [0, 0, 0]);
    },
  );

  on(
    'tells what it has: depth, in flight, blocked, bytes, the oldest age, totals and rates',
    async (bench) => {
      await bench.pushAll(['a', 'a', 'a', 'b'].map((key, payload) => ({ key, payload })));
      const [one] = await bench.pop(1, 60_000);
      assert.ok(one !== undefined);
      await bench.pass(20);
      const view = await bench.view();
      assert.deepEqual(view.counts, { depth: 4, ready: 1, inFlight: 1, delayed: 0, blocked: 2 });
      assert.ok(view.bytes > 4 && (view.oldestAgeMs ?? 0) >= 15);
      assert.equal(view.rates.pushed.total, 4);
      assert.equal(view.rates.delivered.total, 1);
      assert.ok(view.rates.pushed.perSecond > 0);
      const depth = view.partitions.reduce((sum, counts) => sum + counts.depth, 0);
      assert.deepEqual([view.partitions.length, depth], [64, 4]);
      await bench.ack(one);
      assert.equal((await bench.view()).rates.acknowledged.total, 1);
    },
  );

  on('tells of each partition the oldest age and the rates of its own messages', async (bench) => {
    const [early, late] = [partitionOf('a'), partitionOf('b')];
    assert.notEqual(early, late);
    await bench.push('a', 1, { maxDeliveries: 1 });
    await bench.pass(20);
    await bench.pushAll(['a', 'b'].map((key) => ({ key, payload: 2 })));
    const told = async () => {
      const view = await bench.view();
      const [one, other] = [view.partitions[early], view.partitions[late]];
      assert.ok(one !== undefined && other !== undefined);
      return { view, one, other };
    };
    const before = await told();
    assert.equal(before.one.oldestAgeMs, before.view.oldestAgeMs);
    const ages = [before.one.oldestAgeMs ?? 0, before.other.oldestAgeMs ?? Infinity] as const;
    assert.ok(ages[0] >= ages[1] + 15, ages.join());
    assert.equal(before.one.rates.pushed, 2 * before.other.rates.pushed);
    // The oldest one of `a` dies, and is a message with its age again when it is redriven.
    const both = await bench.pop(2, 60_000);
    await bench.nack(both.find(({ key }) => key === 'a') ?? assert.fail());
    const died = await told();
    assert.ok((died.one.oldestAgeMs ?? 0) < (before.one.oldestAgeMs ?? 0) + 15);
    assert.equal(died.one.oldestAgeMs, died.other.oldestAgeMs);
    await bench.redrive(1);
    const again = await told();
    assert.equal(again.one.oldestAgeMs, again.view.oldestAgeMs);
    assert.ok((again.one.oldestAgeMs ?? 0) >= (again.other.oldestAgeMs ?? Infinity) + 15);
    await bench.ack(both.find(({ key }) => key === 'b') ?? assert.fail());
    await bench.pop(2);
    const after = await told();
    assert.deepEqual([after.one.oldestAgeMs, after.other.oldestAgeMs], [undefined, undefined]);
    for (const happening of ['pushed', 'delivered', 'acknowledged', 'dead'] as const) {
      const sum = after.view.partitions.reduce((total, { rates }) => total + rates[happening], 0);
      const { perSecond } = after.view.rates[happening];
      assert.ok(perSecond > 0 && Math.abs(sum - perSecond) < 1e-9, `${happening} ${String(sum)}`);
    }
  });

  on('shows dead letters and blocked keys by pages', async (bench) => {
    await bench.configure({ onDead: 'block', maxDeliveries: 1 });
    await bench.pushAll(['a', 'b', 'c'].map((key, payload) => ({ key, payload })));
    for (const one of await bench.pop(10, 60_000)) await bench.nack(one, { reason: one.key });
    const page = await bench.deadLetters(0, 2);
    assert.deepEqual([page.letters.length, page.more], [2, true]);
    const rest = await bench.deadLetters(page.letters.at(-1)?.id ?? 0, 2);
    assert.deepEqual([rest.letters.length, rest.more], [1, false]);
    const ids = await bench.deadLetters(0, 2, { idsOnly: true });
    assert.deepEqual(
      [ids.letters.map(({ id, payload }) => [id, payload]), ids.more],
      [page.letters.map(({ id }) => [id, '']), true],
      'of those that want ids alone (IDS-1 of the state)',
    );
    const keys = await bench.blockedKeys(2);
    assert.deepEqual([keys.keys.map(({ key }) => key), keys.more], [['a', 'b'], true]);
    const last = await bench.blockedKeys(2, 'b');
    assert.deepEqual([last.keys.map(({ key }) => key), last.more], [['c'], false]);
    const [letter] = rest.letters;
    assert.equal((await bench.redrive(10, [letter?.id ?? 0])).count, 1);
    assert.equal((await bench.deadLetters()).letters.length, 2);
  });

  on(
    'tells queues by pages in the order of names, and their partitions together',
    async (bench) => {
      await bench.pushAll([{ key: 'a', payload: 1 }]);
      const [first, second] = [bench.beside('/1'), bench.beside('/2')];
      await second.pushAll(['a', 'b'].map((key, payload) => ({ key, payload })));
      await first.configure({ order: 'none' });
      const page = await bench.page(bench.name, 2);
      assert.deepEqual(
        page.queues.map(({ name, counts }) => [name, counts.depth]),
        [
          [bench.name, 1],
          [first.name, 0],
        ],
      );
      assert.equal(page.nextAfter, first.name);
      const rest = await bench.page(bench.name, 2, page.nextAfter);
      assert.deepEqual(
        rest.queues.map(({ name, counts }) => [name, counts.depth]),
        [[second.name, 2]],
      );
      assert.equal(rest.nextAfter, undefined);
      assert.equal(
        rest.partitions.reduce((sum, { depth }) => sum + depth, 0),
        2,
      );
    },
  );

  on('refuses what passes a bound of the queue, and takes none of it', async (bench) => {
    const many = Array.from({ length: 100 }, () => ({ key: 'a', payload: 'x'.repeat(1000) }));
    let refused = '';
    for (let round = 0; round < 20 && refused === ''; round++) {
      const before = (await bench.view().catch(() => undefined))?.counts.depth ?? 0;
      const push = { type: 'queue_push', name: bench.name, messages: many } as const;
      try {
        await bench.pushAll(many);
      } catch {
        refused = await bench.refused(push);
        assert.equal((await bench.view()).counts.depth, before);
      }
    }
    assert.equal(refused, 'limit_exceeded');
  });

  on(
    'keeps queues and keys apart, whatever characters they are named by (RCONN-2)',
    async (bench) => {
      const names = ['', '}', '}:w:x', '{', '{}', ':', '%7D'];
      const keys = ['a', '}', 'x}:q', '{y}', 'w:a', '%'];
      for (const [at, end] of names.entries())
        for (const key of keys)
          await assert.doesNotReject(bench.beside(end).push(key, `${String(at)} ${key}`));
      for (const [at, end] of names.entries()) {
        const taken = await bench.beside(end).pop(10);
        assert.deepEqual(
          new Set(payloads(taken)),
          new Set(keys.map((key) => `${String(at)} ${key}`)),
        );
      }
    },
  );

  on(
    'answers a push that is sent again as the first time, also where the queue is full (DEDUP-3)',
    async (bench) => {
      const some = (count: number, from: number) =>
        Array.from({ length: count }, (_, index) => ({
          key: 'a',
          payload: index,
          dedupId: `m${String(from + index)}`,
        }));
      const most = testLimits.maxMessagesPerQueue;
      for (let from = 0; from < most; from += 100) await bench.pushAll(some(100, from));
      const again = await bench.pushAll(some(100, most - 100));
      assert.ok(again.every(({ duplicate }) => duplicate));
      const messages = some(1, most);
      const push = { type: 'queue_push', name: bench.name, messages } as const;
      assert.equal(await bench.refused(push), 'limit_exceeded');
    },
  );
}

/** With these the last test ends soon. */
export const testLimits = {
  maxQueues: 1000,
  maxMessagesPerQueue: 1000,
  maxMessageBytesPerQueue: 1024 * 1024,
  maxDedupIds: 1100,
};
