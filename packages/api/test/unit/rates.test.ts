/** How often one identity, and one address, may ask a node. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { OperationName } from '@holdfast/protocol';
import { systemClock } from '@holdfast/engine/parts';
import * as fc from 'fast-check';
import { defaultApiLimits } from '../../src/limits.ts';
import type { ApiLimits } from '../../src/limits.ts';
import { PerCaller } from '../../src/callers.ts';
import { callerFrom, provenCaller } from '../../src/pipeline/caller.ts';
import { Rates } from '../../src/pipeline/rates.ts';
import { RequestError } from '../../src/request-error.ts';
import { startHarness } from '../harness.ts';

const here = callerFrom('192.0.2.1');
const there = callerFrom('192.0.2.2');
const named = (identity: string, address: string): ReturnType<typeof provenCaller> =>
  provenCaller(identity, { keyId: `k-${identity}` }, address);

class Clocked {
  nowMs = 0;
  readonly rates: Rates;

  constructor(limits: Partial<ApiLimits>) {
    const rates = Rates.of({ ...defaultApiLimits, ...limits }, () => this.nowMs);
    assert.ok(rates);
    this.rates = rates;
  }

  passed(count: number, caller = here, operation = 'acquire'): number {
    const all = Array.from({ length: count }, () => this.rates.take(caller, operation));
    return all.filter((refused) => refused === undefined).length;
  }
}

describe('requests of a second', () => {
  test('are not counted where nothing is limited', () => {
    assert.equal(
      Rates.of(defaultApiLimits, () => 0),
      undefined,
    );
  });

  test('are as many as allowed, of each address by itself, and fill up with time (RATE-1)', () => {
    const clocked = new Clocked({ maxRequestsPerSecondPerAddress: 10 });
    assert.equal(clocked.passed(30), 10);
    assert.equal(clocked.passed(30, there), 10);
    clocked.nowMs += 500;
    assert.equal(clocked.passed(30), 5);
    clocked.nowMs += 60_000;
    assert.equal(clocked.passed(30), 10);
  });

  test('are never more than the limit and a second of it, whatever the times (RATE-1)', () => {
    const step = fc.record({ afterMs: fc.nat(700), count: fc.nat(20) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const clocked = new Clocked({ maxRequestsPerSecondPerAddress: 10 });
        let passed = 0;
        for (const { afterMs, count } of steps) {
          clocked.nowMs += afterMs;
          passed += clocked.passed(count);
          assert.ok(passed <= 10 + clocked.nowMs / 100);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('that keep or give back are no debt: who sends many of them locks nobody out behind the same address (RATE-2)', () => {
    const clocked = new Clocked({ maxRequestsPerSecondPerAddress: 10 });
    assert.equal(clocked.passed(10_000, here, 'keepalive'), 10_000);
    assert.equal(clocked.passed(1), 0);
    clocked.nowMs += 1000;
    assert.equal(clocked.passed(20), 10);
  });

  test('count for the identity and for its address: neither gets out of it by the other (RATE-4)', () => {
    const clocked = new Clocked({
      maxRequestsPerSecondPerIdentity: 5,
      maxRequestsPerSecondPerAddress: 8,
    });
    assert.equal(clocked.passed(20, named('a', '192.0.2.1')), 5);
    assert.equal(clocked.passed(20, named('a', '192.0.2.9')), 0);
    assert.equal(clocked.passed(20, named('b', '192.0.2.1')), 3);
  });

  test('never keep anybody from keeping or giving back what it holds (RATE-2)', () => {
    const clocked = new Clocked({
      maxRequestsPerSecondPerAddress: 1,
      maxRequestBytesPerSecondPerAddress: 10,
    });
    clocked.rates.spend(here, 1000);
    assert.equal(clocked.passed(5), 0);
    const passing: readonly (OperationName | 'cache_dropped')[] = [
      'keepalive',
      'renew',
      'release',
      'cancel_request',
      'end_session',
      'queue_ack',
      'queue_nack',
      'queue_extend',
      'cache_dropped',
      'cache_fill_end',
    ];
    for (const operation of passing) assert.equal(clocked.passed(5, here, operation), 5, operation);
  });

  test('are bounded in bytes: who sent too many waits until that is made up for', () => {
    const clocked = new Clocked({ maxRequestBytesPerSecondPerAddress: 1000 });
    clocked.rates.spend(here, 3500);
    const refused = clocked.rates.take(here, 'acquire');
    assert.partialDeepStrictEqual(refused?.details, {
      limit: 'max_request_bytes_per_second_per_address',
      scope: 'node',
      retry_after_seconds: 3,
    });
    clocked.nowMs += 2500;
    assert.equal(clocked.passed(1), 1);
  });

  test('are no ban: whoever sent one large body may ask again in half a minute (RATE-1)', () => {
    const clocked = new Clocked({ maxRequestBytesPerSecondPerAddress: 1000 });
    clocked.rates.spend(here, 1_000_000_000);
    const refused = clocked.rates.take(here, 'acquire');
    assert.equal(refused?.details['retry_after_seconds'], 30);
    clocked.nowMs += 29_900;
    assert.equal(clocked.passed(1), 0);
    clocked.nowMs += 100;
    assert.equal(clocked.passed(1), 1);
  });

  test('keep a bounded number of callers (RATE-3, RECENT-1)', () => {
    const clocked = new Clocked({ maxRequestsPerSecondPerAddress: 10 });
    for (let at = 0; at < 25_000; at++)
      clocked.passed(1, callerFrom(`2001:db8:${at.toString(16)}::1`));
    assert.ok(clocked.rates.size <= 10_000);
  });
});

test('a refusal says which limit, of what, and when to try again', async (t) => {
  const { request, session, acquire } = startHarness(t, {
    limits: { maxRequestsPerSecondPerAddress: 3 },
    clock: { ...systemClock, now: () => 1000 },
  });
  const id = await session();
  await acquire(id, 'x');
  await request('GET', '/locks');
  const { status, body, headers } = await request('GET', '/locks');
  assert.equal(status, 429);
  assert.equal(headers['retry-after'], '1');
  assert.partialDeepStrictEqual(body, {
    code: 'limit_exceeded',
    limit: 'max_requests_per_second_per_address',
    value: 3,
    scope: 'node',
  });
  assert.equal((await request('POST', `/sessions/${id}/keepalive`)).status, 200);
});

test('a limit of the state says that it is one of the cluster', async (t) => {
  const { request, engine } = startHarness(t);
  for (let at = 0; at < 100; at++) await request('POST', '/sessions', { client_id: 'c' });
  const { status, body, headers } = await request('POST', '/sessions', { client_id: 'c' });
  assert.equal(engine.state.stats().activeSessions, 100);
  assert.deepEqual([status, headers['retry-after']], [429, '1']);
  assert.partialDeepStrictEqual(body, { code: 'limit_exceeded', scope: 'cluster' });
});

test('identities of one address have no more than that address, and give back to both (CALLER-4)', () => {
  const ofAddress = new PerCaller('max_things_per_address', 3, 'things');
  const things = new PerCaller('max_things_per_caller', 2, 'things', ofAddress);
  const taken = ['a', 'a', 'b'].map((name) => things.takeOf(named(name, '192.0.2.1')));
  assert.ok(taken.every((one) => !(one instanceof RequestError)));
  const fourth = things.takeOf(named('b', '192.0.2.1'));
  assert.ok(fourth instanceof RequestError);
  assert.equal(fourth.details['limit'], 'max_things_per_address');
  assert.ok(!(things.takeOf(named('b', '192.0.2.2')) instanceof RequestError));
  for (const one of taken) if (!(one instanceof RequestError)) one();
  assert.ok(!(things.takeOf(named('c', '192.0.2.1')) instanceof RequestError));
});
