/** Payloads beside the state: what the state keeps, what it hands out, and what its snapshots say. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  beginRestore,
  createStateMachine,
  largestWithin,
  latestFeatureLevel,
  payloadHash,
  payloadIn,
  restoreStateMachine,
  SnapshotFormatError,
  WholeSnapshot,
} from '../../src/index.ts';
import type { Applied, Command, ResourceName, StateMachine } from '../../src/index.ts';

const name = 'mail' as ResourceName;
const small = 'x'.repeat(largestWithin - 2);
const large = 'ö'.repeat(largestWithin);
const json = JSON.stringify(large);

class Entries {
  readonly machine: StateMachine = createStateMachine();
  #index = 0;

  enter(...commands: readonly Command[]): Applied {
    this.#index += 1;
    return this.machine.apply({
      index: this.#index,
      time: 1000,
      commands: commands.map((command) => ({ identity: 'test', command })),
    });
  }

  raise(level = latestFeatureLevel): void {
    this.enter({ type: 'raise_feature_level', level });
  }

  push(payload: string, dedupId?: string): Applied {
    const message = { key: 'a', payload, ...(dedupId === undefined ? {} : { dedupId }) };
    return this.enter({ type: 'queue_push', name, messages: [message] });
  }
}

const linesOf = (machine: StateMachine): readonly string[] =>
  Buffer.concat([...machine.snapshot()])
    .toString()
    .trimEnd()
    .split('\n');

describe('a payload', () => {
  test('that is not small is handed out once, and named by id, length and hash from then on (BESIDE-1, BESIDE-2)', () => {
    const entries = new Entries();
    entries.raise();
    assert.equal(entries.push(small).payloads, undefined);
    const { payloads, results } = entries.push(large, 'once');
    const [pushed] = results;
    assert.ok(pushed?.ok === true && pushed.type === 'queue_pushed');
    const id = pushed.messages[0]?.id ?? 0;
    const byteLength = Buffer.byteLength(json);
    assert.deepEqual(payloads?.kept, [{ id, byteLength, text: json }]);
    assert.deepEqual(payloads.ended, []);
    assert.equal(entries.push(large, 'once').payloads, undefined);
    const stored = { id, byteLength, hash: payloadHash(json) };
    assert.deepEqual([...entries.machine.queues.stored()], [stored]);
    assert.ok(!linesOf(entries.machine).some((line) => line.includes(large)));
    const first = entries.enter({ type: 'queue_pop', name, count: 1 });
    assert.equal(first.payloads, undefined);
    const { results: taken, payloads: left } = entries.enter({ type: 'queue_pop', name, count: 1 });
    const [one] = taken;
    assert.ok(one?.ok === true && one.type === 'queue_taken');
    assert.deepEqual(one.deliveries[0]?.stored, stored);
    assert.equal(one.deliveries[0].payload, '');
    assert.deepEqual({ ...left }, { kept: [], ended: [id], lost: [] });
  });

  test('that no member has any more makes its message a dead letter, once it would be delivered (BESIDE-3, LOST-1)', () => {
    const entries = new Entries();
    entries.raise();
    for (let count = 0; count < 4; count++) entries.push(large);
    const [a = 0, b = 0, c = 0, d = 0] = [...entries.machine.queues.stored()].map(({ id }) => id);
    const take = () => {
      const pop = { type: 'queue_pop', name, count: 1, visibilityMs: 1000 } as const;
      const [one] = entries.enter(pop).results;
      assert.ok(one?.ok === true && one.type === 'queue_taken');
      return one.deliveries;
    };
    const [first] = take();
    assert.equal(first?.id, a);
    const lost = entries.enter({ type: 'queue_lose', name, ids: [a, b, d, 999] });
    assert.deepEqual(lost.results, [{ ok: true, type: 'queue_lost', ids: [a, b, d] }]);
    assert.deepEqual({ ...lost.payloads }, { kept: [], ended: [a, b, d], lost: [a, b, d] });
    const again = entries.enter({ type: 'queue_lose', name, ids: [a] });
    assert.deepEqual(again.results, [{ ok: true, type: 'queue_lost', ids: [] }]);
    // It is in flight, and its consumer has it: its receipt still counts.
    const { fenceToken, delivery } = first;
    const receipt = { messageId: a, delivery, fenceToken };
    assert.ok(entries.enter({ type: 'queue_nack', name, receipt, delayMs: 0 }).results[0]?.ok);
    const copy = restoreStateMachine(entries.machine.snapshot());
    assert.equal(copy.digest(), entries.machine.digest());
    assert.deepEqual(
      take().map(({ id }) => id),
      [c],
    );
    const letters = (): unknown =>
      entries.machine.queues
        .deadLetters(name, 0, 10)
        ?.letters.map(({ id, payload, deliveries, reason }) => [id, payload, deliveries, reason]);
    const reason = 'its payload is lost: no member has it any more';
    assert.deepEqual(letters(), [
      [a, '', 1, reason],
      [b, '', 0, reason],
    ]);
    // What is redriven has none either.
    entries.enter({ type: 'queue_redrive', name, count: 10 });
    assert.deepEqual(
      [...entries.machine.queues.stored()].map(({ id }) => id),
      [c],
    );
    entries.enter({ type: 'queue_purge', name, part: 'messages', through: c, count: 10 });
    assert.deepEqual(take(), []);
    assert.deepEqual(letters(), [[d, '', 0, reason]]);
    assert.equal(entries.machine.queues.show(name)?.counts.depth, 0);
  });

  test('is lost for many messages without one pop passing over all of them (LOST-2)', () => {
    const entries = new Entries();
    entries.raise();
    for (let count = 0; count < 300; count++) entries.push(large);
    const ids = [...entries.machine.queues.stored()].map(({ id }) => id);
    entries.push(small);
    entries.enter({ type: 'queue_lose', name, ids });
    const depth = () => entries.machine.queues.show(name)?.counts.depth;
    const pop = () => entries.enter({ type: 'queue_pop', name, count: 1 }).results[0];
    assert.deepEqual(pop(), { ok: true, type: 'queue_taken', deliveries: [] });
    assert.equal(depth(), 45);
    const second = pop();
    assert.ok(second?.ok === true && second.type === 'queue_taken');
    assert.equal(second.deliveries[0]?.payload, JSON.stringify(small));
    assert.equal(entries.machine.queues.show(name)?.dead, 300);
  });

  test('is named page by page, of each part of a queue', () => {
    const entries = new Entries();
    entries.raise();
    for (let count = 0; count < 5; count++) entries.push(count === 2 ? small : large);
    const { queues } = entries.machine;
    assert.deepEqual(queues.names(), [name]);
    const all = [...queues.stored()];
    const first = queues.storedAfter(name, 'messages', 0, 3);
    assert.deepEqual(first.stored, all.slice(0, 2));
    const second = queues.storedAfter(name, 'messages', first.next ?? 0, 3);
    assert.deepEqual(second, { stored: all.slice(2), next: undefined });
    assert.deepEqual(queues.storedAfter(name, 'dead_letters', 0, 3), {
      stored: [],
      next: undefined,
    });
    assert.deepEqual(queues.storedOf(name, all[0]?.id ?? 0), all[0]);
    assert.equal(queues.storedOf(name, 999), undefined);
    assert.equal(queues.storedOf('other' as ResourceName, 1), undefined);
  });

  test('is not named to who asks for ids of dead letters alone, who is told as many as it asked for (IDS-1)', () => {
    const entries = new Entries();
    entries.raise();
    entries.enter({ type: 'queue_configure', name, maxDeliveries: 1, order: 'none' });
    const longest = 'ö'.repeat(30_000);
    for (let count = 0; count < 30; count++) entries.push(longest);
    for (;;) {
      const pop = { type: 'queue_pop', name, count: 100, visibilityMs: 1000 } as const;
      const [taken] = entries.enter(pop).results;
      assert.ok(taken?.ok === true && taken.type === 'queue_taken');
      if (taken.deliveries.length === 0) break;
      for (const { id: messageId, delivery, fenceToken } of taken.deliveries)
        entries.enter({ type: 'queue_nack', name, receipt: { messageId, delivery, fenceToken } });
    }
    const { queues } = entries.machine;
    const whole = queues.deadLetters(name, 0, 29);
    assert.ok(whole !== undefined && whole.letters.length < 29 && whole.more);
    const page = queues.deadIds(name, 0, 29);
    assert.ok(page !== undefined);
    assert.deepEqual([page.letters.length, page.more], [29, true]);
    assert.ok(page.letters.every((letter) => !('stored' in letter) && letter.payload === ''));
    const last = page.letters.at(-1)?.id ?? 0;
    const rest = queues.deadIds(name, last, 29);
    assert.deepEqual([rest?.letters.length, rest?.more], [1, false]);
    assert.equal(queues.deadIds('other' as ResourceName, 0, 1), undefined);
  });

  test('is kept in the state before every member knows better', () => {
    const entries = new Entries();
    entries.raise(2);
    assert.equal(entries.push(large).payloads, undefined);
    entries.raise();
    assert.ok(entries.push(large).payloads !== undefined);
    const copy = restoreStateMachine(entries.machine.snapshot());
    assert.equal(copy.digest(), entries.machine.digest());
    const texts: string[] = [];
    for (const machine of [copy, entries.machine]) {
      const { results } = machine.apply({
        index: 9,
        time: 1000,
        commands: [{ identity: 'test', command: { type: 'queue_pop', name, count: 1 } }],
      });
      const [one] = results;
      assert.ok(one?.ok === true && one.type === 'queue_taken');
      texts.push(one.deliveries[0]?.payload ?? '');
    }
    assert.deepEqual(texts, [json, json]);
  });

  test('of a message that is purged, acknowledged, or dies and is purged has ended then, and not before', () => {
    const entries = new Entries();
    entries.raise();
    for (let count = 0; count < 3; count++) entries.push(large);
    const [a, b, c] = [...entries.machine.queues.stored()].map(({ id }) => id);
    const take = (): Applied =>
      entries.enter({ type: 'queue_pop', name, count: 1, visibilityMs: 1000 });
    const receiptOf = ({ results: [one] }: Applied) => {
      assert.ok(one?.ok === true && one.type === 'queue_taken');
      const [delivery] = one.deliveries;
      assert.ok(delivery !== undefined);
      const { id: messageId, delivery: number, fenceToken } = delivery;
      return { messageId, delivery: number, fenceToken };
    };
    const first = take();
    assert.equal(first.payloads, undefined);
    assert.deepEqual(
      entries.enter({ type: 'queue_ack', name, receipt: receiptOf(first) }).payloads?.ended,
      [a],
    );
    for (let delivery = 1; delivery <= 10; delivery++) {
      const receipt = receiptOf(take());
      assert.equal(
        entries.enter({ type: 'queue_nack', name, receipt, delayMs: 0 }).payloads,
        undefined,
      );
    }
    const page = entries.machine.queues.deadLetters(name, 0, 10);
    assert.equal(page?.letters[0]?.stored?.id, b);
    const purge = { type: 'queue_purge', name, through: 2 ** 40, count: 10 } as const;
    assert.deepEqual(entries.enter({ ...purge, part: 'dead_letters' }).payloads?.ended, [b]);
    assert.deepEqual(entries.enter({ ...purge, part: 'messages' }).payloads?.ended, [c]);
  });
});

describe('what has become ready', () => {
  test('is told at the end of an entry, but for what the entry itself takes', () => {
    const entries = new Entries();
    const push = (...keys: readonly string[]): Command => ({
      type: 'queue_push',
      name,
      messages: keys.map((key) => ({ key, payload: small })),
    });
    const pop: Command = { type: 'queue_pop', name, count: 1 };
    const told = ({ events }: Applied): readonly unknown[] =>
      events.map((event) => (event.type === 'queue_ready' ? event.count : event));
    assert.deepEqual(told(entries.enter(push('a', 'b'))), [2]);
    // What was ready before is for those who were told of it.
    assert.deepEqual(told(entries.enter(pop, push('c'))), [1]);
    assert.deepEqual(told(entries.enter(pop, pop)), []);
    assert.deepEqual(told(entries.enter(push('a', 'b'), pop)), [1]);
    assert.deepEqual(told(entries.enter(pop, push('c'), pop)), []);
  });
});

describe('a whole snapshot', () => {
  test('has the payloads in it, and gives an equal state and them', () => {
    const entries = new Entries();
    entries.raise(2);
    entries.push(large);
    entries.raise();
    entries.push(small);
    entries.push(large);
    const whole = new WholeSnapshot();
    const lines = linesOf(entries.machine).map((line) =>
      whole.line(line, whole.wanted(line) === undefined ? undefined : json),
    );
    const restorer = beginRestore();
    restorer.push(Buffer.from(`${lines.join('\n')}\n`));
    const kept = restorer.takePayloads();
    assert.deepEqual(
      kept.map(({ text }) => text),
      [json],
    );
    assert.deepEqual(restorer.takePayloads(), []);
    // Whoever has the state already finds the same ones in the lines
    assert.deepEqual(
      lines.flatMap((line) => payloadIn(line) ?? []),
      kept,
    );
    assert.throws(() => payloadIn('["message",'), SnapshotFormatError);
    assert.equal(restorer.end().digest(), entries.machine.digest());
  });
});
