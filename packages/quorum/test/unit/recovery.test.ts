import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { LeaseHost } from '../../src/node/host.ts';
import { LeaseNode } from '../../src/node/lease-node.ts';
import { Recovery } from '../../src/node/recovery.ts';
import { HandClock } from './support/hand-clock.ts';
import { MemoryFile } from './support/memory-file.ts';

const longestTtlMs = 1000;
const driftBufferMs = 50;
const startedAtMs = 700;
const overMs = startedAtMs + longestTtlMs + driftBufferMs;

function recovering(others: number, fileId = 7): Recovery {
  const recovery = new Recovery({ startedAtMs, longestTtlMs, driftBufferMs, fileId });
  recovery.setOthers(others);
  return recovery;
}

/** What nodes say of themselves, each of a file of its own. */
const files = { b: 2, c: 12, d: 13 };
type Other = keyof typeof files;
const says = (state: { readonly voting: boolean; readonly fresh: boolean }) => (other: Other) => ({
  ...state,
  file_id: files[other],
  founders: [] as readonly number[],
});
const voting = says({ voting: true, fresh: false });
const fresh = says({ voting: false, fresh: true });
const lost = says({ voting: false, fresh: false });

describe('A node that lost its file votes', () => {
  it('when its leases have ended and it has the tokens of a majority of the others: neither alone is enough (V1)', () => {
    const recovery = recovering(4);
    assert.equal(recovery.mayVote(overMs), false, 'time alone');
    recovery.heard('b', voting('b'), true);
    recovery.heard('c', voting('c'), true);
    assert.equal(recovery.mayVote(overMs), false, 'half of the others is no majority');
    assert.equal(recovery.missing, 1);
    recovery.heard('d', voting('d'), true);
    assert.equal(recovery.mayVote(overMs - 1), false, 'tokens alone');
    assert.equal(recovery.waitMs(overMs - 1), 1);
    assert.equal(recovery.mayVote(overMs), true);
  });

  it('not before all pages of a node are there, and one node counts once', () => {
    const recovery = recovering(2);
    recovery.heard('b', voting('b'), true);
    recovery.heard('b', voting('b'), true);
    recovery.heard('c', voting('c'), false);
    assert.equal(recovery.mayVote(overMs), false);
    recovery.heard('c', voting('c'), true);
    assert.equal(recovery.mayVote(overMs), true);
  });

  it('not by the tokens of one that is recovering itself', () => {
    const recovery = recovering(2);
    recovery.heard('b', voting('b'), true);
    recovery.heard('c', lost('c'), true);
    assert.equal(recovery.mayVote(overMs), false);
  });

  it('not by the tokens of one node that is named twice, nor by its own', () => {
    const recovery = recovering(2, 7);
    recovery.heard('b', voting('b'), true);
    recovery.heard('b by its address', voting('b'), true);
    assert.equal(recovery.mayVote(overMs), false);
    recovery.heard('itself', { ...voting('c'), file_id: 7 }, true);
    assert.equal(recovery.mayVote(overMs), false);
    recovery.heard('c', voting('c'), true);
    assert.equal(recovery.mayVote(overMs), true);
  });

  it('not while it does not know who the others are; who they are anew begins anew', () => {
    const unknown = new Recovery({ startedAtMs, longestTtlMs, driftBufferMs, fileId: 7 });
    assert.equal(unknown.mayVote(overMs), false);
    const recovery = recovering(2);
    recovery.heard('b', voting('b'), true);
    recovery.heard('c', voting('c'), true);
    recovery.setOthers(2);
    assert.equal(recovery.mayVote(overMs), false);
  });
});

