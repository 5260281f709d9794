import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkLinearizable, poolModel } from '../../src/index.ts';
import type { Operation, PoolAnswer, PoolCall } from '../../src/index.ts';

type PoolOperation = Operation<PoolCall, PoolAnswer>;
type Span = readonly [fromMs: number, toMs?: number];

const pool = 'p';
const operation = (
  client: string,
  [fromMs, toMs]: Span,
  call: PoolCall,
  answer: PoolAnswer,
): PoolOperation => ({
  client,
  call,
  calledAtMs: fromMs,
  outcome: toMs === undefined ? { type: 'unknown' } : { type: 'answered', answer, atMs: toMs },
});
const granted = (session: string, span: Span, permits: number, token: number): PoolOperation =>
  operation(
    session,
    span,
    { type: 'acquire', pool, session, permits, wait: false },
    { type: 'granted', token },
  );
const busy = (session: string, span: Span, permits: number): PoolOperation =>
  operation(
    session,
    span,
    { type: 'acquire', pool, session, permits, wait: false },
    { type: 'busy' },
  );
/** No token: it is not told. */
const released = (session: string, span: Span, permits: number, token?: number): PoolOperation =>
  operation(session, span, releaseOf(session, permits, token), { type: 'released' });
const refusedRelease = (
  session: string,
  span: Span,
  permits: number,
  token?: number,
): PoolOperation =>
  operation(session, span, releaseOf(session, permits, token), { type: 'not_holder' });
const releaseOf = (session: string, permits: number, token: number | undefined): PoolCall => ({
  type: 'release',
  pool,
  session,
  permits,
  ...(token === undefined ? {} : { token }),
});
const ended = (session: string, span: Span): PoolOperation =>
  operation(session, span, { type: 'end', pool, session }, { type: 'ended' });
const free = (span: Span, permits: number): PoolOperation =>
  operation('reader', span, { type: 'read', pool }, { type: 'free', permits });

const good: Readonly<Record<string, readonly PoolOperation[]>> = {
  'as many permits as there are': [granted('a', [0, 1], 2, 1), granted('b', [2, 3], 1, 2)],
  'a session with two holds, each with its token': [
    granted('a', [0, 1], 1, 1),
    granted('a', [2, 3], 2, 2),
    released('a', [4, 5], 1, 1),
    free([6, 7], 1),
    released('a', [8, 9], 2, 2),
    free([10, 11], 3),
  ],
  'the permits of a session that may have ended': [
    granted('a', [0, 1], 2, 1),
    ended('a', [1]),
    granted('b', [4, 5], 3, 2),
  ],
  'a try for many that finds some held': [granted('a', [0, 1], 1, 1), busy('b', [2, 3], 3)],
  'a grant that nobody saw': [granted('a', [0], 2, 0), free([2, 3], 1), busy('b', [4, 5], 2)],
  'releases that do not tell their tokens': [
    granted('a', [0, 1], 1, 1),
    granted('a', [2, 3], 2, 2),
    released('a', [4, 5], 2),
    free([6, 7], 2),
    released('a', [8, 9], 1),
    refusedRelease('a', [10, 11], 1),
  ],
  'a second release, refused': [
    granted('a', [0, 1], 1, 1),
    released('a', [2, 3], 1, 1),
    refusedRelease('a', [4, 5], 1, 1),
  ],
};

const bad: Readonly<Record<string, readonly PoolOperation[]>> = {
  'one permit too many': [granted('a', [0, 1], 2, 1), granted('b', [2, 3], 2, 2)],
  'one permit too many for a session with others': [
    granted('a', [0, 1], 2, 1),
    granted('a', [2, 3], 2, 2),
  ],
  'a token that goes back': [granted('a', [0, 1], 1, 5), granted('b', [2, 3], 1, 4)],
  'a token that is used twice': [granted('a', [0, 1], 1, 5), granted('b', [2, 3], 1, 5)],
  'a try that is refused though nobody holds any': [busy('a', [0, 1], 3)],
  'a release that is done twice': [
    granted('a', [0, 1], 1, 1),
    released('a', [2, 3], 1, 1),
    released('a', [4, 5], 1, 1),
  ],
  'a release of more than is held': [granted('a', [0, 1], 1, 1), released('a', [2, 3], 2)],
  'a release with the token of another hold': [
    granted('a', [0, 1], 1, 1),
    granted('b', [2, 3], 1, 2),
    released('a', [4, 5], 1, 2),
  ],
  'a release by somebody else': [granted('a', [0, 1], 1, 1), released('b', [2, 3], 1, 1)],
  'a release that is lost': [
    granted('a', [0, 1], 1, 1),
    released('a', [2, 3], 1, 1),
    free([4, 5], 2),
  ],
  'a holder that is told it holds nothing': [
    granted('a', [0, 1], 1, 1),
    refusedRelease('a', [2, 3], 1, 1),
  ],
  'a grant to a session that has ended': [ended('a', [0, 1]), granted('a', [2, 3], 1, 1)],
};

describe('The pool model', () => {
  const verdictOf = (history: readonly PoolOperation[]): string =>
    checkLinearizable(poolModel({ limit: 3 }), history).type;
  for (const [name, history] of Object.entries(good))
    it(`accepts: ${name}`, () => assert.equal(verdictOf(history), 'linearizable'));
  for (const [name, history] of Object.entries(bad))
    it(`refuses: ${name}`, () => assert.equal(verdictOf(history), 'violation'));
});
