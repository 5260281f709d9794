import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeMessages } from '../../src/index.ts';
import type {
  ExtendedMessage,
  MessageEvent,
  Push,
  SettledMessage,
  TakenMessage,
} from '../../src/index.ts';

const push = (number: number, askedMs: number, answeredMs?: number): Push => ({
  type: 'push',
  key: 'a',
  number,
  request: `${String(number)} alone`,
  askedMs,
  answeredMs,
});
const taken = (
  number: number,
  fenceToken: number,
  askedMs: number,
  toldMs: number,
): TakenMessage => ({
  type: 'taken',
  id: number * 10,
  key: 'a',
  number,
  fenceToken,
  visibilityMs: 1000,
  askedMs,
  toldMs,
});
const settled = (
  number: number,
  fenceToken: number,
  askedMs: number,
  outcome: SettledMessage['outcome'] = 'done',
  type: SettledMessage['type'] = 'acknowledged',
): SettledMessage => ({ type, id: number * 10, fenceToken, askedMs, outcome });

const rulesOf = (history: readonly MessageEvent[], isDrained = false): readonly string[] =>
  judgeMessages(history, isDrained).violations.map((text) => text.slice(0, 5));

/** Pushed, taken and acknowledged, one after the other. */
const good: readonly MessageEvent[] = [
  push(1, 0, 1),
  push(2, 2, 3),
  taken(1, 7, 4, 5),
  settled(1, 7, 6),
  taken(2, 8, 7, 8),
  settled(2, 8, 9),
];

