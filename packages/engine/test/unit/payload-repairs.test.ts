/** Payloads that a member should have and has not. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { MemberId } from '@holdfast/raft';
import type { ResourceName } from '@holdfast/state';
import { PayloadAsks } from '../../src/payloads/payload-asks.ts';
import { PayloadScrub } from '../../src/payloads/payload-scrub.ts';
import { PayloadRepairs } from '../../src/payloads/payload-repairs.ts';
import type { WirePayload } from '../../src/payloads/wire-payloads.ts';
import { silentLog } from '../cluster.ts';
import { MemoryPayloads } from './memory-payloads.ts';
import { stage, stateWith, stopAll, storedOf, textOf, turns } from './payload-stage.ts';
import { untilSo } from '../../../checker/src/waits.ts';

afterEach(stopAll);

describe('payloads that are missing on this disk', () => {
  it('are found at a start and fetched in the background, a page at a time (PREPAIR-1)', async () => {
    const { state, texts } = stateWith(700);
    const { store, payloads, asked } = stage([(id) => texts.get(id) ?? null], { state });
    const [kept = 0] = texts.keys();
    store.put(kept, Buffer.from(texts.get(kept) ?? ''));
    assert.ok((await payloads.complete(state, false)) !== undefined);
    payloads.begin();
    await untilSo(() => payloads.statistics.repaired === 699);
    for (const [id, text] of texts) assert.equal(String(store.bodies.get(id)), text);
    assert.ok(asked.length >= 3 && asked.every((page) => page.length <= 256));
    assert.equal(new Set(asked.flat()).size, asked.flat().length);
    assert.equal(payloads.statistics.missing, 0);
    payloads.stop();
  });

  it('are not fetched into memory while the disk has no room for them (PSHORT-1)', async () => {
    const { state, texts } = stateWith(700);
    const { store, payloads, asked } = stage([(id) => texts.get(id) ?? null], { state });
    await payloads.complete(state, false);
    store.shortage = new Error('ENOSPC');
    payloads.begin();
    await turns(2000);
    assert.equal(asked.length, 1);
    store.shortage = undefined;
    await untilSo(() => payloads.statistics.repaired === 700);
    payloads.stop();
  });

  it('that were found damaged when their file was made smaller are fetched, or lost where no member has them (PREPAIR-1, PREPAIR-3)', async () => {
    const { state, texts, name } = stateWith(3);
    const [first = 0, second = 0] = texts.keys();
    const give = (id: number): string | null => (id === first ? null : (texts.get(id) ?? null));
    const lose = (): Promise<void> => Promise.resolve();
    const { store, payloads, asked, losses } = stage([give], { state, isLeader: true, lose });
    for (const [id, text] of texts) store.put(id, Buffer.from(text));
    await payloads.complete(state, false);
    payloads.begin();
    for (const id of [first, second]) store.end(id);
    store.tellDamaged([first, second]);
    await untilSo(() => losses.length > 0);
    assert.deepEqual(losses[0], [first], `of ${name}`);
    assert.equal(payloads.statistics.repaired, 1);
    assert.equal(String(store.bodies.get(second)), texts.get(second));
    assert.ok(asked.flat().every((id) => id === first || id === second));
    payloads.stop();
  });

  it('whose message has ended are not fetched any more, and those that came are not kept', async () => {
    const { state, texts, enter, name } = stateWith(2);
    const [first = 0, second = 0] = texts.keys();
    const give = (id: number): string | null => {
      // It ends while it is asked for.
      if (id === second) enter({ type: 'queue_pop', name, count: 2 });
      return texts.get(id) ?? null;
    };
    const { store, payloads } = stage([give], { state });
    await payloads.complete(state, false);
    payloads.begin();
    await untilSo(() => !store.has(first) && payloads.statistics.missing === 0);
    await turns(5);
    assert.equal(payloads.statistics.repaired, 0);
    assert.equal(store.bodies.size, 0);
    payloads.stop();
  });

  it('are asked for with pauses that are random and longer each time, while nobody answers (PREPAIR-2)', async () => {
    const { state } = stateWith(1);
    const pauses: number[] = [];
    const { payloads } = stage(['away'], { state, pauses });
    await payloads.complete(state, false);
    payloads.begin();
    await untilSo(() => pauses.length > 40);
    payloads.stop();
    const count = pauses.length;
    await turns(5);
    assert.ok(pauses.length <= count + 1);
    const long = pauses.filter((ms) => ms >= 1000);
    assert.deepEqual(long.slice(0, 5), [2000, 4000, 8000, 16_000, 32_000]);
    assert.equal(Math.max(...long), 60_000);
  });

  it('that no member has are lost by a command of the leader, and by nobody else (PREPAIR-3)', async () => {
    const { state, texts, enter } = stateWith(3);
    const [first = 0, ...others] = texts.keys();
    const give = (id: number) => (id === first ? null : (texts.get(id) ?? null));
    let lost: readonly number[] = [];
    const lose = (name: ResourceName, ids: readonly number[]): Promise<void> => {
      lost = ids;
      const { payloads: changes, index } = enter({ type: 'queue_lose', name, ids });
      assert.ok(changes !== undefined);
      leader.payloads.applied(index, changes);
      return Promise.resolve();
    };
    const leader = stage([give, () => null], { state, isLeader: true, lose });
    const follower = stage([give, () => null], { state });
    for (const { payloads } of [leader, follower]) {
      await payloads.complete(state, false);
      payloads.begin();
    }
    await untilSo(() => lost.length > 0);
    assert.deepEqual(lost, [first]);
    await untilSo(() => leader.payloads.statistics.missing === 0);
    await untilSo(() => follower.payloads.statistics.missing === 0);
    assert.equal(leader.payloads.statistics.lost, 1);
    assert.deepEqual(
      [...state.queues.stored()].map(({ id }) => id),
      others,
    );
    for (const { payloads, store } of [leader, follower]) {
      for (const id of others) assert.ok(store.has(id));
      payloads.stop();
    }
  });

  it('are not lost while a member is away, cannot say it, or cannot read its disk (PREPAIR-3, PASK-3)', async () => {
    const none = (): null => null;
    for (const others of [
      [none, 'away'],
      [none, 'silent'],
      [none, () => false as const],
    ] as const) {
      const { state } = stateWith(1);
      const pauses: number[] = [];
      const { payloads, losses } = stage(others, { state, isLeader: true, pauses });
      await payloads.complete(state, false);
      payloads.begin();
      await untilSo(() => pauses.filter((ms) => ms >= 1000).length > 4);
      assert.equal(payloads.statistics.missing, 1);
      assert.deepEqual(losses, []);
      payloads.stop();
    }
    const { state } = stateWith(1);
    const pauses: number[] = [];
    const own = stage([none], { state, isLeader: true, pauses });
    own.store.isUnreadable = true;
    await own.payloads.complete(state, false);
    own.payloads.begin();
    await untilSo(() => pauses.filter((ms) => ms >= 1000).length > 4);
    own.payloads.stop();
    assert.deepEqual(own.losses, []);
    // Who cannot read its disk does not deny it to others either.
    const [stored] = [...state.queues.stored()];
    assert.ok(stored !== undefined);
    assert.deepEqual(await own.payloads.given([stored]), [false]);
    own.store.isUnreadable = false;
    assert.deepEqual(await own.payloads.given([stored]), [null]);
  });

  it('are not said to be nowhere where one member says it twice, and another cannot be asked (PASK-3)', async () => {
    const [given, denied] = [storedOf(1), storedOf(2)];
    const asked: number[][] = [];
    const asks = new PayloadAsks({
      clock: {
        now: () => 0,
        after: (_ms, callback) => (setImmediate(callback), () => undefined),
      },
      transport: () => ({
        isConnected: (to) => to !== 'away',
        call: (_to, request) => {
          const { wanted } = request as { readonly wanted: readonly WirePayload[] };
          asked.push(wanted.map(([id]) => id));
          // What it has it gives; then it is asked again for the rest.
          const value = wanted.map(([id]) => (id === given.id ? textOf(id) : null));
          return Promise.resolve({ type: 'ok', value });
        },
      }),
      others: () => ['here', 'away'] as MemberId[],
      leader: () => undefined,
    });
    const { missing, nowhere } = await asks.fetch([given, denied], () => undefined);
    assert.deepEqual(asked.slice(0, 2), [[1, 2], [2]]);
    assert.deepEqual(missing, [denied]);
    assert.deepEqual([...nowhere], []);
  });

  it('are not lost by what one pass says alone (PREPAIR-3)', async () => {
    const { state, texts } = stateWith(1);
    const [id = 0] = texts.keys();
    let passes = 0;
    const give = (): string | null => {
      passes += 1;
      return passes === 1 ? null : (texts.get(id) ?? null);
    };
    const { payloads, store, losses } = stage([give], { state, isLeader: true });
    await payloads.complete(state, false);
    payloads.begin();
    await untilSo(() => payloads.statistics.repaired === 1);
    assert.ok(store.has(id));
    assert.deepEqual(losses, []);
    payloads.stop();
  });

  it('are found when they are read, and when another member asks for them (PREPAIR-4)', async () => {
    const { state, texts } = stateWith(2);
    const [first = 0, second = 0] = texts.keys();
    const { store, payloads } = stage([(id) => texts.get(id) ?? null], { state });
    store.put(first, Buffer.from('damaged'));
    store.put(second, Buffer.from('damaged'));
    payloads.begin();
    const stored = [...state.queues.stored()];
    assert.deepEqual(await payloads.given(stored), [null, null]);
    await untilSo(() => payloads.statistics.repaired === 2);
    for (const [id, text] of texts) assert.equal(String(store.bodies.get(id)), text);
    payloads.stop();
  });
});

describe('the scrub', () => {
  it('reads all payloads now and then, a page a second, and tells of those that are damaged (PSCRUB-1)', async () => {
    const { state, texts, name } = stateWith(1500);
    const store = new MemoryPayloads();
    for (const [id, text] of texts) store.put(id, Buffer.from(text));
    const [first = 0, second = 0] = texts.keys();
    store.put(first, Buffer.from('damaged'));
    store.end(second);
    const noted: unknown[] = [];
    const pauses: number[] = [];
    const scrub = new PayloadScrub({
      store,
      state: () => state,
      repairs: { note: (queue, { id }) => noted.push([queue, id]) },
      clock: {
        after: (ms, callback) => {
          pauses.push(ms);
          if (pauses.filter((one) => one > 1000).length > 1) return () => undefined;
          const timer = setImmediate(callback);
          return () => clearImmediate(timer);
        },
        endOfTurn: (callback) => void setImmediate(callback),
      },
    });
    scrub.begin();
    await untilSo(() => pauses.length > 1 && pauses.at(-1) === 3_600_000);
    assert.deepEqual(noted, [
      [name, first],
      [name, second],
    ]);
    // 1,500 of about 1,000 bytes: twice 512 KiB and something.
    assert.deepEqual(pauses, [3_600_000, 1000, 1000, 3_600_000]);
    scrub.stop();
  });
});

describe('more missing payloads than are remembered', () => {
  it('are found again by a walk over the state (PREPAIR-4)', async () => {
    const { state, texts } = stateWith(40);
    const store = new MemoryPayloads();
    const repairs = new PayloadRepairs({
      store,
      mostNoted: 16,
      random: () => 0,
      log: silentLog,
      state: () => state,
      isLeader: () => false,
      lose: () => Promise.reject(new Error('Not here.')),
      asks: {
        fetch: (wanted, onText) => {
          for (const { id } of wanted) onText(id, texts.get(id) ?? '');
          return Promise.resolve({
            missing: [],
            nowhere: new Set<number>(),
            isAnswered: true,
            silent: [],
          });
        },
      },
      clock: {
        now: () => 0,
        after: (_ms, callback) => {
          const timer = setImmediate(callback);
          return () => clearImmediate(timer);
        },
        endOfTurn: (callback) => void setImmediate(callback),
      },
    });
    repairs.begin();
    repairs.look();
    await untilSo(() => repairs.repaired === 40);
    assert.equal(store.bodies.size, 40);
    repairs.stop();
  });
});
