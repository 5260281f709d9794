import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { checkLinearizable, registerModel } from '../../src/index.ts';
import type { Operation, RegisterAnswer, RegisterCall } from '../../src/index.ts';
import { allOrders } from '../all-orders.ts';

type RegisterOperation = Operation<RegisterCall, RegisterAnswer>;

const value = fc.integer({ min: 0, max: 2 });
const register = 'r';
const pair = fc.oneof(
  value.map((read): [RegisterCall, RegisterAnswer] => [
    { type: 'read', register },
    { type: 'value', value: read },
  ]),
  value.map((written): [RegisterCall, RegisterAnswer] => [
    { type: 'write', register, value: written },
    { type: 'written' },
  ]),
  fc
    .tuple(value, value, fc.boolean())
    .map(([expected, next, done]): [RegisterCall, RegisterAnswer] => [
      { type: 'compare_and_set', register, expected, value: next },
      { type: done ? 'written' : 'different' },
    ]),
);
const anyOperation = fc
  .tuple(pair, fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 8 }), fc.boolean())
  .map(([[call, answer], calledAtMs, longMs, known]): RegisterOperation => ({
    client: 'c',
    call,
    calledAtMs,
    outcome:
      known || longMs < 5
        ? { type: 'answered', answer, atMs: calledAtMs + longMs }
        : { type: 'unknown' },
  }));

/** A history that did happen: each operation takes effect at a time within its span. */
const happened = fc
  .array(fc.tuple(pair, fc.nat(5), fc.nat(5), fc.boolean()), { maxLength: 60 })
  .map((drawn) => {
    let state: number | null = null;
    return drawn.map(([[call], early, late, known], position): RegisterOperation => {
      let answer: RegisterAnswer = { type: 'written' };
      if (call.type === 'read') answer = { type: 'value', value: state };
      else if (call.type === 'write') state = call.value;
      else if (call.expected === state) state = call.value;
      else answer = { type: 'different' };
      return {
        client: `c${String(position % 4)}`,
        call,
        calledAtMs: position - early,
        outcome:
          known || position % 3 > 0
            ? { type: 'answered', answer, atMs: position + late }
            : { type: 'unknown' },
      };
    });
  });

describe('The search', () => {
  it('says the same as trying all orders', () => {
    fc.assert(
      fc.property(fc.array(anyOperation, { maxLength: 7 }), (history) => {
        const expected = allOrders(registerModel, history) ? 'linearizable' : 'violation';
        assert.equal(checkLinearizable(registerModel, history).type, expected);
      }),
      { numRuns: 3000 },
    );
  });

  it('accepts whatever did happen', () => {
    fc.assert(
      fc.property(happened, (history) => {
        assert.equal(checkLinearizable(registerModel, history).type, 'linearizable');
      }),
      { numRuns: 500 },
    );
  });

  it('judges each key by itself', () => {
    const write = (name: string, atMs: number): RegisterOperation => ({
      client: 'c',
      call: { type: 'write', register: name, value: 1 },
      calledAtMs: atMs,
      outcome: { type: 'answered', answer: { type: 'written' }, atMs: atMs + 1 },
    });
    const staleRead: RegisterOperation = {
      client: 'c',
      call: { type: 'read', register: 'b' },
      calledAtMs: 10,
      outcome: { type: 'answered', answer: { type: 'value', value: null }, atMs: 11 },
    };
    const fine = [write('a', 0), { ...staleRead, calledAtMs: -5 }, write('b', 2)];
    assert.equal(checkLinearizable(registerModel, fine).type, 'linearizable');
    const verdict = checkLinearizable(registerModel, [write('a', 0), write('b', 2), staleRead]);
    assert.ok(verdict.type === 'violation');
    assert.equal(verdict.key, 'b');
  });

  it('goes through a long history without recursion', () => {
    const history = Array.from({ length: 50_000 }, (_, index): RegisterOperation => ({
      client: 'c',
      call: { type: 'write', register, value: index },
      calledAtMs: index,
      outcome: { type: 'answered', answer: { type: 'written' }, atMs: index + 2.5 },
    }));
    assert.equal(checkLinearizable(registerModel, history).type, 'linearizable');
  });

  it('says that it does not know when it may not search further', () => {
    const history = Array.from({ length: 40 }, (_, index): RegisterOperation => ({
      client: `c${String(index)}`,
      call: { type: 'write', register, value: index },
      calledAtMs: 0,
      outcome: { type: 'answered', answer: { type: 'written' }, atMs: 10 },
    }));
    const impossible: RegisterOperation = {
      client: 'reader',
      call: { type: 'read', register },
      calledAtMs: 0,
      outcome: { type: 'answered', answer: { type: 'value', value: 77 }, atMs: 10 },
    };
    const verdict = checkLinearizable(registerModel, [...history, impossible], {
      maxSteps: 10_000,
    });
    assert.deepEqual(
      { ...verdict, steps: 0 },
      {
        type: 'undecided',
        keys: [register],
        reason: 'steps',
        steps: 0,
      },
    );
  });

  it('shares its time among the keys: a hard one takes none of what the others need', () => {
    const of = (register: string, count: number, isHard: boolean): RegisterOperation[] =>
      Array.from({ length: count }, (_, index) => ({
        client: `c${String(index)}`,
        call: { type: 'write', register, value: index },
        calledAtMs: isHard ? 0 : index,
        outcome: {
          type: 'answered',
          answer: { type: 'written' },
          atMs: isHard ? 10 : index + 0.5,
        },
      }));
    const read: RegisterOperation = {
      client: 'reader',
      call: { type: 'read', register: 'hard' },
      calledAtMs: 0,
      outcome: { type: 'answered', answer: { type: 'value', value: 77 }, atMs: 10 },
    };
    let nowMs = 0;
    const limits = { maxSteps: 1_000_000, deadlineMs: 20, now: () => nowMs++ };
    const history = [...of('hard', 40, true), read, ...of('long', 5000, false)];
    const verdict = checkLinearizable(registerModel, history, limits);
    assert.equal(verdict.type, 'undecided');
    assert.deepEqual(verdict.type === 'undecided' && verdict.keys, ['hard']);
  });

  it('refuses an operation that was answered before it was called', () => {
    const backwards: RegisterOperation = {
      client: 'c',
      call: { type: 'read', register },
      calledAtMs: 5,
      outcome: { type: 'answered', answer: { type: 'value', value: null }, atMs: 4 },
    };
    assert.throws(() => checkLinearizable(registerModel, [backwards]), RangeError);
  });
});
