import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { setIdOf } from '@holdfast/protocol';
import { LeaseHost } from '../../src/node/host.ts';
import { LeaseNode } from '../../src/node/lease-node.ts';
import { Membership } from '../../src/node/membership.ts';
import { Recovery } from '../../src/node/recovery.ts';
import type { NodeStatement } from '../../src/node/recovery.ts';
import { HandClock } from './support/hand-clock.ts';
import { MemoryFile } from './support/memory-file.ts';

const set = { epoch: 1, members: ['n1', 'n2', 'n3'] };
const longestTtlMs = 1000;
const driftBufferMs = 50;
const startedAtMs = 700;
const overMs = startedAtMs + longestTtlMs + driftBufferMs;

function recovering(others: number, fileId = 7, bootstrapSet: readonly number[] = []): Recovery {
  const times = { startedAtMs, longestTtlMs, driftBufferMs };
  return new Recovery({ ...times, others, after: '', fileId, bootstrapSet });
}

/** What a node says of itself, by its file. */
const voting = (file: number, bootstrapSet: readonly number[] = []): NodeStatement => ({
  voting: true,
  fresh: false,
  file_id: file,
  bootstrap_set: bootstrapSet,
  after: '',
});
const fresh = (file: number, bootstrapSet: readonly number[] = []): NodeStatement => ({
  voting: false,
  fresh: true,
  file_id: file,
  bootstrap_set: bootstrapSet,
  after: '',
});

/** One round, of all that was said in it; whole where their tokens came too. */
function hears(
  recovery: Recovery,
  nowMs: number,
  said: readonly NodeStatement[],
  isWhole = true,
): void {
  recovery.beginRound(nowMs);
  for (const one of said) recovery.heard(one, isWhole);
}

describe('A node that lost its file votes', () => {
  it('when its leases have ended and it has the tokens of a majority of the others: neither alone is enough (VOTER-RECOVERY-1)', () => {
    const recovery = recovering(4);
    hears(recovery, overMs, [voting(2), voting(3)]);
    assert.equal(recovery.mayVote(), false, 'half of the others is no majority');
    assert.equal(recovery.missing, 1);
    hears(recovery, overMs - 1, [voting(2), voting(3), voting(4)]);
    assert.equal(recovery.mayVote(), false, 'before its leases have ended');
    assert.equal(recovery.waitMs(overMs - 1), 1);
    hears(recovery, overMs, [voting(2), voting(3), voting(4)]);
    assert.equal(recovery.mayVote(), true);
  });

  it('not by tokens that it was told before its leases had ended: larger ones may have been confirmed since (VOTER-RECOVERY-1)', () => {
    const recovery = recovering(2);
    assert.equal(recovery.beginRound(overMs - 1), false, 'it is not time to ask');
    recovery.heard(voting(2), true);
    recovery.heard(voting(3), true);
    assert.equal(recovery.mayVote(), false);
    assert.equal(recovery.beginRound(overMs), true);
    recovery.heard(voting(2), true);
    assert.equal(recovery.mayVote(), false, 'what one said in another round counts no more');
    recovery.heard(voting(3), true);
    assert.equal(recovery.mayVote(), true);
  });

  it('when the longest leases have ended that any other was ever set to grant: its own setting may be shorter by now (VOTER-RECOVERY-1)', () => {
    const longMs = 5000;
    const longs = [2, 3].map((file) => ({ ...voting(file), longest_lease_ms: longMs }));
    const recovery = recovering(2);
    hears(recovery, overMs, longs);
    assert.equal(recovery.mayVote(), false, 'what was heard in this round was asked for too early');
    assert.equal(recovery.waitMs(overMs), longMs - longestTtlMs - driftBufferMs);
    hears(recovery, startedAtMs + longMs - 1, longs);
    assert.equal(recovery.mayVote(), false);
    hears(recovery, startedAtMs + longMs, longs);
    assert.equal(recovery.mayVote(), true);
  });

  it('after the longer time, though who told of that is silent by then (VOTER-RECOVERY-1)', () => {
    const recovery = recovering(4);
    hears(recovery, startedAtMs, [{ ...voting(2), longest_lease_ms: 5000 }]);
    hears(recovery, overMs, [voting(3), voting(4), voting(5)]);
    assert.equal(recovery.mayVote(), false);
    hears(recovery, startedAtMs + 5000, [voting(3), voting(4), voting(5)]);
    assert.equal(recovery.mayVote(), true);
  });

  it('not before all pages of a node are there', () => {
    const recovery = recovering(2);
    hears(recovery, overMs, [voting(2)]);
    recovery.heard(voting(3), false);
    assert.equal(recovery.mayVote(), false);
    recovery.heard(voting(3), true);
    assert.equal(recovery.mayVote(), true);
  });

  it('not by the tokens of one that is recovering itself; that is told', () => {
    const recovery = recovering(2);
    hears(recovery, overMs, [voting(2), fresh(3)]);
    assert.equal(recovery.mayVote(), false);
    assert.equal(recovery.isBeyond, true);
    hears(recovery, overMs, [voting(2)]);
    assert.equal(recovery.isBeyond, false, 'the third may come back and vote');
  });

  it('not by the tokens of one node that is named twice, nor by its own', () => {
    const recovery = recovering(2, 7);
    hears(recovery, overMs, [voting(2), voting(2)]);
    assert.equal(recovery.mayVote(), false);
    hears(recovery, overMs, [voting(2), voting(7)]);
    assert.equal(recovery.mayVote(), false);
  });

  it('not while it does not know who the others are', () => {
    const unknown = new Recovery({
      others: 0,
      after: '',
      startedAtMs,
      longestTtlMs,
      driftBufferMs,
      fileId: 7,
      bootstrapSet: [],
    });
    hears(unknown, overMs, []);
    assert.equal(unknown.mayVote(), false);
    assert.equal(unknown.isBeginning, false);
  });
});

