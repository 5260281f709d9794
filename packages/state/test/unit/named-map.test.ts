import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NamedMap } from '../../src/kernel/collections/named-map.ts';
import { lockName } from './support/driver.ts';

describe('a map that knows its names in order', () => {
  it('given names that are deleted, then it does not look at them any more', () => {
    const map = new NamedMap<ReturnType<typeof lockName>, number>();
    for (const name of ['c', 'a', 'b']) map.set(lockName(name), 1);
    assert.deepEqual([...map.names.from('')], ['a', 'b', 'c']);
    assert.equal(map.delete(lockName('b')), true);
    assert.equal(map.delete(lockName('b')), false);
    assert.deepEqual([...map.names.from('')], ['a', 'c']);
    map.set(lockName('b'), 2);
    map.set(lockName('b'), 3);
    assert.deepEqual([...map.names.from('')], ['a', 'b', 'c'], 'once');
  });
});
