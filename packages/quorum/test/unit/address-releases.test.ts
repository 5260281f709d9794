/** How many leases one address may have released lately on a lease node. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError, setIdOf } from '@holdfast/protocol';
import fc from 'fast-check';
import { AddressReleases } from '../../src/node/address-releases.ts';
import { LeaseHost } from '../../src/node/host.ts';
import { LeaseNode } from '../../src/node/lease-node.ts';
import { Membership } from '../../src/node/membership.ts';
import { HandClock } from './support/hand-clock.ts';
import { MemoryFile } from './support/memory-file.ts';

const here = '192.0.2.1';
const there = '192.0.2.2';
const rememberMs = 90_000;

class Released {
  nowMs = 0;
  readonly all: AddressReleases;

  constructor(most: number) {
    this.all = new AddressReleases({ most, rememberMs, now: () => this.nowMs });
  }

  add(count: number, from = here): void {
    for (let at = 0; at < count; at++) this.all.add(from);
  }

  /** Undefined: a lease may be granted. */
  refusal(from = here): Readonly<Record<string, unknown>> | undefined {
    try {
      this.all.check(from);
      return undefined;
    } catch (error) {
      assert.ok(error instanceof HoldfastError);
      return error.details;
    }
  }
}

describe('The leases that an address released lately', () => {
  it('are so many, of each address by itself, until they are forgotten (ADDRESS-RELEASES-1)', () => {
    const released = new Released(10);
    released.add(9);
    assert.equal(released.refusal(), undefined);
    released.add(1);
    assert.deepEqual(released.refusal(), {
      limit: 'max_released_leases_per_address',
      scope: 'node',
      value: 10,
      retry_after_seconds: 96,
    });
    assert.equal(released.refusal(there), undefined);
    released.nowMs = rememberMs;
    assert.notEqual(released.refusal(), undefined, 'the node remembers them so long');
    released.nowMs += rememberMs / 15;
    assert.equal(released.refusal(), undefined);
  });

  it('are never fewer than those of the time for which they are remembered, and not many more', () => {
    const step = fc.record({ afterMs: fc.nat(40_000), count: fc.nat(5) });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: 1, max: 30 }),
        (steps, most) => {
          const released = new Released(most);
          const naive: number[] = [];
          for (const { afterMs, count } of steps) {
            released.nowMs += afterMs;
            released.add(count);
            for (let at = 0; at < count; at++) naive.push(released.nowMs);
            const since = (ms: number): number =>
              naive.filter((atMs) => released.nowMs - atMs < ms).length;
            const refused = released.refusal();
            if (since(rememberMs) >= most) assert.ok(refused);
            if (since(rememberMs + rememberMs / 15) < most) assert.equal(refused, undefined);
            if (refused === undefined) continue;
            const before = released.nowMs;
            released.nowMs += Number(refused['retry_after_seconds']) * 1000 - 1001;
            assert.ok(released.nowMs < before || released.refusal(), 'it is not told too late');
            released.nowMs = Math.max(before, released.nowMs);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('are counted of a bounded number of addresses, and not at all without a limit (ADDRESS-RELEASES-3)', () => {
    const released = new Released(10);
    for (let at = 0; at < 12_000; at++)
      released.add(1, `10.0.${String(at >> 8)}.${String(at & 255)}`);
    assert.equal(released.all.size, 10_000);
    const unlimited = new Released(0);
    unlimited.add(10);
    assert.equal(unlimited.all.size, 0);
    assert.equal(unlimited.refusal(), undefined);
  });

  it('keep nobody from releasing, and others from nothing (ADDRESS-RELEASES-2)', async () => {
    const clock = new HandClock();
    const file = new MemoryFile();
    const ownSet = { epoch: 3, members: ['n1', 'n2', 'n3'] };
    const host = new LeaseHost({
      store: file,
      clock,
      membership: new Membership('n1', { set: ownSet, after: '', next: undefined }),
      onMember: () => assert.fail('It is a member of one set.'),
      longestTtlMs: 1000,
      recovery: undefined,
      fresh: false,
      fileId: 77,
      bootstrapSet: [],
      maxReleasedLeasesPerAddress: 2,
      onSaveFailed: (error) => assert.fail(error.message),
      node: new LeaseNode(
        { maxRows: 100, maxTombstones: 100, rememberMs },
        file.restored(),
        clock.now(),
      ),
    });
    const lease = (name: string) => ({
      resource: name,
      epoch: 3,
      set: setIdOf(ownSet),
      lease_id: name,
    });
    const done = async (asked: Promise<{ readonly status: string }>): Promise<string> => {
      clock.endTurn();
      return asked.then(
        ({ status }) => status,
        (error: unknown) => {
          assert.ok(error instanceof HoldfastError);
          return error.code;
        },
      );
    };
    const acquire = (name: string, from: string): Promise<string> =>
      done(host.acquire({ ...lease(name), client_id: 'c', ttl_ms: 1000 }, from));
    const release = (name: string, from: string): Promise<string> =>
      done(host.release(lease(name), from));
    for (const name of ['a', 'b', 'c', 'd']) assert.equal(await acquire(name, here), 'GRANTED');
    for (const name of ['a', 'a', 'a']) assert.equal(await release(name, here), 'RELEASED');
    assert.equal(await acquire('e', here), 'GRANTED', 'a repetition counts no more');
    for (const name of ['b', 'c', 'd', 'unknown'])
      assert.equal(await release(name, here), 'RELEASED');
    assert.equal(await acquire('f', here), 'limit_exceeded');
    assert.equal(await acquire('e', here), 'GRANTED', 'it stands');
    assert.equal(await done(host.renew({ ...lease('e'), ttl_ms: 1000 }, here)), 'DONE');
    assert.equal(await acquire('f', there), 'GRANTED');
  });
});
