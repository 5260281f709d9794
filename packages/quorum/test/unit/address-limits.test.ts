/** What one address may ask of a lease node. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import { AddressLimits } from '../../src/http/address-limits.ts';

const here = '192.0.2.1';
const there = '192.0.2.2';

class Asked {
  nowMs = 0;
  readonly limits: AddressLimits;

  constructor(requestsPerSecond: number, waits: number, requestBytesPerSecond = 0) {
    const settings = { requestsPerSecond, requestBytesPerSecond, waits };
    this.limits = new AddressLimits(settings, () => this.nowMs);
  }

  async done(operation: string, address: string = here): Promise<object> {
    return this.limits
      .run(operation, address, async () => ({}))
      .catch((error: unknown) => {
        assert.ok(error instanceof HoldfastError);
        return { code: error.code, ...error.details };
      });
  }

  async passed(count: number, address = here, operation = 'acquire'): Promise<number> {
    const all = await Promise.all(
      Array.from({ length: count }, () => this.done(operation, address)),
    );
    return all.filter((answer) => !('code' in answer)).length;
  }
}

describe('The acquires and waits of an address in a second', () => {
  it('are as many as allowed, and fill up with time (LEASE-LIMIT-1)', async () => {
    const asked = new Asked(10, 0);
    assert.equal(await asked.passed(30), 10);
    assert.equal(await asked.passed(30, there), 10);
    assert.deepEqual(await asked.done('wait'), {
      code: 'limit_exceeded',
      limit: 'max_requests_per_second_per_address',
      scope: 'node',
      value: 10,
      retry_after_seconds: 1,
    });
    asked.nowMs += 500;
    assert.equal(await asked.passed(30), 5);
    asked.nowMs += 60_000;
    assert.equal(await asked.passed(30), 10);
  });

  it('are no reason to refuse what keeps or gives back a lease, or what members ask (LEASE-LIMIT-3)', async () => {
    const asked = new Asked(1, 0);
    assert.equal(await asked.passed(2), 1);
    for (const operation of ['renew', 'release', 'confirm', 'begin', 'close', 'prepare'])
      assert.equal(await asked.passed(20, here, operation), 20, operation);
  });

  it('are those of its network, of IPv6 (LEASE-LIMIT-1)', async () => {
    const asked = new Asked(1, 0);
    assert.equal(await asked.passed(1, '2001:db8::1'), 1);
    assert.equal(await asked.passed(1, '2001:db8::2'), 0);
    assert.equal(await asked.passed(1, '2001:db8:0:1::1'), 1);
  });

  it('are counted of a bounded number of addresses (LEASE-LIMIT-4)', async () => {
    const asked = new Asked(10, 0);
    for (let at = 0; at < 12_000; at++)
      await asked.passed(1, `10.0.${String(at >> 8)}.${String(at & 255)}`);
    assert.ok(asked.limits.size <= 10_000);
  });
});

describe('The bytes of requests of an address in a second', () => {
  it('are as many as allowed: who sent more is refused until that is made up for (LEASE-LIMIT-5)', async () => {
    const asked = new Asked(0, 0, 1000);
    asked.limits.spend(here, 1000);
    assert.equal(await asked.passed(20), 20);
    asked.limits.spend(here, 2500);
    for (const operation of ['acquire', 'wait'])
      assert.deepEqual(await asked.done(operation), {
        code: 'limit_exceeded',
        limit: 'max_request_bytes_per_second_per_address',
        scope: 'node',
        value: 1000,
        retry_after_seconds: 3,
      });
    assert.equal(await asked.passed(1, there), 1);
    asked.nowMs += 2400;
    assert.equal(await asked.passed(1), 0);
    asked.nowMs += 100;
    assert.equal(await asked.passed(1), 1);
  });

  it('are no ban: who sent one large frame may ask again in half a minute (LEASE-LIMIT-5)', async () => {
    const asked = new Asked(0, 0, 1000);
    asked.limits.spend(here, 1_000_000_000);
    assert.partialDeepStrictEqual(await asked.done('acquire'), { retry_after_seconds: 30 });
    asked.nowMs += 30_000;
    assert.equal(await asked.passed(1), 1);
  });

  it('are no reason to refuse what keeps or gives back a lease, or what members ask (LEASE-LIMIT-3)', async () => {
    const asked = new Asked(0, 0, 1);
    asked.limits.spend(here, 1000);
    assert.equal(await asked.passed(1), 0);
    for (const operation of ['renew', 'release', 'confirm', 'begin', 'close', 'prepare'])
      assert.equal(await asked.passed(20, here, operation), 20, operation);
  });

  it('are those of its network, and take nothing of its requests when they are too many (LEASE-LIMIT-5)', async () => {
    const asked = new Asked(1, 0, 1);
    asked.limits.spend('2001:db8::1', 1000);
    assert.partialDeepStrictEqual(await asked.done('acquire', '2001:db8::2'), {
      limit: 'max_request_bytes_per_second_per_address',
    });
    assert.equal(await asked.passed(1, '2001:db8:0:1::1'), 1);
    asked.nowMs += 60_000;
    assert.equal(await asked.passed(2, '2001:db8::2'), 1);
  });

  it('are counted of a bounded number of addresses (LEASE-LIMIT-4)', () => {
    const { limits } = new Asked(0, 0, 10);
    for (let at = 0; at < 12_000; at++)
      limits.spend(`10.0.${String(at >> 8)}.${String(at & 255)}`, 1);
    assert.ok(limits.size <= 10_000);
  });
});

describe('The waits of an address', () => {
  it('are so many at a time, and one that is over leaves its place (LEASE-LIMIT-2)', async () => {
    const { limits } = new Asked(0, 2);
    const ends: ((answer: object) => void)[] = [];
    const wait = (address: string): Promise<object> =>
      limits.run('wait', address, () => new Promise<object>((end) => void ends.push(end)));
    const [first, second] = [wait(here), wait(here)];
    await assert.rejects(wait(here), (error: unknown) => {
      assert.ok(error instanceof HoldfastError);
      const told = { limit: 'max_waits_per_address', scope: 'node', value: 2 };
      assert.deepEqual([error.code, error.details], ['limit_exceeded', told]);
      return true;
    });
    const other = wait(there);
    ends[0]?.({ status: 'FREE' });
    assert.deepEqual(await first, { status: 'FREE' });
    const third = wait(here);
    for (const end of ends) end({});
    await Promise.all([second, other, third]);
    assert.equal(limits.size, 0);
  });
});
