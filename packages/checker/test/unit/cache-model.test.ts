/** What a key of the cache may answer, and what not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cacheModel, checkLinearizable } from '../../src/index.ts';
import type { CacheAnswer, CacheCall, Operation } from '../../src/index.ts';

type Asked = CacheCall extends infer Call
  ? Call extends CacheCall
    ? Omit<Call, 'key' | 'latestMs'>
    : never
  : never;
type Conditions = Pick<Extract<CacheCall, { type: 'write' }>, 'ifVersion' | 'endsMs'>;
type Step = Operation<CacheCall, CacheAnswer>;

/** One that is asked at a time and answered at another; without an answer nobody knows what became of it. */
function step(asked: Asked, calledAtMs: number, atMs?: number, answer?: CacheAnswer): Step {
  const call: CacheCall = { ...asked, key: 'k', ...(atMs === undefined ? {} : { latestMs: atMs }) };
  if (answer === undefined || atMs === undefined)
    return { client: 'c', call, calledAtMs, outcome: { type: 'unknown' } };
  return { client: 'c', call, calledAtMs, outcome: { type: 'answered', answer, atMs } };
}
const read = (value: string | null, version: number, atMs: number): Step =>
  step({ type: 'read' }, atMs, atMs, { type: 'value', value, version });
const write = (value: string, version: number, atMs: number, more: Conditions = {}): Step =>
  step({ type: 'write', value, ...more }, atMs, atMs, { type: 'written', version });
const remove = (existed: boolean, atMs: number): Step =>
  step({ type: 'delete' }, atMs, atMs, { type: 'deleted', existed });

const holds = (...history: readonly Step[]): void =>
  assert.equal(checkLinearizable(cacheModel, history).type, 'linearizable');
const fails = (...history: readonly Step[]): void =>
  assert.equal(checkLinearizable(cacheModel, history).type, 'violation');

describe('The model of a key of the cache', () => {
  it('tells what was written, with its version, until it is deleted', () => {
    holds(read(null, 0, 1), write('a', 5, 2), read('a', 5, 3), remove(true, 4), read(null, 0, 5));
    fails(write('a', 5, 1), write('b', 6, 2), read('a', 5, 3));
    fails(write('a', 5, 1), remove(true, 2), read('a', 5, 3));
    fails(write('a', 5, 1), read('a', 6, 2));
    fails(write('a', 5, 1), read(null, 0, 2));
    fails(remove(true, 1));
    fails(write('a', 5, 1), remove(false, 2));
  });

  it('gives a write a version above all before, also above those that were deleted', () => {
    holds(write('a', 5, 1), remove(true, 2), write('b', 6, 3));
    fails(write('a', 5, 1), remove(true, 2), write('b', 5, 3));
    fails(write('a', 5, 1), remove(true, 2), write('b', 4, 3));
  });

  it('writes under a condition only where it is met, and tells the version that there is where it is not', () => {
    const demands = (ifVersion: number): Conditions => ({ ifVersion });
    const refused = (ifVersion: number, version: number, atMs: number): Step =>
      step({ type: 'write', value: 'x', ifVersion }, atMs, atMs, { type: 'mismatch', version });
    holds(write('a', 5, 1, demands(0)), write('b', 6, 2, demands(5)), refused(5, 6, 3));
    fails(write('a', 5, 1), write('b', 6, 2, demands(0)));
    fails(write('a', 5, 1), write('b', 7, 2), write('c', 8, 3, demands(5)));
    fails(write('a', 5, 1), refused(5, 5, 2));
    fails(write('a', 5, 1), refused(4, 6, 2));
    fails(refused(4, 3, 1));
    holds(refused(4, 0, 1));
  });

  it('may have executed what was not answered, once, whenever that was', () => {
    const open = step({ type: 'write', value: 'a' }, 1);
    holds(open, read(null, 0, 2), read('a', 5, 3), read('a', 5, 4), write('b', 6, 5));
    fails(open, read('a', 5, 3), read('a', 6, 4));
    fails(open, read('a', 5, 3), write('b', 6, 5), read('a', 5, 6));
    fails(write('b', 6, 0), open, read('a', 5, 3));
    holds(open, remove(true, 2));
    const conditional = step({ type: 'write', value: 'a', ifVersion: 3 }, 1);
    fails(write('b', 4, 0), conditional, read('a', 5, 3));
    const gone = step({ type: 'delete' }, 1);
    holds(write('b', 4, 0), gone, read('b', 4, 2), read(null, 0, 3));
    fails(write('b', 4, 0), gone, read(null, 0, 2), read('b', 4, 3));
  });

  it('ends a value by itself, not before its time', () => {
    const timed = write('a', 5, 1, { endsMs: 100 });
    holds(timed, read('a', 5, 99), read('a', 5, 101), read(null, 0, 102), read(null, 0, 103));
    fails(timed, read(null, 0, 99));
    fails(timed, read(null, 0, 101), read('a', 5, 102));
    holds(timed, remove(false, 101));
  });
});