describe('A new node', () => {
  const all = [2, 7, 12];

  it('writes down the files of all where none of the others has voted, and only once (VOTER-RECOVERY-2)', () => {
    const recovery = recovering(2);
    hears(recovery, startedAtMs, [fresh(12)]);
    assert.equal(recovery.bootstrapSetToWrite, undefined, 'one alone may have lost its file too');
    hears(recovery, startedAtMs, [fresh(12), fresh(2)]);
    assert.equal(recovery.bootstrapSetToWrite, undefined, 'once');
    hears(recovery, startedAtMs, [fresh(2), fresh(12)]);
    assert.deepEqual(recovery.bootstrapSetToWrite, all);
    assert.equal(recovery.mayVote(), false, 'it is not on disk');
    recovery.found(all);
    hears(recovery, startedAtMs, [fresh(12), fresh(99)]);
    assert.equal(
      recovery.bootstrapSetToWrite,
      undefined,
      'another file has come in the place of one',
    );
    assert.equal(recovery.mayVote(), false);
    const again = recovering(2, 7, all);
    hears(again, startedAtMs, [fresh(12), fresh(99)]);
    assert.equal(again.bootstrapSetToWrite, undefined, 'also after a restart');
  });

  it('does not where they were not all there, and new, in between two rounds (VOTER-RECOVERY-2)', () => {
    const between: readonly (readonly NodeStatement[])[] = [
      [fresh(12)],
      [fresh(12), voting(2)],
      [fresh(12), fresh(99)],
    ];
    for (const said of between) {
      const recovery = recovering(2);
      hears(recovery, startedAtMs, [fresh(12), fresh(2)]);
      hears(recovery, startedAtMs, said);
      assert.equal(recovery.bootstrapSetToWrite, undefined);
      hears(recovery, startedAtMs, [fresh(12), fresh(2)]);
      assert.equal(recovery.bootstrapSetToWrite, undefined);
      hears(recovery, startedAtMs, [fresh(12), fresh(2)]);
      assert.deepEqual(recovery.bootstrapSetToWrite, all);
    }
  });

  it('votes at once when all others have written down the same (VOTER-RECOVERY-2)', () => {
    const recovery = recovering(2, 7, all);
    hears(recovery, startedAtMs, [fresh(2, all), fresh(12)]);
    assert.equal(recovery.mayVote(), false, 'the third may not know of it, and have seen others');
    hears(recovery, startedAtMs, [fresh(2, all), fresh(12, [2, 6, 12])]);
    assert.equal(
      recovery.mayVote(),
      false,
      'the third has written down a file that was lost since',
    );
    hears(recovery, startedAtMs, [fresh(2, all), fresh(12, all)]);
    assert.equal(recovery.mayVote(), true);
  });

  it('does not count one node that is named twice, nor itself (VOTER-RECOVERY-2)', () => {
    const recovery = recovering(2, 7);
    hears(recovery, startedAtMs, [fresh(2), fresh(2), fresh(7)]);
    assert.equal(recovery.bootstrapSetToWrite, undefined);
  });

  it('does not begin where another one has voted (VOTER-RECOVERY-2)', () => {
    const recovery = recovering(2, 7);
    hears(recovery, startedAtMs, [fresh(2), voting(12)]);
    assert.equal(recovery.bootstrapSetToWrite, undefined);
    assert.equal(recovery.mayVote(), false);
  });

  it('votes at once where its very file is among the bootstrap set of one that votes (VOTER-RECOVERY-3)', () => {
    const recovery = recovering(2, 7);
    hears(recovery, startedAtMs, [voting(2, all)], false);
    assert.equal(recovery.mayVote(), true);
  });

  it('does not with a second file in the place of one that was lost, nor because one that does not vote names it (VOTER-RECOVERY-3)', () => {
    const second = recovering(2, 8);
    hears(second, startedAtMs, [voting(2, all), voting(12, all)]);
    assert.equal(second.mayVote(), false);
    hears(second, overMs, [voting(2, all), voting(12, all)]);
    assert.equal(second.mayVote(), true);
    const named = recovering(2, 7);
    hears(named, startedAtMs, [fresh(2, all)]);
    assert.equal(named.mayVote(), false);
  });

  it('votes after the wait where all have written down something, and none has voted (VOTER-RECOVERY-4)', () => {
    const lost = [2, 6, 12];
    const recovery = recovering(2, 7, all);
    hears(recovery, overMs - 1, [fresh(2, lost), fresh(12, lost)]);
    assert.equal(recovery.mayVote(), false);
    hears(recovery, overMs, [fresh(2, lost), fresh(12)]);
    assert.equal(recovery.mayVote(), false, 'who has written down nothing could begin with others');
    hears(recovery, overMs, [fresh(2, lost)]);
    assert.equal(recovery.mayVote(), false, 'one of them is not there');
    hears(recovery, overMs, [fresh(2, lost), fresh(12, lost)]);
    assert.equal(recovery.mayVote(), true);
  });
});

