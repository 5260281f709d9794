/** Histories of locks and pools that did happen, and what becomes of them when they are changed. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { checkLinearizable, lockModel, poolModel } from '../../src/index.ts';
import type {
  LockAnswer,
  LockCall,
  Model,
  Operation,
  PoolAnswer,
  PoolCall,
} from '../../src/index.ts';
import { allOrders } from '../all-orders.ts';
import { SequentialLock, SequentialPool } from '../sequential.ts';

/** Of 3 permits, so that some fit beside each other and some do not. */
const limit = 3;
/** Of each property that is compared with all orders; more by HISTORIES=. */
const numRuns = Number(process.env['HISTORIES'] ?? 2000);

/** Enough that some are alike. */
const session = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const token = fc.integer({ min: 1, max: 5 }).map((half) => half * 2);
const lockCall: fc.Arbitrary<LockCall> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('acquire' as const),
      lock: fc.constant('x'),
      session,
      mode: fc.constantFrom('exclusive' as const, 'shared' as const),
      wait: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('release' as const),
      lock: fc.constant('x'),
      session,
      token,
    }),
  },
  fc.record({ type: fc.constant('downgrade' as const), lock: fc.constant('x'), session, token }),
  fc.record({ type: fc.constant('end' as const), lock: fc.constant('x'), session }),
  fc.record({ type: fc.constant('read' as const), lock: fc.constant('x') }),
);
const poolCall: fc.Arbitrary<PoolCall> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('acquire' as const),
      pool: fc.constant('x'),
      session,
      permits: fc.integer({ min: 1, max: limit }),
      wait: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record(
      {
        type: fc.constant('release' as const),
        pool: fc.constant('x'),
        session,
        permits: fc.integer({ min: 1, max: limit }),
        token,
      },
      { requiredKeys: ['type', 'pool', 'session', 'permits'] },
    ),
  },
  fc.record({ type: fc.constant('end' as const), pool: fc.constant('x'), session }),
  fc.record({ type: fc.constant('read' as const), pool: fc.constant('x') }),
);

/** How an operation was seen: how long before its effect it was called, how long after it was answered. */
const sightOf = (...seen: readonly Sight['seen'][]): fc.Arbitrary<Sight> =>
  fc.record({ earlyMs: fc.nat(5), lateMs: fc.nat(5), seen: fc.constantFrom(...seen) });
const mostlyAnswered = sightOf('answered', 'answered', 'answered', 'unknown', 'never');
/** As with clients that are killed all the time. */
const mostlyLost = sightOf('answered', 'answered', 'unknown', 'unknown', 'never');

/** Does one call after the other, and tells of them as if they had overlapped. */
function tell<Call, Answer>(
  drawn: readonly (readonly [Call, Sight])[],
  perform: (call: Call) => Answer | undefined,
): Operation<Call, Answer>[] {
  return drawn.flatMap(([call, { earlyMs, lateMs, seen }], position) => {
    const atMs = position * 2;
    const told = { client: `c${String(position % 4)}`, call, calledAtMs: atMs - earlyMs };
    if (seen === 'never') return [{ ...told, outcome: { type: 'unknown' } }];
    const answer = perform(call);
    if (answer === undefined) return [];
    return [
      {
        ...told,
        outcome:
          seen === 'unknown'
            ? { type: 'unknown' }
            : { type: 'answered', answer, atMs: atMs + lateMs },
      },
    ];
  });
}

interface Sight {
  readonly earlyMs: number;
  readonly lateMs: number;
  readonly seen: 'answered' | 'unknown' | 'never';
}

const lockHistory = (
  maxLength: number,
  sight = mostlyAnswered,
): fc.Arbitrary<Operation<LockCall, LockAnswer>[]> =>
  fc.array(fc.tuple(lockCall, sight), { maxLength }).map((drawn) => {
    const lock = new SequentialLock();
    return tell(drawn, (call) => lock.do(call));
  });
const poolHistory = (
  maxLength: number,
  sight = mostlyAnswered,
): fc.Arbitrary<Operation<PoolCall, PoolAnswer>[]> =>
  fc.array(fc.tuple(poolCall, sight), { maxLength }).map((drawn) => {
    const pool = new SequentialPool(limit);
    return tell(drawn, (call) => pool.do(call));
  });

