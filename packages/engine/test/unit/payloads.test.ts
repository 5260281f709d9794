import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MemberId } from '@holdfast/raft';
import { createStateMachine, latestFeatureLevel, payloadHash } from '@holdfast/state';
import type { ResourceName, StateMachine, StoredPayload } from '@holdfast/state';
import { Payloads } from '../../src/payloads/payloads.ts';
import { PayloadAsks } from '../../src/payloads/payload-asks.ts';
import { areWirePayloads } from '../../src/payloads/wire-payloads.ts';
import type { WirePayload } from '../../src/payloads/wire-payloads.ts';
import { silentLog } from '../cluster.ts';
import { MemoryPayloads } from './memory-payloads.ts';

const textOf = (id: number): string => JSON.stringify(`payload ${String(id)} `.repeat(100));
const storedOf = (id: number): StoredPayload => {
  const text = textOf(id);
  return { id, byteLength: Buffer.byteLength(text), hash: payloadHash(text) };
};
const keptOf = (id: number) => ({ id, byteLength: storedOf(id).byteLength, text: textOf(id) });
const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/** @param others What members give when they are asked, in the order in which they are asked. */
function stage(others: readonly ((id: number) => string | null)[] = []) {
  const store = new MemoryPayloads();
  const asked: number[][] = [];
  const payloads = new Payloads({
    store,
    clock: { endOfTurn: (callback) => void setImmediate(callback) },
    log: silentLog,
    asks: new PayloadAsks({
      clock: {
        after: (_ms, callback) => {
          setImmediate(callback);
          return () => undefined;
        },
      },
      transport: () => ({
        isConnected: () => true,
        call: (to, request) => {
          const { wanted } = request as { readonly wanted: readonly WirePayload[] };
          asked.push(wanted.map(([id]) => id));
          const give = others[Number(to)];
          return Promise.resolve({ type: 'ok', value: wanted.map(([id]) => give?.(id) ?? null) });
        },
      }),
      others: () => others.map((_, position) => String(position) as MemberId),
    }),
  });
  return { store, payloads, asked };
}

const delivered = (id: number) => ({
  ok: true as const,
  type: 'queue_taken' as const,
  deliveries: [
    {
      id,
      key: 'a',
      payload: '',
      stored: storedOf(id),
      delivery: 1,
      maxDeliveries: 10,
      fenceToken: 1 as never,
    },
  ],
});

/** With so many messages, and the payloads that came of it. */
function stateWith(count: number): { state: StateMachine; texts: Map<number, string> } {
  const state = createStateMachine();
  const texts = new Map<number, string>();
  const enter = (index: number, command: object): void => {
    const { payloads } = state.apply({
      index,
      time: 1000,
      commands: [{ identity: 'test', command: command as never }],
    });
    for (const { id, text } of payloads?.kept ?? []) texts.set(id, text);
  };
  enter(1, { type: 'raise_feature_level', level: latestFeatureLevel });
  for (let number = 1; number <= count; number++) {
    const payload = `${String(number)} `.repeat(200);
    const name = 'mail' as ResourceName;
    enter(1 + number, { type: 'queue_push', name, messages: [{ key: 'a', payload }] });
  }
  return { state, texts };
}