/** Lease nodes that ask one another what they know, when the test says so. */
class Cluster {
  readonly clock = new HandClock();
  readonly nodes = new Map<number, { readonly host: LeaseHost; readonly recovery: Recovery }>();
  readonly #size: number;
  #files = 0;

  constructor(size: number) {
    this.#size = size;
  }

  /** With a new file. */
  start(place: number): void {
    this.#files += 1;
    const startedAtMs = this.clock.now();
    const recovery = new Recovery({
      others: this.#size - 1,
      after: '',
      startedAtMs,
      longestTtlMs,
      driftBufferMs,
      fileId: this.#files,
      bootstrapSet: [],
    });
    const file = new MemoryFile();
    const limits = { maxRows: 10, maxTombstones: 10 };
    const host = new LeaseHost({
      store: file,
      clock: this.clock,
      membership: new Membership('n1', { set, after: '', next: undefined }),
      onMember: () => assert.fail('It is a member of one set.'),
      longestTtlMs,
      recovery,
      fileId: this.#files,
      bootstrapSet: [],
      fresh: true,
      onSaveFailed: assert.fail,
      node: new LeaseNode(limits, file.restored(), startedAtMs),
    });
    this.nodes.set(place, { host, recovery });
  }

  /** One round of one node, in which it hears these. */
  async ask(from: number, to: readonly number[] = [...this.nodes.keys()]): Promise<void> {
    const asking = this.nodes.get(from);
    if (asking === undefined || asking.host.voting) return;
    const isTime = asking.recovery.beginRound(this.clock.now());
    for (const place of to) {
      const asked = this.nodes.get(place)?.host;
      if (place === from || asked === undefined) continue;
      const page = isTime ? asked.tokens('') : asked.said();
      const done = asking.host.adopt(page);
      this.clock.endTurn();
      await done;
      if (page.fresh && page.bootstrap_set.length === 0 && asking.host.bootstrapSet.length > 0)
        asked.begin({ epoch: 1, set: setIdOf(set), bootstrap_set: asking.host.bootstrapSet });
      asking.recovery.heard(page, isTime && page.next === null);
    }
    asking.host.lookAtRecovery();
  }