describe('A new node votes', () => {
  it('at once where every other one has never voted, and writes down their files (V2)', () => {
    const recovery = recovering(2);
    recovery.heard('b', fresh('b'), true);
    assert.equal(recovery.mayVote(startedAtMs), false, 'one alone may have lost its file too');
    recovery.heard('c', fresh('c'), true);
    assert.equal(recovery.mayVote(startedAtMs), true);
    assert.deepEqual(recovery.founders, [2, 12]);
  });

  it('not by one other that is named twice, nor by itself (V2)', () => {
    const recovery = recovering(2, 7);
    recovery.heard('b', fresh('b'), true);
    recovery.heard('b by its address', fresh('b'), true);
    recovery.heard('itself', { ...fresh('c'), file_id: 7 }, true);
    assert.equal(recovery.mayVote(startedAtMs), false);
  });

  it('counts a node with one new file after another once (V2)', () => {
    const recovery = recovering(2, 7);
    recovery.heard('b', fresh('b'), true);
    recovery.heard('b', { ...fresh('b'), file_id: 99 }, true);
    assert.equal(recovery.mayVote(startedAtMs), false);
    recovery.heard('c', fresh('c'), true);
    assert.deepEqual(recovery.founders, [99, 12]);
  });

  it('not by what another was before: one that votes meanwhile is not new (V2)', () => {
    const recovery = recovering(2);
    recovery.heard('b', fresh('b'), true);
    recovery.heard('b', voting('b'), true);
    recovery.heard('c', fresh('c'), true);
    assert.equal(recovery.mayVote(startedAtMs), false);
    assert.deepEqual(recovery.founders, []);
  });

  it('at once where a voter saw this very file before anybody had voted (V3)', () => {
    const recovery = recovering(2, 7);
    recovery.heard('b', { ...voting('b'), founders: [7, 12] }, false);
    assert.equal(recovery.mayVote(startedAtMs), true);
  });

  it('not at once with a second file in the place of one that was lost (V3)', () => {
    const recovery = recovering(2, 8);
    recovery.heard('b', { ...voting('b'), founders: [7, 12] }, true);
    recovery.heard('c', { ...voting('c'), founders: [] }, true);
    assert.equal(recovery.mayVote(startedAtMs), false);
    assert.equal(recovery.mayVote(overMs), true);
  });

  it('not because one that does not vote names its file', () => {
    const recovery = recovering(2, 7);
    recovery.heard('b', { ...lost('b'), founders: [7] }, true);
    assert.equal(recovery.mayVote(startedAtMs), false);
  });
});

/** Lease nodes that ask one another what they know, when the test says so. */
class Cluster {
  readonly clock = new HandClock();
  readonly nodes = new Map<number, LeaseHost>();
  readonly #size: number;
  #files = 0;

  constructor(size: number) {
    this.#size = size;
  }

  /** @param damaged What was in the place of its file was put aside. */
  start(place: number, damaged = false): LeaseHost {
    this.#files += 1;
    const startedAtMs = this.clock.now();
    const recovery = new Recovery({
      startedAtMs,
      longestTtlMs,
      driftBufferMs,
      fileId: this.#files,
      damaged,
    });
    recovery.setOthers(this.#size - 1);
    const file = new MemoryFile();
    const limits = { maxRows: 10, maxTombstones: 10 };
    const host = new LeaseHost({
      store: file,
      clock: this.clock,
      epoch: 1,
      longestTtlMs,
      recovery,
      fileId: this.#files,
      founders: [],
      fresh: !damaged,
      onSaveFailed: assert.fail,
      node: new LeaseNode(limits, file.restored(), startedAtMs),
    });
    this.nodes.set(place, host);
    return host;
  }

  /** One asks another, where both are there. */
  async ask(from: number, to: number): Promise<void> {
    const page = this.nodes.get(to)?.tokens('');
    if (from === to || page === undefined) return;
    const done = this.nodes.get(from)?.adopt(String(to), page, page.next === null);
    this.clock.endTurn();
    await done;
  }

  async askAll(from: number): Promise<void> {
    for (let to = 0; to < this.#size; to++) await this.ask(from, to);
  }

  get voting(): readonly number[] {
    return [...this.nodes].filter(([, { voting }]) => voting).map(([place]) => place);
  }
}

describe('A new cluster', () => {
  it('comes to vote, all of it and without waiting, whenever its nodes start and ask', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(3, 5, 7),
        fc.array(fc.tuple(fc.nat(6), fc.nat(6)), { maxLength: 60, size: 'max' }),
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
          for (let round = 0; round < 2; round++)
            for (let place = 0; place < size; place++) await cluster.askAll(place);
          assert.equal(cluster.voting.length, size);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('waits for the leases of one whose file was put aside as damaged: it may have voted', async () => {
    const cluster = new Cluster(3);
    cluster.start(0);
    cluster.start(1);
    cluster.start(2, true);
    for (const place of [0, 1, 2, 0, 1, 2]) await cluster.askAll(place);
    assert.deepEqual(cluster.voting, []);
    cluster.clock.pass(longestTtlMs + driftBufferMs - 1);
    for (const place of [0, 1, 2]) await cluster.askAll(place);
    assert.deepEqual(cluster.voting, []);
    cluster.clock.pass(1);
    for (const place of [0, 1, 2, 0, 1]) await cluster.askAll(place);
    assert.deepEqual(cluster.voting, [0, 1, 2]);
  });

  it('makes a node wait that comes with a second new file after the others have begun', async () => {
    const cluster = new Cluster(3);
    for (const place of [0, 1, 2]) cluster.start(place);
    for (const place of [0, 1, 2]) await cluster.askAll(place);
    assert.deepEqual(cluster.voting, [0, 1, 2]);
    cluster.start(1);
    await cluster.askAll(1);
    cluster.clock.pass(longestTtlMs + driftBufferMs - 1);
    await cluster.askAll(1);
    assert.deepEqual(cluster.voting, [0, 2]);
    cluster.clock.pass(1);
    await cluster.askAll(1);
    assert.deepEqual(cluster.voting, [0, 1, 2]);
  });
});