/** Tokens that are told otherwise, answers that come sooner, operations that are left out. */
const change = fc.record({
  at: fc.nat(6),
  what: fc.constantFrom('token', 'sooner', 'gone', 'other' as const),
  by: fc.integer({ min: -3, max: 3 }),
});
type Change = typeof change extends fc.Arbitrary<infer One> ? One : never;

function changed<Call, Answer extends LockAnswer | PoolAnswer>(
  history: readonly Operation<Call, Answer>[],
  { at, what, by }: Change,
  other: (answer: Answer) => Answer,
): Operation<Call, Answer>[] {
  const operation = history[at];
  if (operation?.outcome.type !== 'answered') return [...history];
  if (what === 'gone') return history.toSpliced(at, 1);
  const { answer, atMs } = operation.outcome;
  const outcome = {
    token: () => ({
      ...operation.outcome,
      answer: answer.type === 'granted' ? { ...answer, token: answer.token + by } : answer,
    }),
    sooner: () => ({
      type: 'answered' as const,
      answer,
      atMs: Math.max(operation.calledAtMs, atMs - 4),
    }),
    other: () => ({ type: 'answered' as const, answer: other(answer), atMs }),
  }[what]();
  return history.with(at, { ...operation, outcome });
}

const otherLockAnswer = (answer: LockAnswer): LockAnswer => {
  switch (answer.type) {
    case 'granted':
      return { type: 'busy' };
    case 'busy':
      return { type: 'granted', token: 20 };
    case 'released':
    case 'downgraded':
      return { type: 'not_holder' };
    case 'not_holder':
      return { type: 'released' };
    case 'state':
      return { type: 'state', tokens: answer.tokens.slice(1) };
    case 'ended':
      return answer;
  }
};
const otherPoolAnswer = (answer: PoolAnswer): PoolAnswer => {
  switch (answer.type) {
    case 'granted':
      return { type: 'busy' };
    case 'busy':
      return { type: 'granted', token: 20 };
    case 'released':
      return { type: 'not_holder' };
    case 'not_holder':
      return { type: 'released' };
    case 'free':
      return { type: 'free', permits: limit - answer.permits };
    case 'ended':
      return answer;
  }
};

function agrees<State, Call, Answer>(
  model: Model<State, Call, Answer>,
  history: readonly Operation<Call, Answer>[],
  seen: Map<string, number>,
): void {
  const expected = allOrders(model, history) ? 'linearizable' : 'violation';
  seen.set(expected, (seen.get(expected) ?? 0) + 1);
  assert.equal(checkLinearizable(model, history).type, expected);
}

/** Else a test of changes would show nothing. */
function assertBothSeen(seen: ReadonlyMap<string, number>): void {
  for (const verdict of ['linearizable', 'violation'])
    assert.ok((seen.get(verdict) ?? 0) > 20, `${verdict}: ${String(seen.get(verdict))}`);
}

describe('Histories that happened', () => {
  for (const [sights, sight] of Object.entries({ mostlyAnswered, mostlyLost })) {
    it(`of a lock are accepted (${sights})`, () => {
      fc.assert(
        fc.property(lockHistory(60, sight), (history) => {
          assert.equal(checkLinearizable(lockModel(), history).type, 'linearizable');
        }),
        { numRuns: 1000 },
      );
    });
    it(`of a pool are accepted (${sights})`, () => {
      fc.assert(
        fc.property(poolHistory(60, sight), (history) => {
          assert.equal(checkLinearizable(poolModel({ limit }), history).type, 'linearizable');
        }),
        { numRuns: 1000 },
      );
    });
    for (const mayBeDelayed of [false, true])
      it(`of a lock and then changed are judged as by trying all orders (${sights}${mayBeDelayed ? ', delays' : ''})`, () => {
        const model = lockModel({ mayBeDelayed });
        const seen = new Map<string, number>();
        fc.assert(
          fc.property(lockHistory(7, sight), change, change, (history, first, second) => {
            const once = changed(history, first, otherLockAnswer);
            agrees(model, changed(once, second, otherLockAnswer), seen);
          }),
          { numRuns },
        );
        assertBothSeen(seen);
      });
    it(`of a pool and then changed are judged as by trying all orders (${sights})`, () => {
      const model = poolModel({ limit });
      const seen = new Map<string, number>();
      fc.assert(
        fc.property(poolHistory(7, sight), change, change, (history, first, second) => {
          const once = changed(history, first, otherPoolAnswer);
          agrees(model, changed(once, second, otherPoolAnswer), seen);
        }),
        { numRuns },
      );
      assertBothSeen(seen);
    });
  }
});
