import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { MemberId } from '@holdfast/raft';
import { areWirePayloads } from '../../src/payloads/wire-payloads.ts';
import { keptOf, stage, stateWith, stopAll, storedOf, textOf, turns } from './payload-stage.ts';

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

afterEach(stopAll);

describe('Payloads beside the state', () => {
  it('go only when a snapshot in which they have ended is durable (PAYLOAD-2)', () => {
    const { store, payloads } = stage();
    payloads.applied(5, { kept: [keptOf(1), keptOf(2)], ended: [], lost: [] });
    payloads.applied(6, { kept: [], ended: [1], lost: [] });
    payloads.applied(7, { kept: [], ended: [2], lost: [] });
    payloads.snapshotDurable(5);
    assert.ok(store.has(1));
    payloads.snapshotDurable(6);
    assert.ok(!store.has(1) && store.has(2));
    payloads.snapshotDurable(7);
    assert.ok(!store.has(2));
  });

  it('stay while somebody reads an older snapshot (PAYLOAD-2)', () => {
    const { store, payloads } = stage();
    payloads.applied(5, { kept: [keptOf(1)], ended: [], lost: [] });
    const first = payloads.hold(assert.fail);
    const second = payloads.hold(assert.fail);
    payloads.applied(6, { kept: [], ended: [1], lost: [] });
    payloads.snapshotDurable(6);
    first();
    first();
    assert.ok(store.has(1));
    second();
    assert.ok(!store.has(1));
  });

  it('stay for a reader only up to a limit, then its hold is lost and they go (PAYLOAD-8)', async () => {
    const { store, payloads } = stage([], { mostHeldEnded: 10 });
    const ids = Array.from({ length: 12 }, (_, position) => position + 1);
    payloads.applied(5, { kept: ids.map(keptOf), ended: [], lost: [] });
    let lost = 0;
    const first = payloads.hold(() => (lost += 1));
    const second = payloads.hold(() => (lost += 1));
    const end = (id: number): void => {
      payloads.applied(5 + id, { kept: [], ended: [id], lost: [] });
      payloads.snapshotDurable(5 + id);
    };
    for (const id of ids.slice(0, 10)) end(id);
    await turns(3);
    assert.equal(store.bodies.size, 12);
    assert.equal(lost, 0);
    end(11);
    await turns(3);
    assert.equal(lost, 2);
    assert.deepEqual([...store.bodies.keys()], [12]);
    // What was lost is given back by nobody: the hold of a later reader stands.
    const third = payloads.hold(assert.fail);
    first();
    second();
    end(12);
    await turns(3);
    assert.ok(store.has(12));
    third();
    await turns(3);
    assert.equal(store.bodies.size, 0);
  });

  it('go a slice a turn, however many end at once (PAYLOAD-5)', async () => {
    const { store, payloads } = stage();
    const ids = Array.from({ length: 10_000 }, (_, position) => position + 1);
    payloads.applied(5, { kept: ids.map(keptOf), ended: ids, lost: [] });
    payloads.snapshotDurable(5);
    assert.ok(store.bodies.size >= 8000);
    await turns(10);
    assert.equal(store.bodies.size, 0);
  });

  it('are given to consumers as the state names them, wherever they are to be had (PAYLOAD-3)', async () => {
    const { store, payloads, asked } = stage([() => textOf(99), (id) => textOf(id)]);
    payloads.applied(5, { kept: [keptOf(1)], ended: [], lost: [] });
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
      // The state does not know this one yet.
      false,
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
    const letters = [{ ...letter, reason: '', ageMs: 1 }];
    const page = { letters, more: false };
    // A dead letter is told all the same, and the others of its page.
    const answer = await payloads.answer({ type: 'dead_letters', page, revision: 1 });
    assert.ok(answer.type === 'dead_letters');
    assert.equal(answer.page?.letters[0]?.payload, '');
    assert.equal(answer.page.letters[0].stored, undefined);
  });

  it('that do not come are waited for no longer than a bound, and those that came are given (PAYLOAD-9)', async () => {
    let endTime: () => void = assert.fail;
    const onWaiting = (end: () => void): void => {
      endTime = end;
    };
    const { store, payloads, asked } = stage([() => null], { onWaiting });
    store.put(2, Buffer.from(textOf(2)));
    const readNow = store.read.bind(store);
    // The disk answers for the second one alone
    store.read = (id) => (id === 2 ? readNow(id) : new Promise(() => undefined));
    const [one, two] = [delivered(1), delivered(2)];
    const both = payloads.taken({ ...one, deliveries: [...one.deliveries, ...two.deliveries] });
    await turns(3);
    endTime();
    assert.deepEqual(
      (await both).deliveries.map(({ id }) => id),
      [2],
    );
    const alone = payloads.taken(one);
    await turns(3);
    endTime();
    await assert.rejects(alone, {
      code: 'outcome_unknown',
      message: /Message 1 was taken, and its payload of \d+ bytes could not be read within 15 sec/,
    });
    assert.deepEqual(asked, []);
  });

  it('of a page are waited for until shortly before its call ends, and it is told without the others (PAYLOAD-9)', async () => {
    const waited: number[] = [];
    const { store, payloads } = stage([() => null], {
      waitMs: 1,
      onWaiting: (end, ms) => {
        waited.push(ms);
        setImmediate(end);
      },
    });
    store.read = () => new Promise(() => undefined);
    const letter = { id: 1, key: 'a', payload: '', stored: storedOf(1), deliveries: 1 };
    const page = { letters: [{ ...letter, reason: '', ageMs: 1 }], more: false };
    const answer = await payloads.answer(
      { type: 'dead_letters', page, revision: 1 },
      performance.now() + 200,
    );
    assert.deepEqual(waited, [1]);
    assert.ok(answer.type === 'dead_letters');
    assert.equal(answer.page?.letters[0]?.payload, '');
  });

  it('are asked for nowhere else when nobody waits for them any more (PAYLOAD-9)', async () => {
    let endTime: () => void = assert.fail;
    const onWaiting = (end: () => void): void => {
      endTime = end;
    };
    const first = (): null => {
      endTime();
      return null;
    };
    const { payloads, asked } = stage([first, (id) => textOf(id)], { onWaiting });
    await assert.rejects(payloads.taken(delivered(1)), { code: 'outcome_unknown' });
    await turns(3);
    assert.equal(asked.length, 1);
  });

  it('that nobody has take no other message of their pop with them (PAYLOAD-6)', async () => {
    const { store, payloads } = stage([() => null]);
    store.put(2, Buffer.from(textOf(2)));
    const [one, two] = [delivered(1), delivered(2)];
    const taking = payloads.taken({
      ...one,
      deliveries: [...one.deliveries, ...two.deliveries],
    });
    await assert.doesNotReject(taking);
    const taken = await taking;
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
    const release = payloads.hold(assert.fail);
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

  it('that are not durable here keep a received snapshot from counting (PAYLOAD-1)', async () => {
    const { state, texts } = stateWith(3);
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

  it('that each member denies stop no received snapshot, and are asked for afterwards (PAYLOAD-7)', async () => {
    const { state, texts } = stateWith(3);
    const [first = 0, ...others] = texts.keys();
    let isBack = false;
    const give = (id: number): string | null | false =>
      id === first && !isBack ? null : (texts.get(id) ?? null);
    const { payloads, store, asked } = stage([give, () => false], { state });
    const named = await payloads.complete(state, true);
    assert.ok(named !== undefined);
    for (const id of others) assert.ok(store.has(id), `payload ${String(id)}`);
    assert.ok(!store.has(first));
    payloads.adopt(named, state);
    payloads.begin();
    await turns(20);
    assert.equal(payloads.statistics.missing, 1);
    isBack = true;
    await turns(20);
    assert.equal(String(store.bodies.get(first)), texts.get(first));
    const { missing, repaired, lost } = payloads.statistics;
    assert.deepEqual({ missing, repaired, lost }, { missing: 0, repaired: 1, lost: 0 });
    const count = asked.length;
    await turns(20);
    assert.equal(asked.length, count);
    payloads.stop();
  });

  it('of members that do not answer keep a received snapshot from counting, after some attempts (PAYLOAD-7)', async () => {
    const { state, texts } = stateWith(3);
    const give = (id: number) => texts.get(id) ?? null;
    const dumb = stage(['silent', () => null], { pauses: [] });
    assert.equal(await dumb.payloads.complete(state, true), undefined);
    assert.ok(dumb.payloads.statistics.isTransferWaiting);
    // Four pauses, each longer than the one before, and random.
    const long = dumb.pauses.filter((ms) => ms > 200);
    assert.deepEqual(long, [1000, 2000, 4000, 8000]);
    const gone = stage(['away', 'away']);
    assert.equal(await gone.payloads.complete(state, true), undefined);
    // The leader has to be heard, and the others where they are connected.
    const without = stage(['away', give]);
    assert.ok((await without.payloads.complete(state, true)) !== undefined);
    const leaderAway = stage(['away', () => null]);
    assert.equal(await leaderAway.payloads.complete(state, true), undefined);
    const otherAway = stage([() => null, 'away']);
    assert.ok((await otherAway.payloads.complete(state, true)) !== undefined);
  });

  it('are asked of the members that a received snapshot names (PAYLOAD-7)', async () => {
    const { state, texts } = stateWith(1);
    const { payloads, told } = stage([(id) => texts.get(id) ?? null]);
    const members = [{ id: 'n9' as MemberId, address: '192.0.2.9:1', role: 'voter' }] as const;
    await payloads.complete(state, true, members);
    assert.deepEqual(told, [members]);
  });
});

describe('the names of payloads between members', () => {
  it('are whole numbers, and no less than 0', () => {
    assert.equal(areWirePayloads([[1, 300, -5]]), true);
    for (const wrong of [[[1, -300, 5]], [[-1, 300, 5]], [[1.5, 300, 5]], [[1, 300]], {}, null])
      assert.equal(areWirePayloads(wrong), false, JSON.stringify(wrong));
  });
});
