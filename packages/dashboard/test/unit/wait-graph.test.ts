import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { waitGraphOf } from '../../src/page/wait-graph.ts';
import type { WaitGraphResource, WaitedFor, WaitGraph } from '../../src/page/wait-graph.ts';

/** A lock that the first holds, and the others wait for. */
const lock = (name: string, holders: readonly string[], waiters: readonly string[]): WaitedFor => ({
  kind: 'lock',
  row: {
    name,
    state: 'exclusive',
    isTaken: holders.length > 0,
    holders: holders.map((who) => ({
      sessionId: `s-${who}`,
      clientId: who,
      fenceToken: 1,
      how: 'exclusive',
      since: 0,
    })),
    holderCount: holders.length,
    waiters: waiters.map((who, index) => ({
      sessionId: `s-${who}`,
      clientId: who,
      position: index + 1,
      how: 'exclusive',
      because: '',
    })),
    waiterCount: waiters.length,
    because: '',
  },
});

/** As text: each with what it holds in brackets. */
const text = ({ name, waiters, isAbove }: WaitGraphResource): string =>
  isAbove
    ? `${name}^`
    : `${name}(${waiters.map(({ who, holds }) => `${who.clientId}${holds.map((one) => `[${text(one)}]`).join('')}`).join(' ')})`;
const texts = ({ roots }: WaitGraph): string[] =>
  roots.map(
    ({ who, holds, depth }) =>
      `${String(depth)} ${who?.clientId ?? '-'} ${holds.map(text).join(' ')}`,
  );

describe('The wait-for graph', () => {
  it('ends at who waits for nothing, the longest chain first', () => {
    const graph = waitGraphOf([
      lock('z', ['x'], ['y']),
      lock('one', ['a'], ['b']),
      lock('two', ['b'], ['c', 'd']),
      lock('three', ['d'], ['e']),
    ]);
    assert.deepEqual(texts(graph), ['4 a one(b[two(c d[three(e)])])', '1 x z(y)']);
    assert.equal(graph.longest, 4);
    assert.equal(graph.waiting, 5);
  });

  it('follows a queue once where several hold what it waits for', () => {
    const graph = waitGraphOf([lock('shared', ['a', 'b'], ['c']), lock('own', ['c'], ['d'])]);
    assert.deepEqual(texts(graph), ['2 a shared(c[own(d)])', '0 b shared^']);
  });

  it('shows what nobody holds, and what is held by who waits elsewhere', () => {
    assert.deepEqual(texts(waitGraphOf([lock('delayed', [], ['a'])])), ['1 - delayed(a)']);
    // Of two states read one after the other a cycle may come that never was.
    const graph = waitGraphOf([lock('one', ['a'], ['b']), lock('two', ['b'], ['a'])]);
    assert.deepEqual(texts(graph), ['2 a one(b[two(a[one^])])']);
  });

  it('takes sessions that may not be seen for those of their clients', () => {
    const hidden = lock('one', ['a'], ['b']);
    const row = {
      ...hidden.row,
      holders: hidden.row.holders.map((who) => ({ ...who, sessionId: '' })),
    };
    assert.deepEqual(texts(waitGraphOf([{ ...hidden, row }])), ['1 a one(b)']);
  });

  it('goes all the way down a page of each kind', () => {
    const chain = Array.from({ length: 150 }, (_, index) =>
      lock(`l${String(index)}`, [`w${String(index)}`], [`w${String(index + 1)}`]),
    );
    assert.equal(waitGraphOf(chain).longest, 150);
  });
});
