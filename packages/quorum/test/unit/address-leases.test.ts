/** How many leases one address may have on a lease node. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { HoldfastError, setIdOf } from '@holdfast/protocol';
import fc from 'fast-check';
import { AddressLeases } from '../../src/node/address-leases.ts';
import { LeaseHost } from '../../src/node/host.ts';
import { LeaseNode } from '../../src/node/lease-node.ts';
import { Membership } from '../../src/node/membership.ts';
import { HandClock } from './support/hand-clock.ts';
import { MemoryFile } from './support/memory-file.ts';

const ownSet = { epoch: 3, members: ['n1', 'n2', 'n3'] };
const here = '192.0.2.1';
const there = '192.0.2.2';
const ttlMs = 1000;
const most = 3;

/** A host with its file, which answers at once. */
class Asked {
  readonly clock = new HandClock();
  readonly file = new MemoryFile();
  #host = this.#started();

  #started(): LeaseHost {
    const { clock, file } = this;
    return new LeaseHost({
      store: file,
      clock,
      membership: new Membership('n1', { set: ownSet, after: '', next: undefined }),
      onMember: () => assert.fail('It is a member of one set.'),
      longestTtlMs: ttlMs,
      recovery: undefined,
      fresh: false,
      fileId: 77,
      bootstrapSet: [],
      maxLeasesPerAddress: most,
      onSaveFailed: () => undefined,
      node: new LeaseNode({ maxRows: 100, maxTombstones: 1000 }, file.restored(), clock.now()),
    });
  }

  restart(): void {
    this.#host = this.#started();
  }

  async #done(asked: Promise<{ readonly status: string }>): Promise<string> {
    const answer = asked.then(
      ({ status }) => status,
      (error: unknown) => {
        assert.ok(error instanceof HoldfastError);
        return error.code;
      },
    );
    this.clock.endTurn();
    return answer;
  }

  /** Answered when the turn has ended. */
  begun(resource: string, from: string, id?: string): Promise<{ readonly status: string }> {
    const body = { ...lease(resource, id), client_id: 'c', ttl_ms: ttlMs };
    return this.#host.acquire(body, from);
  }

  acquire(resource: string, from: string, id?: string): Promise<string> {
    return this.#done(this.begun(resource, from, id));
  }

  renew(resource: string, from: string, id?: string, ms = ttlMs): Promise<string> {
    return this.#done(this.#host.renew({ ...lease(resource, id), ttl_ms: ms }, from));
  }

  confirm(resource: string): Promise<string> {
    return this.#done(this.#host.confirm({ ...lease(resource), token: 9 }));
  }

  /** As `begun`. */
  releasing(resource: string, id?: string): Promise<{ readonly status: string }> {
    return this.#host.release(lease(resource, id));
  }

  release(resource: string, id?: string): Promise<string> {
    return this.#done(this.releasing(resource, id));
  }

  /** How many of these are granted. */
  async granted(resources: readonly string[], from: string): Promise<number> {
    let count = 0;
    for (const resource of resources)
      if ((await this.acquire(resource, from)) === 'GRANTED') count += 1;
    return count;
  }
}

const lease = (resource: string, id = `lease of ${resource}`) => ({
  resource,
  epoch: 3,
  set: setIdOf(ownSet),
  lease_id: id,
});

