import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readEndpoint } from '@holdfast/protocol';
import type { Endpoint } from '@holdfast/protocol';
import { NodeRoute } from '../../src/route.ts';

const endpointOf = (text: string): Endpoint => {
  const read = readEndpoint(text);
  assert.ok(read.ok);
  return read.endpoint;
};
const nowMs = 0;

describe('The way to a node that leads', () => {
  it('is sought at every node in turn, though one that knows no leader answers all the time (ROUTE-8)', () => {
    // Given a client at a node that answers, and knows no leader
    const [first, ...others] = ['a:1', 'b:1', 'c:1', 'd:1'].map(endpointOf);
    assert.ok(first !== undefined);
    const route = new NodeRoute([first, ...others], () => undefined);
    assert.equal(route.next(nowMs, new Set())?.url, first.url);
    const busy = new Set([first.url]);
    // When another one is sought again and again, and the first answers in between
    const tried = others.map(() => {
      route.answered(first);
      return route.next(nowMs, busy)?.url;
    });
    // Then each of the others is tried
    assert.deepEqual(
      tried,
      others.map(({ url }) => url),
    );
  });
});
