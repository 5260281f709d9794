import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { LeaseNode } from '../../src/node/lease-node.ts';
import type { AcquireOutcome, LeaseNodeLimits } from '../../src/node/lease-node.ts';
import { MemoryFile } from './support/memory-file.ts';
import { NaiveNode, resources } from './support/naive-node.ts';
import type { Step } from './support/naive-node.ts';

const resource = fc.constantFrom(...resources);
const of = fc.record({ resource, number: fc.nat(3) });
const ttlMs = fc.constantFrom(10, 10, 30, 60);
const ofTheDisk: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ type: 'saved' as const }) },
  { weight: 1, arbitrary: fc.constant({ type: 'refused' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('restart' as const), nowMs: fc.nat(1000) }),
  },
);
/** Only a node that does not vote yet adopts anything. */
const beforeItVotes: fc.Arbitrary<Step> = fc.oneof(
  ofTheDisk,
  fc.record({
    type: fc.constant('adopt' as const),
    floor: fc.nat(30),
    tokens: fc.array(fc.tuple(resource, fc.integer({ min: 1, max: 40 })), { maxLength: 3 }),
  }),
);
const vote: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: fc.constant('acquire' as const), of, ttlMs }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('renew' as const), of, ttlMs }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('confirm' as const),
      of,
      above: fc.integer({ min: -3, max: 5 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('release' as const), of }) },
  { weight: 9, arbitrary: ofTheDisk },
);
const afterMs = fc.constantFrom(0, 0, 0, 1, 5, 10, 35);

const roomy: LeaseNodeLimits = { maxRows: 10, maxTombstones: 10 };

function node(limits = roomy, file = new MemoryFile()): LeaseNode {
  return new LeaseNode(limits, file.restored(), 0);
}

function ask(
  on: LeaseNode,
  name: string,
  leaseId: string,
  nowMs: number,
  ttl = 100,
): AcquireOutcome {
  return on.acquire(name, { leaseId, clientId: `client of ${leaseId}`, ttlMs: ttl }, nowMs);
}

function save(on: LeaseNode, file: MemoryFile): void {
  file.save(on.changes());
  on.saved();
}