describe('The leases of an address', () => {
  let asked: Asked;
  beforeEach(() => {
    asked = new Asked();
  });

  it('are so many, also of those that are asked for at once (ADDRESS-LEASES-1)', async () => {
    const all = Array.from({ length: 5 }, (_, at) => asked.begun(`r${String(at)}`, here));
    asked.clock.endTurn();
    const answers = await Promise.allSettled(all);
    assert.deepEqual(
      answers.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'],
    );
    const [refused] = answers.slice(3);
    assert.ok(refused?.status === 'rejected' && refused.reason instanceof HoldfastError);
    assert.equal(refused.reason.code, 'limit_exceeded');
    assert.deepEqual(refused.reason.details, {
      limit: 'max_leases_per_address',
      scope: 'node',
      value: most,
    });
    assert.match(refused.reason.message, /--max-leases-per-address/);
    assert.equal(await asked.granted(['r3', 'r4', 'r5', 'r6'], there), most);
  });

  it('leave their places when they are released, or have ended (ADDRESS-LEASES-1)', async () => {
    assert.equal(await asked.granted(['a', 'b', 'c', 'd'], here), most);
    assert.equal(await asked.release('b'), 'RELEASED');
    assert.equal(await asked.granted(['d', 'e'], here), 1);
    asked.clock.pass(ttlMs / 2);
    assert.equal(await asked.renew('a', here), 'DONE');
    asked.clock.pass(ttlMs / 2);
    assert.equal(await asked.granted(['e', 'f', 'g'], here), 2, 'all but the renewed one ended');
  });

  it('are kept, confirmed, asked for again and given back, however many there are (ADDRESS-LEASES-2)', async () => {
    assert.equal(await asked.granted(['a', 'b', 'c'], here), most);
    assert.equal(await asked.acquire('x', there), 'GRANTED');
    assert.equal(await asked.renew('x', here), 'DONE');
    assert.equal(await asked.acquire('y', here), 'limit_exceeded');
    for (const resource of ['a', 'b', 'c', 'x']) {
      assert.equal(await asked.acquire(resource, here), 'GRANTED', 'the same lease once more');
      assert.equal(await asked.renew(resource, here), 'DONE');
      assert.equal(await asked.confirm(resource), 'DONE');
    }
    assert.equal(await asked.acquire('x', here, 'another lease'), 'DENIED');
    for (const resource of ['a', 'b', 'c', 'x'])
      assert.equal(await asked.release(resource), 'RELEASED');
    assert.equal(await asked.acquire('y', here), 'GRANTED');
  });

  it('count for the address that renewed them last (ADDRESS-LEASES-3)', async () => {
    assert.equal(await asked.granted(['a', 'b', 'c'], here), most);
    assert.equal(await asked.renew('a', there), 'DONE');
    assert.equal(await asked.renew('b', there, 'not its lease'), 'REFUSED');
    assert.equal(await asked.granted(['d', 'e'], here), 1);
    assert.equal(await asked.granted(['f', 'g', 'h'], there), 2);
  });

  it('count again from their renewal on when the node has started again (ADDRESS-LEASES-3)', async () => {
    assert.equal(await asked.granted(['a', 'b', 'c'], here), most);
    asked.restart();
    assert.equal(await asked.acquire('d', here), 'GRANTED', 'whose the others are is not known');
    assert.equal(await asked.renew('a', here), 'DONE');
    assert.equal(await asked.acquire('b', here), 'GRANTED', 'the same lease once more');
    assert.equal(await asked.acquire('e', here), 'limit_exceeded');
    assert.equal(await asked.renew('c', here), 'DONE');
  });

  it('are those that are on disk, and no others (ADDRESS-LEASES-1)', async () => {
    asked.file.full = true;
    for (const resource of ['a', 'b', 'c', 'd'])
      assert.equal(await asked.acquire(resource, here), 'storage_failed');
    asked.file.full = false;
    assert.equal(await asked.granted(['a', 'b', 'c', 'd'], here), most);
    asked.file.full = true;
    assert.equal(await asked.release('a'), 'storage_failed');
    asked.file.full = false;
    assert.equal(await asked.acquire('d', here), 'limit_exceeded');
    assert.equal(await asked.release('a'), 'RELEASED');
    assert.equal(await asked.acquire('d', here), 'GRANTED');
  });

  it('count as before where the disk refuses (ADDRESS-LEASES-5)', async () => {
    assert.equal(await asked.granted(['a', 'b'], here), 2);
    assert.equal(await asked.acquire('x', there), 'GRANTED');
    asked.file.full = true;
    // For another time, as the same one needs no write.
    assert.equal(await asked.renew('x', here, undefined, ttlMs / 2), 'storage_failed');
    // All in one turn.
    const both = [asked.releasing('x'), asked.begun('x', here, 'another lease')];
    asked.clock.endTurn();
    for (const one of both) await assert.rejects(one, { code: 'storage_failed' });
    asked.file.full = false;
    assert.equal(await asked.granted(['c', 'd'], here), 1);
    assert.equal(await asked.granted(['e', 'f', 'g'], there), 2);
    asked.restart();
    asked.file.full = true;
    assert.equal(await asked.renew('a', here, undefined, ttlMs / 2), 'storage_failed');
    asked.file.full = false;
    assert.equal(await asked.granted(['h', 'i', 'j', 'k'], here), most, 'it counts for nobody');
  });

  it('that were released are answered so, however many there are (ADDRESS-LEASES-2)', async () => {
    assert.equal(await asked.granted(['a', 'b', 'c'], here), most);
    assert.equal(await asked.acquire('x', there), 'GRANTED');
    assert.equal(await asked.release('x'), 'RELEASED');
    assert.equal(await asked.acquire('x', here), 'RELEASED', 'a late repetition');
  });

  it('are those of a naive count, whatever is asked, by whom and when', async () => {
    const addresses = [here, there];
    const resources = Array.from({ length: 6 }, (_, at) => `r${String(at)}`);
    const action = fc.record({
      what: fc.constantFrom('acquire', 'acquire', 'acquire', 'renew', 'release', 'pass'),
      resource: fc.constantFrom(...resources),
      from: fc.constantFrom(...addresses),
      ms: fc.nat(ttlMs / 2),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
        const own = new Asked();
        const naive = new Map<string, { id: string; from: string; endsAtMs: number }>();
        let ids = 0;
        for (const { what, resource, from, ms } of actions) {
          const now = own.clock.now();
          for (const [name, { endsAtMs }] of naive) if (endsAtMs <= now) naive.delete(name);
          const known = naive.get(resource);
          const endsAtMs = now + ttlMs;
          if (what === 'pass') own.clock.pass(ms);
          else if (what === 'acquire' && known === undefined) {
            const count = [...naive.values()].filter((one) => one.from === from).length;
            const id = `l${String(++ids)}`;
            const expected = count < most ? 'GRANTED' : 'limit_exceeded';
            assert.equal(await own.acquire(resource, from, id), expected);
            if (count < most) naive.set(resource, { id, from, endsAtMs });
          } else if (what === 'renew' && known !== undefined) {
            assert.equal(await own.renew(resource, from, known.id), 'DONE');
            naive.set(resource, { id: known.id, from, endsAtMs });
          } else if (what === 'release' && known !== undefined) {
            assert.equal(await own.release(resource, known.id), 'RELEASED');
            naive.delete(resource);
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('What is kept of the leases of addresses', () => {
  const started = (limit: number) => {
    const clock = new HandClock();
    const nothing = { rows: [], tombstones: [], floor: 0 };
    const node = new LeaseNode({ maxRows: 100_000, maxTombstones: 10 }, nothing, 0);
    const leases = new AddressLeases({ most: limit, mostReleased: 0, node, clock });
    const grant = (resource: string, from: string, ttl: number): void => {
      leases.check(from);
      const ask = { leaseId: resource, clientId: 'c', ttlMs: ttl };
      assert.equal(node.acquire(resource, ask, clock.now()).type, 'granted');
      leases.changed(resource, from);
    };
    return { clock, leases, grant };
  };

  it('is bounded by those that stand, of whatever addresses (ADDRESS-LEASES-4)', () => {
    const { clock, leases, grant } = started(10);
    for (let at = 0; at < 20_000; at++) {
      grant(`r${String(at)}`, `10.0.${String(at >> 8)}.${String(at & 255)}`, 1000);
      clock.pass(1);
      assert.ok(leases.size <= 2 * 1010, `${String(leases.size)} after ${String(at)}`);
    }
    clock.pass(1000);
    for (let at = 0; at < 1000; at++) {
      grant('again', here, 1);
      clock.pass(1);
    }
    assert.ok(leases.size <= 4, `${String(leases.size)} of one that stands`);
  });

  it('is of those that have ended no reason to refuse an address (ADDRESS-LEASES-1)', () => {
    const { clock, leases, grant } = started(1500);
    for (let at = 0; at < 1500; at++) grant(`there ${String(at)}`, there, 10);
    for (let at = 0; at < 1500; at++) grant(`here ${String(at)}`, here, 20);
    assert.throws(() => leases.check(here), /as many leases/);
    clock.pass(20);
    leases.check(here);
    leases.check(there);
  });

  it('is its own alone, however many of others ended before (ADDRESS-LEASES-1)', () => {
    const { clock, grant, leases } = started(30_000);
    for (let at = 0; at < 30_000; at++) grant(`there ${String(at)}`, there, 10);
    for (let at = 0; at < 30_000; at++) grant(`here ${String(at)}`, here, 20);
    clock.pass(20);
    leases.check(here);
    leases.check(there);
  });

  it('is nothing where nothing is limited, or it is not known who asks', () => {
    const unlimited = started(0);
    for (let at = 0; at < 10; at++) unlimited.grant(`r${String(at)}`, here, 1000);
    assert.equal(unlimited.leases.size, 0);
    const { leases } = started(1);
    for (let at = 0; at < 10; at++) leases.check(undefined);
    assert.equal(leases.size, 0);
  });
});