describe('Payloads beside the state', () => {
  it('go only when a snapshot in which they have ended is durable (PAYLOAD-2)', () => {
    const { store, payloads } = stage();
    payloads.applied(5, { kept: [keptOf(1), keptOf(2)], ended: [] });
    payloads.applied(6, { kept: [], ended: [1] });
    payloads.applied(7, { kept: [], ended: [2] });
    payloads.snapshotDurable(5);
    assert.ok(store.has(1));
    payloads.snapshotDurable(6);
    assert.ok(!store.has(1) && store.has(2));
    payloads.snapshotDurable(7);
    assert.ok(!store.has(2));
  });

  it('stay while somebody reads an older snapshot (PAYLOAD-2)', () => {
    const { store, payloads } = stage();
    payloads.applied(5, { kept: [keptOf(1)], ended: [] });
    const first = payloads.hold();
    const second = payloads.hold();
    payloads.applied(6, { kept: [], ended: [1] });
    payloads.snapshotDurable(6);
    first();
    first();
    assert.ok(store.has(1));
    second();
    assert.ok(!store.has(1));
  });

  it('go a slice a turn, however many end at once (PAYLOAD-5)', async () => {
    const { store, payloads } = stage();
    const ids = Array.from({ length: 10_000 }, (_, position) => position + 1);
    payloads.applied(5, { kept: ids.map(keptOf), ended: ids });
    payloads.snapshotDurable(5);
    assert.ok(store.bodies.size >= 8000);
    await turns(10);
    assert.equal(store.bodies.size, 0);
  });

  it('are given to consumers as the state names them, wherever they are to be had (PAYLOAD-3)', async () => {
    const { store, payloads, asked } = stage([() => textOf(99), (id) => textOf(id)]);
    payloads.applied(5, { kept: [keptOf(1)], ended: [] });
    store.put(2, Buffer.from(textOf(3)));
    for (const id of [1, 2]) {
      const { deliveries } = await payloads.taken(delivered(id));
      assert.equal(deliveries[0]?.payload, textOf(id));
      assert.equal(deliveries[0].stored, undefined);
    }
    // The first gave another one; what the second gave is here from then on.
    assert.deepEqual(asked, [[2], [2]]);
    await payloads.taken(delivered(2));
    assert.equal(asked.length, 2);
    assert.deepEqual(await payloads.given([storedOf(1), storedOf(7), storedOf(2)]), [
      textOf(1),
      null,
      textOf(2),
    ]);
  });

  it('that nobody has are told, and the message is not given without (PAYLOAD-3)', async () => {
    const { payloads } = stage([() => null]);
    await assert.rejects(payloads.taken(delivered(1)), {
      code: 'outcome_unknown',
      message: /Message 1 was taken, and its payload of \d+ bytes is damaged or missing/,
    });
    const letter = { id: 1, key: 'a', payload: '', stored: storedOf(1), deliveries: 1 };
    const page = { letters: [{ ...letter, reason: '', ageMs: 1 }], more: false };
    await assert.rejects(payloads.answer({ type: 'dead_letters', page, revision: 1 }), {
      code: 'internal',
    });
  });

  it('that nobody has take no other message of their pop with them (PAYLOAD-6)', async () => {
    const { store, payloads } = stage([() => null]);
    store.put(2, Buffer.from(textOf(2)));
    const [one, two] = [delivered(1), delivered(2)];
    const taken = await payloads.taken({
      ...one,
      deliveries: [...one.deliveries, ...two.deliveries],
    });
    assert.deepEqual(
      taken.deliveries.map(({ id, payload }) => [id, payload]),
      [[2, textOf(2)]],
    );
  });

  it('that a received snapshot names are asked for where they are missing, and only those (PAYLOAD-4)', async () => {
    const { state, texts } = stateWith(300);
    const { store, payloads, asked } = stage([(id) => texts.get(id) ?? null]);
    const here = [...texts.keys()].slice(0, 40);
    for (const id of here) store.put(id, Buffer.from(texts.get(id) ?? ''));
    const named = await payloads.complete(state, true);
    assert.ok(named !== undefined);
    assert.deepEqual(
      asked.flat(),
      [...texts.keys()].filter((id) => !here.includes(id)),
    );
    assert.ok(asked.length > 1 && asked.every((page) => page.length <= 256));
    // What it does not name goes, what comes later stays.
    const lastId = state.queues.lastId();
    const old = Array.from({ length: lastId }, (_, id) => id).find((id) => !texts.has(id)) ?? 0;
    store.put(old, Buffer.from('old'));
    const later = lastId + 1;
    store.put(later, Buffer.from('new'));
    payloads.adopt(named, state);
    await turns(3);
    assert.ok(!store.has(old) && store.has(later));
    for (const [id, text] of texts) assert.equal(String(store.bodies.get(id)), text);
  });

  it('stay while a backup reads an older snapshot and a received one takes its place (PAYLOAD-2)', async () => {
    const { state, texts } = stateWith(3);
    const { store, payloads } = stage();
    for (const [id, text] of texts) store.put(id, Buffer.from(text));
    const old = Array.from({ length: 99 }, (_, id) => id).find((id) => !texts.has(id)) ?? 0;
    store.put(old, Buffer.from('old'));
    const release = payloads.hold();
    const named = await payloads.complete(state, true);
    assert.ok(named !== undefined);
    payloads.adopt(named, state);
    await turns(3);
    assert.ok(store.has(old));
    release();
    await turns(3);
    assert.ok(!store.has(old));
    assert.equal(store.bodies.size, texts.size);
  });

  it('that are to be had nowhere, or are not durable here, keep a received snapshot from counting (PAYLOAD-1)', async () => {
    const { state, texts } = stateWith(3);
    const without = stage([() => null]);
    assert.equal(await without.payloads.complete(state, true), undefined);
    const slow = stage([(id) => texts.get(id) ?? null]);
    let durable: (isDurable: boolean) => void = () => undefined;
    slow.store.durableWhen = new Promise((resolve) => (durable = resolve));
    let isOver = false;
    const completing = slow.payloads.complete(state, true).finally(() => (isOver = true));
    await turns(20);
    assert.equal(isOver, false);
    durable(false);
    assert.equal(await completing, undefined);
  });
});

describe('the names of payloads between members', () => {
  it('are whole numbers, and no less than 0', () => {
    assert.equal(areWirePayloads([[1, 300, -5]]), true);
    for (const wrong of [[[1, -300, 5]], [[-1, 300, 5]], [[1.5, 300, 5]], [[1, 300]], {}, null])
      assert.equal(areWirePayloads(wrong), false, JSON.stringify(wrong));
  });
});
