import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DeliveriesInFlight } from '../../src/queue/in-flight.ts';

describe('a delivery is in flight for certain', () => {
  test('from when it was told until it may be settled, while its visibility stands by any clock', () => {
    const deliveries = new DeliveriesInFlight();
    assert.equal(deliveries.countAt(1000), 0);
    const first = { askedMs: 1000, visibilityMs: 2000 };
    const second = { askedMs: 1500, visibilityMs: 2000 };
    deliveries.take(first);
    deliveries.take(second);
    assert.equal(deliveries.countAt(1600), 2);
    // 2 s by the clock of another one may be 1.98 s by this one.
    assert.equal(deliveries.countAt(2979), 2);
    assert.equal(deliveries.countAt(2980), 1);
    deliveries.settle(second);
    assert.equal(deliveries.countAt(1600), 1);
    assert.equal(deliveries.countAt(2980), 0);
  });
});
