import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { operations } from '@holdfast/contract';
import { isForHolders } from '../../../src/http/routes.ts';
import { hasOwnRoom } from '../../../src/turns/own-room.ts';

describe('Room of its own among what waits for its turn (REQUEST-TURN-4)', () => {
  it('has each probe, and what keeps or gives back', () => {
    const named = new Set(operations.filter(hasOwnRoom).map(({ name }) => name));
    for (const name of ['liveness', 'readiness', 'health', 'keepalive', 'release', 'renew'])
      assert.ok(named.has(name), name);
  });

  it('has no operation that takes or reads something', () => {
    const named = new Set(operations.filter(hasOwnRoom).map(({ name }) => name));
    for (const name of ['acquire', 'queue_push', 'cache_set', 'list_locks'])
      assert.ok(!named.has(name), name);
  });

  it('is known by the path of HTTP', () => {
    assert.ok(isForHolders('GET', '/livez', undefined));
    assert.ok(isForHolders('HEAD', '/livez', undefined), 'as some load balancers ask');
    assert.ok(isForHolders('POST', '/operations/{operation}', 'release'));
    assert.ok(!isForHolders('POST', '/locks/{name}/acquire', undefined));
  });
});