describe('A lease node', () => {
  it('keeps VOTER-1 to VOTER-6 whatever is asked of it, refused by its disk, restarted or adopted', () => {
    fc.assert(
      fc.property(
        fc.record({
          maxRows: fc.integer({ min: 1, max: 6 }),
          maxTombstones: fc.integer({ min: 1, max: 8 }),
          rememberMs: fc.integer({ min: 1, max: 60 }),
        }),
        fc.array(beforeItVotes, { maxLength: 6 }),
        fc.array(fc.tuple(vote, afterMs), { maxLength: 120, size: 'max' }),
        (limits, first, votes) => {
          const model = new NaiveNode(limits);
          for (const step of first) model.do(step, 0);
          for (const [step, waitMs] of votes) model.do(step, waitMs);
        },
      ),
      { numRuns: 600 },
    );
  });

  it('grants one lease at a time, each with a larger token (VOTER-1)', () => {
    const one = node();
    assert.deepEqual(ask(one, 'a', 'first', 0), { type: 'granted', token: 1 });
    assert.deepEqual(ask(one, 'a', 'second', 40), { type: 'denied', remainingMs: 60 });
    assert.deepEqual(ask(one, 'a', 'second', 99), { type: 'denied', remainingMs: 1 });
    assert.deepEqual(ask(one, 'a', 'second', 100), { type: 'granted', token: 2 });
  });

  it('grants above what was confirmed, not only above what it granted itself (VOTER-1)', () => {
    const one = node();
    ask(one, 'a', 'first', 0);
    assert.equal(one.confirm('a', 'first', 41, 10), true);
    one.release('a', 'first', 0);
    assert.deepEqual(ask(one, 'a', 'second', 20), { type: 'granted', token: 42 });
  });

  it('answers the same lease id the same, also after a larger token was confirmed (VOTER-2)', () => {
    const one = node();
    ask(one, 'a', 'first', 0);
    one.confirm('a', 'first', 7, 0);
    assert.deepEqual(ask(one, 'a', 'first', 99), { type: 'granted', token: 1 });
    assert.equal(one.remainingMs('a', 99), 1, 'a repetition is no renewal');
  });

  it('never brings a released lease back, also where the release came first (VOTER-2)', () => {
    const one = node();
    one.release('a', 'overtaken', 0);
    assert.deepEqual(ask(one, 'a', 'overtaken', 0), { type: 'released' });
    assert.equal(one.remainingMs('a', 0), 0);
  });

  it('confirms and renews only the very lease that stands (VOTER-3)', () => {
    const one = node();
    ask(one, 'a', 'first', 0);
    assert.equal(one.confirm('a', 'other', 9, 0), false);
    assert.equal(one.renew('a', 'other', 100, 0), false);
    assert.equal(one.renew('b', 'first', 100, 0), false);
    assert.equal(one.renew('a', 'first', 100, 99), true);
    assert.equal(one.renew('a', 'first', 100, 199), false, 'it ended a moment ago');
    assert.equal(one.confirm('a', 'first', 9, 199), false);
    assert.equal(one.look('a', 199).maxToken, 1);
  });

  it('remembers the largest token of a row that is cleaned up, for every row that comes (VOTER-4)', () => {
    const file = new MemoryFile();
    const one = node({ maxRows: 1, maxTombstones: 10 }, file);
    ask(one, 'a', 'first', 0);
    one.confirm('a', 'first', 20, 0);
    one.release('a', 'first', 0);
    save(one, file);
    assert.deepEqual(ask(one, 'b', 'second', 0), { type: 'granted', token: 21 });
    save(one, file);
    assert.deepEqual([...file.rows.keys()], ['b']);
    const again = node({ maxRows: 5, maxTombstones: 10 }, file);
    assert.deepEqual(ask(again, 'a', 'third', 0), { type: 'granted', token: 21 });
  });

  it('is full only while a lease stands in every row', () => {
    const one = node({ maxRows: 2, maxTombstones: 10 });
    ask(one, 'a', 'first', 0);
    ask(one, 'b', 'second', 50);
    assert.deepEqual(ask(one, 'c', 'third', 99), { type: 'full' });
    assert.equal(ask(one, 'c', 'third', 100).type, 'granted');
  });

  it('lets stored leases stand for their whole ttl after a restart (VOTER-5)', () => {
    const file = new MemoryFile();
    const one = node(undefined, file);
    ask(one, 'a', 'first', 0, 100);
    save(one, file);
    const again = new LeaseNode({ maxRows: 10, maxTombstones: 10 }, file.restored(), 5000);
    assert.equal(again.remainingMs('a', 5000), 100);
    assert.equal(again.renew('a', 'first', 100, 5050), true);
    assert.deepEqual(ask(again, 'a', 'second', 5149), { type: 'denied', remainingMs: 1 });
    assert.deepEqual(ask(again, 'a', 'second', 5150), { type: 'granted', token: 2 });
  });

  it('stores the ttl of a renewal, and writes nothing for the same one again', () => {
    const file = new MemoryFile();
    const one = node(undefined, file);
    ask(one, 'a', 'first', 0, 100);
    save(one, file);
    one.renew('a', 'first', 100, 10);
    assert.equal(one.hasChanges, false);
    one.renew('a', 'first', 300, 20);
    assert.equal(one.hasChanges, true);
    save(one, file);
    assert.equal(node(undefined, file).remainingMs('a', 0), 300);
  });

  it('has done nothing where the disk refused', () => {
    const file = new MemoryFile();
    const one = node({ maxRows: 1, maxTombstones: 3, rememberMs: 10 }, file);
    ask(one, 'a', 'first', 10);
    one.release('b', 'gone', 0);
    save(one, file);
    one.release('a', 'first', 10);
    assert.deepEqual(one.changes().forgotten, ['gone']);
    ask(one, 'b', 'second', 10);
    assert.equal(one.look('b', 10).clientId, 'client of second');
    one.notSaved();
    assert.equal(one.look('a', 10).clientId, 'client of first');
    assert.equal(one.look('b', 10).clientId, undefined);
    assert.equal(one.floor, 0);
    assert.deepEqual(ask(one, 'b', 'gone', 10), { type: 'released' });
    assert.deepEqual(ask(one, 'a', 'first', 10), { type: 'granted', token: 1 });
  });

  it('keeps on disk a tombstone that is forgotten and made again in one transaction', () => {
    const file = new MemoryFile();
    const limits = { maxRows: 10, maxTombstones: 10, rememberMs: 5 };
    const one = node(limits, file);
    one.release('a', 'first', 0);
    save(one, file);
    one.release('a', 'second', 5);
    assert.deepEqual(one.changes().forgotten, ['first']);
    one.release('a', 'first', 5);
    save(one, file);
    assert.deepEqual(ask(node(limits, file), 'a', 'first', 0), { type: 'released' });
  });

  it('remembers what was released for its time, whoever releases how much meanwhile (TOMBSTONE-1)', () => {
    const one = node({ maxRows: 10, maxTombstones: 10, rememberMs: 1000 });
    ask(one, 'a', 'first', 0);
    assert.equal(one.release('a', 'first', 0), true);
    for (let at = 0; at < 100; at++) one.release('b', `of nobody ${String(at)}`, 500);
    assert.deepEqual(ask(one, 'a', 'first', 999), { type: 'released' });
    assert.equal(one.release('b', 'of nobody else', 999), false, 'it is full of such');
    assert.equal(ask(one, 'a', 'second', 999).type, 'granted');
    assert.equal(one.release('a', 'second', 999), true);
    one.release('a', 'of one more', 1000);
    assert.equal(ask(one, 'a', 'first', 1000).type, 'granted', 'it was forgotten in its time');
  });

  it('grants nothing whose release it could not remember, until others are forgotten (TOMBSTONE-1)', () => {
    const one = node({ maxRows: 10, maxTombstones: 3, rememberMs: 1000 });
    ask(one, 'z', 'stands', 0, 5000);
    for (const id of ['1', '2', '3']) {
      assert.equal(ask(one, 'a', id, 0).type, 'granted');
      assert.equal(one.release('a', id, 0), true);
    }
    assert.deepEqual(ask(one, 'a', '4', 999), { type: 'full' });
    assert.equal(one.release('z', 'stands', 999), true, 'what stands can always be released');
    for (const id of ['1', '2', '3', 'stands'])
      assert.deepEqual(ask(one, 'a', id, 999), { type: 'released' });
    assert.equal(ask(one, 'a', '4', 1000).type, 'granted');
  });

  it('remembers for the whole time from a restart on what was released before (TOMBSTONE-1)', () => {
    const file = new MemoryFile();
    const limits = { maxRows: 10, maxTombstones: 10, rememberMs: 1000 };
    const one = node(limits, file);
    one.release('a', 'first', 0);
    save(one, file);
    const again = new LeaseNode(limits, file.restored(), 5000);
    again.release('a', 'second', 5999);
    assert.deepEqual(ask(again, 'a', 'first', 5999), { type: 'released' });
    again.release('a', 'third', 6000);
    assert.equal(ask(again, 'a', 'first', 6000).type, 'granted');
  });

  it('adopts what another knows: its tokens, and its floor for what is not listed', () => {
    const one = node();
    ask(one, 'a', 'first', 0);
    ask(one, 'b', 'second', 0);
    one.adopt(10, [
      ['a', 30],
      ['c', 4],
    ]);
    assert.equal(one.look('a', 0).maxToken, 30);
    assert.equal(one.look('b', 0).maxToken, 10);
    assert.equal(one.look('c', 0).maxToken, 10);
    assert.deepEqual(ask(one, 'd', 'third', 0), { type: 'granted', token: 11 });
    one.adopt(0, [['a', 2]]);
    assert.equal(one.look('a', 0).maxToken, 30);
  });

  it('tells the tokens of the names that it is asked for, without those that it has no row of', () => {
    const one = node();
    for (const name of ['b', 'd', 'a', 'c']) ask(one, name, `of ${name}`, 0);
    assert.deepEqual(one.names().toSorted(), ['a', 'b', 'c', 'd']);
    assert.deepEqual(one.tokens(['a', 'x', 'd']), [
      ['a', 1],
      ['d', 1],
    ]);
  });
});
