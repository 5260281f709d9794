/** Lists of what is under way. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CallsOfSessions } from '../../src/calls-of-sessions.ts';
import type { CallOfSession } from '../../src/calls-of-sessions.ts';
import { Links } from '../../src/links.ts';
import type { Linked } from '../../src/links.ts';

interface Numbered extends Linked<Numbered> {
  readonly id: number;
}

const numbered = (id: number): Numbered => ({ id, before: undefined, after: undefined });

/** From the first on, by their links in both directions. */
function idsIn(links: Links<Numbered>): readonly number[] {
  const ids: number[] = [];
  for (let entry = links.first; entry !== undefined; entry = entry.after) {
    assert.equal(entry.before?.id, ids.at(-1));
    ids.push(entry.id);
  }
  return ids;
}

describe('A list of links', () => {
  it('given entries that come and go in any order, then it is what a Set would be', () => {
    const links = new Links<Numbered>();
    const model = new Map<number, Numbered>();
    let random = 12_345;
    const below = (limit: number): number => {
      random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
      return (random >>> 16) % limit;
    };
    for (let id = 0; id < 5_000; id++) {
      const entry = numbered(id);
      links.add(entry);
      model.set(id, entry);
      while (model.size > 0 && below(2) === 0) {
        const gone = [...model.values()][below(model.size)];
        assert.ok(gone !== undefined);
        links.remove(gone);
        model.delete(gone.id);
        assert.deepEqual([gone.before, gone.after], [undefined, undefined]);
      }
      assert.equal(links.size, model.size);
      assert.deepEqual(idsIn(links), [...model.keys()]);
    }
  });
});

interface Call extends CallOfSession<Call> {
  readonly name: string;
}

describe('Calls of a session', () => {
  const call = (name: string): Call => ({
    name,
    session: undefined,
    before: undefined,
    after: undefined,
  });

  it('given calls of two sessions, when one ends, then its own calls end and are kept nowhere', () => {
    const calls = new CallsOfSessions<Call>();
    calls.begin('a');
    calls.begin('b');
    const [first, second, other, answered] = ['first', 'second', 'other', 'answered'].map(call);
    assert.ok(first && second && other && answered);
    for (const one of [first, answered, second]) calls.add({ session_id: 'a' }, one);
    calls.add({ session_id: 'b' }, other);
    calls.remove(answered);
    calls.remove(answered);
    const ended: string[] = [];
    calls.end('a', (one) => {
      calls.remove(one);
      ended.push(one.name);
    });
    assert.deepEqual(ended, ['first', 'second']);
    calls.end('a', () => assert.fail('nothing is left'));
    assert.ok(other.session !== undefined);
  });

  it('given a call without a session, or of one that is not known, then it belongs to none', () => {
    const calls = new CallsOfSessions<Call>();
    const one = call('one');
    calls.add(null, one);
    calls.add({ session_id: 7 }, one);
    calls.add({ session_id: 'unknown' }, one);
    assert.equal(one.session, undefined);
  });
});