describe('A history of messages', () => {
  it('is right where everything is pushed, taken and acknowledged in order', () => {
    const verdict = judgeMessages(good, true);
    assert.deepEqual(verdict, { violations: [], pushed: 2, deliveries: 2, redeliveries: 0 });
  });

  it('is right where a message comes again after its visibility, or is given back', () => {
    const again = [push(1, 0, 1), taken(1, 1, 2, 3), taken(1, 2, 900, 1003), settled(1, 2, 1004)];
    assert.deepEqual(rulesOf(again, true), []);
    const returned = [
      push(1, 0, 1),
      taken(1, 1, 2, 3),
      settled(1, 1, 4, 'unknown', 'returned'),
      taken(1, 2, 5, 6),
    ];
    assert.deepEqual(rulesOf(returned), []);
  });

  it('is wrong where a key is out of order (MSG-1)', () => {
    assert.deepEqual(rulesOf([push(1, 0, 1), push(2, 2, 3), taken(2, 1, 4, 5)]), ['MSG-1']);
    const early = [push(1, 0, 1), push(2, 2, 3), taken(1, 1, 4, 5), taken(2, 2, 6, 7)];
    assert.deepEqual(rulesOf([...early, settled(1, 1, 8)]), ['MSG-1']);
    assert.deepEqual(rulesOf([push(1, 0), push(2, 2, 3), taken(2, 1, 4, 5)]), [], 'never pushed');
  });

  it('is wrong where what one request pushed is out of order, though it was not answered (MSG-1)', () => {
    const wrong = [taken(2, 1, 4, 5), settled(2, 1, 6), taken(1, 2, 7, 8), settled(1, 2, 9)];
    const right = [taken(1, 1, 4, 5), settled(1, 1, 6), taken(2, 2, 7, 8), settled(2, 2, 9)];
    const together = [1, 2].map((number) => ({ ...push(number, 0), request: 'both' }));
    assert.deepEqual(rulesOf([...together, ...wrong], true), ['MSG-1']);
    assert.deepEqual(rulesOf([...together, ...right], true), []);
    const apart = [push(1, 0), push(2, 1)];
    assert.deepEqual(rulesOf([...apart, ...wrong], true), [], 'the first may have come later');
  });

  it('is wrong where a message comes again while its visibility stands (MSG-2)', () => {
    const twice = [push(1, 0, 1), taken(1, 1, 2, 3), taken(1, 2, 500, 900)];
    assert.deepEqual(rulesOf(twice), ['MSG-2']);
    const refused = settled(1, 1, 4, 'refused', 'returned');
    assert.deepEqual(rulesOf([...twice, refused]), ['MSG-2']);
  });

  it('is wrong where a message comes again after its acknowledgement (MSG-3)', () => {
    const again = [push(1, 0, 1), taken(1, 1, 2, 3), settled(1, 1, 4), taken(1, 2, 5000, 5001)];
    assert.deepEqual(rulesOf(again), ['MSG-3']);
    const unknown = [push(1, 0, 1), taken(1, 1, 2, 3), settled(1, 1, 4, 'unknown')];
    assert.deepEqual(rulesOf([...unknown, taken(1, 2, 5000, 5001)]), []);
  });

  it('is wrong where an answered push is gone at the end (MSG-4)', () => {
    assert.deepEqual(rulesOf([push(1, 0, 1)], true), ['MSG-4']);
    assert.deepEqual(rulesOf([push(1, 0)], true), []);
    assert.deepEqual(rulesOf([push(1, 0, 1), taken(1, 1, 2, 3)], true), ['MSG-4']);
  });

  it('is wrong where a message is gone whose acknowledgement was refused (MSG-4)', () => {
    const pushed = push(1, 0, 1);
    for (const first of [pushed, { ...pushed, answeredMs: undefined }]) {
      const late = [first, taken(1, 1, 2, 3), settled(1, 1, 1500, 'refused')];
      assert.deepEqual(rulesOf(late, true), ['MSG-4']);
      const again = [...late, taken(1, 2, 1600, 1601)];
      assert.deepEqual(rulesOf(again, true), ['MSG-4'], 'nor has the next one ended it');
      assert.deepEqual(rulesOf([...again, settled(1, 2, 1602)], true), []);
      assert.deepEqual(rulesOf([...again, settled(1, 2, 1602, 'unknown')], true), []);
    }
  });

  it('is wrong where the next of a key comes after an acknowledgement that was refused (MSG-1)', () => {
    const late = [push(1, 0, 1), push(2, 2, 3), taken(1, 1, 4, 5), settled(1, 1, 1500, 'refused')];
    assert.deepEqual(rulesOf([...late, taken(2, 2, 1600, 1601)]), ['MSG-1']);
    const again = [...late, taken(1, 2, 1600, 1601), settled(1, 2, 1602)];
    assert.deepEqual(rulesOf([...again, taken(2, 3, 1603, 1604)]), []);
  });

  it('is wrong where a receipt is refused while its visibility stands (MSG-7)', () => {
    const refused = (answeredMs: number): readonly MessageEvent[] => [
      push(1, 0, 1),
      taken(1, 1, 2, 3),
      { ...settled(1, 1, 4, 'refused'), answeredMs },
    ];
    assert.deepEqual(rulesOf(refused(900)), ['MSG-7']);
    assert.deepEqual(rulesOf(refused(1002)), []);
    const returned = [...refused(900), settled(1, 1, 3.5, 'unknown', 'returned')];
    assert.deepEqual(rulesOf(returned), [], 'it was given back');
  });

  it('is wrong where a fence token falls (MSG-5)', () => {
    const falls = [push(1, 0, 1), taken(1, 5, 2, 3), taken(1, 4, 2000, 2001)];
    assert.ok(rulesOf(falls).includes('MSG-5'));
  });

  it('is wrong where a message was never pushed, or is there twice (MSG-6)', () => {
    assert.deepEqual(rulesOf([taken(1, 1, 2, 3)]), ['MSG-6']);
    const twice = [
      push(1, 0, 1),
      taken(1, 1, 2, 3),
      settled(1, 1, 4),
      { ...taken(1, 2, 5, 6), id: 99 },
    ];
    assert.deepEqual(rulesOf(twice), ['MSG-6']);
  });

  const extended = (
    fenceToken: number,
    askedMs: number,
    outcome: ExtendedMessage['outcome'] = 'done',
  ): ExtendedMessage => ({
    type: 'extended',
    id: 10,
    fenceToken,
    visibilityMs: 3000,
    askedMs,
    outcome,
  });

  it('is wrong where a message comes again before its visibility, as it was extended, is over (MSG-2)', () => {
    const from = [push(1, 0, 1), taken(1, 1, 2, 3)];
    const again = taken(1, 2, 2000, 2900);
    assert.deepEqual(rulesOf([...from, extended(1, 500), again]), ['MSG-2']);
    assert.deepEqual(rulesOf([...from, extended(1, 500, 'unknown'), again]), []);
    assert.deepEqual(rulesOf([...from, extended(1, 500), taken(1, 2, 3400, 3501)]), []);
  });

  it('is wrong where a receipt is refused whose visibility was extended (MSG-7)', () => {
    const refused = { ...settled(1, 1, 2000, 'refused'), answeredMs: 2500 };
    const from = [push(1, 0, 1), taken(1, 1, 2, 3)];
    assert.deepEqual(rulesOf([...from, extended(1, 500), refused]), ['MSG-7']);
    assert.deepEqual(rulesOf([...from, refused]), []);
    const late = { ...extended(1, 2000, 'refused'), answeredMs: 2001 };
    assert.deepEqual(rulesOf([...from, late]), [], 'an extension may be refused as well');
  });

  it('is wrong where of messages that were pushed together some are missing (MSG-8)', () => {
    const together = [1, 2].map((number) => ({ ...push(number, 0), request: 'both' }));
    assert.deepEqual(rulesOf(together, true), []);
    assert.deepEqual(rulesOf([...together, taken(1, 1, 2, 3), settled(1, 1, 4)], true), ['MSG-8']);
  });

  it('is wrong where they are missing of one key and there of another (MSG-8)', () => {
    const ofBoth = ['a', 'b'].map((key) => ({ ...push(1, 0), key, request: 'both' }));
    const first = [taken(1, 1, 2, 3), settled(1, 1, 4)];
    const second = [
      { ...taken(1, 1, 5, 6), key: 'b', id: 20 },
      { ...settled(1, 1, 7), id: 20 },
    ];
    assert.deepEqual(rulesOf(ofBoth, true), []);
    assert.deepEqual(rulesOf([...ofBoth, ...first], true), ['MSG-8']);
    assert.deepEqual(rulesOf([...ofBoth, ...first]), [], 'it may still come');
    assert.deepEqual(rulesOf([...ofBoth, ...first, ...second], true), []);
  });
});