  async askAll(): Promise<void> {
    for (const place of this.nodes.keys()) await this.ask(place);
  }

  get voting(): readonly number[] {
    return [...this.nodes]
      .flatMap(([place, { host }]) => (host.voting ? [place] : []))
      .toSorted((one, other) => one - other);
  }
}

describe('A new cluster', () => {
  it('comes to vote, all of it and without waiting, whenever its nodes start and ask', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(3, 5, 7),
        fc.array(fc.tuple(fc.nat(6), fc.array(fc.nat(6))), { maxLength: 60, size: 'max' }),
        async (size, steps) => {
          const cluster = new Cluster(size);
          for (const [from, to] of steps) {
            if (from >= size) continue;
            if (cluster.nodes.has(from)) await cluster.ask(from, to);
            else cluster.start(from);
            if (cluster.nodes.size < size)
              assert.deepEqual(cluster.voting, [], 'nobody votes before all have been seen');
          }
          for (let place = 0; place < size; place++)
            if (!cluster.nodes.has(place)) cluster.start(place);
          for (let round = 0; round < 4; round++) await cluster.askAll();
          assert.equal(cluster.voting.length, size);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('begins where one node alone knows who the others are', async () => {
    const cluster = new Cluster(3);
    for (const place of [0, 1, 2]) cluster.start(place);
    for (let round = 0; round < 4; round++) await cluster.ask(2);
    assert.deepEqual(cluster.voting, [2]);
    await cluster.ask(0);
    await cluster.ask(1, [2]);
    assert.deepEqual(cluster.voting, [0, 1, 2]);
  });

  it('never has two that vote without waiting with files of one place, whenever one of its files is lost', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(fc.tuple(fc.nat(2), fc.array(fc.nat(2))), fc.constant('loses' as const)),
          {
            maxLength: 40,
            size: 'max',
          },
        ),
        async (steps) => {
          const cluster = new Cluster(3);
          for (const place of [0, 1, 2]) cluster.start(place);
          let isLost = false;
          let hasVoted = false;
          for (const step of steps) {
            if (step !== 'loses') await cluster.ask(...step);
            else if (!isLost) {
              isLost = true;
              hasVoted = cluster.voting.includes(1);
              cluster.start(1);
            }
            if (isLost && hasVoted)
              assert.ok(!cluster.voting.includes(1), 'leases of its lost file may stand');
          }
          // Whatever was agreed on the way, all of it votes in the end.
          for (let round = 0; round < 3; round++) await cluster.askAll();
          cluster.clock.pass(longestTtlMs + driftBufferMs);
          for (let round = 0; round < 3; round++) await cluster.askAll();
          assert.deepEqual(cluster.voting, [0, 1, 2]);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('makes a node wait that comes with a second new file after the others have begun', async () => {
    const cluster = new Cluster(3);
    for (const place of [0, 1, 2]) cluster.start(place);
    for (let round = 0; round < 4; round++) await cluster.askAll();
    assert.deepEqual(cluster.voting, [0, 1, 2]);
    cluster.start(1);
    await cluster.ask(1);
    cluster.clock.pass(longestTtlMs + driftBufferMs - 1);
    await cluster.ask(1);
    assert.deepEqual(cluster.voting, [0, 2]);
    cluster.clock.pass(1);
    await cluster.ask(1);
    assert.deepEqual(cluster.voting, [0, 1, 2]);
  });
});
