import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError, setIdOf } from '@holdfast/protocol';
import type { QuorumSet, QuorumSetAnswer } from '@holdfast/protocol';
import { Membership } from '../../src/node/membership.ts';
import { Recovery } from '../../src/node/recovery.ts';
import type { NodeStatement } from '../../src/node/recovery.ts';
import { changeSet } from '../../src/set/change-set.ts';
import type { SetQuestion } from '../../src/set/change-set.ts';

const from: QuorumSet = { epoch: 1, members: ['a', 'b', 'c'] };
const to: QuorumSet = { epoch: 2, members: ['b', 'c', 'd'] };
const third: QuorumSet = { epoch: 2, members: ['c', 'd', 'e'] };
const after = setIdOf(from);
const isCode =
  (...codes: readonly string[]) =>
  (error: unknown): boolean =>
    error instanceof HoldfastError && codes.includes(error.code);
const member = (name = 'b', set: QuorumSet | undefined = from): Membership =>
  new Membership(name, { set, after: '', next: undefined });

describe('The set of a lease node', () => {
  it('is one whatever the order, and another with any other member, size or epoch (SET-1)', () => {
    assert.equal(setIdOf({ epoch: 1, members: ['c', 'a', 'b'] }), after);
    const others = [
      { epoch: 2, members: from.members },
      { epoch: 1, members: ['a', 'b', 'd'] },
      { epoch: 1, members: ['a', 'b', 'c', 'd', 'e'] },
    ];
    for (const other of others) assert.notEqual(setIdOf(other), after);
  });

  it('is closed once, for one set, by a node that votes (SET-3, SET-4)', () => {
    const node = member();
    const close = { epoch: 1, set: after, next: to };
    assert.throws(() => node.closing(close, false), isCode('not_voting'));
    const stored = node.closing(close, true);
    assert.deepEqual(stored?.next, to);
    if (stored !== undefined) node.wrote(stored);
    assert.throws(() => node.checkOpen(), isCode('another_set'));
    assert.equal(node.closing(close, true), undefined, 'again');
    assert.throws(() => node.closing({ ...close, next: third }, true), isCode('another_set'));
    assert.throws(
      () => member('c', to).closing(close, true),
      isCode('wrong_epoch', 'another_set'),
      'of another set',
    );
  });

  it('is closed for another one instead by a member of the first alone, which never begins then (SET-3)', () => {
    const close = { epoch: 1, set: after, next: third, instead: true };
    const closed = (name: string): Membership =>
      new Membership(name, { set: from, after: '', next: to });
    assert.throws(() => closed('a').closing(close, true), isCode('another_set'), 'none of it');
    assert.throws(
      () => closed('b').closing({ ...close, instead: false }, true),
      isCode('another_set'),
    );
    assert.throws(() => closed('b').closing(close, false), isCode('not_voting'), 'SET-4');
    const node = closed('b');
    const stored = node.closing(close, true);
    assert.deepEqual(stored?.next, third);
    if (stored !== undefined) node.wrote(stored);
    const prepare = { next: to, after, floor: 9 };
    assert.throws(() => node.preparing(prepare, false), isCode('another_set'));
    const begun = new Membership('b', { set: to, after, next: undefined });
    assert.throws(() => begun.closing(close, true), isCode('wrong_epoch', 'another_set'));
  });

  it('is learned to be closed by one that lost its file, for the first that it hears of (SET-3)', () => {
    const node = member();
    assert.equal(node.learning(undefined), undefined);
    const stored = node.learning(to);
    assert.deepEqual(stored, { set: from, after: '', next: to });
    if (stored !== undefined) node.wrote(stored);
    assert.throws(() => node.checkOpen(), isCode('another_set'));
    assert.equal(node.learning(third), undefined);
    assert.deepEqual(node.stored.next, to);
  });

  it('is followed by another one from itself or from none alone (SET-5)', () => {
    const prepare = { next: to, after, floor: 0 };
    assert.deepEqual(member().preparing(prepare, false)?.set, to);
    assert.deepEqual(
      new Membership('d', { set: undefined, after: '', next: undefined }).preparing(prepare, true),
      { set: to, after, next: undefined },
    );
    assert.throws(
      () => member('d', third).preparing(prepare, true),
      isCode('another_set'),
      'of a third one',
    );
    assert.throws(
      () => member('d', to).preparing(prepare, false),
      isCode('another_set'),
      'it has voted in a set that began by itself',
    );
    assert.throws(() => member('a').preparing(prepare, false), isCode('invalid_request'));
    const closed = new Membership('c', { set: from, after: '', next: third });
    assert.throws(() => closed.preparing(prepare, false), isCode('another_set'));
  });
});

/** What each node says, and what it was asked. */
class Nodes {
  readonly answers = new Map<string, QuorumSetAnswer>();
  readonly prepared: { member: string; floor: number }[] = [];
  nowMs = 0;
  /** Of which a and b are, and c is not. */
  readonly third: QuorumSet = { epoch: 2, members: ['a', 'b', 'e'] };

  constructor() {
    for (const name of from.members) this.put(name, { set: from, voting: true, largest: 7 });
    this.put('d', { set: undefined, voting: false, largest: 0 });
  }

  put(
    name: string,
    said: { set: QuorumSet | undefined; voting: boolean; largest: number; leasesMs?: number },
  ): void {
    const { set, voting, largest, leasesMs = 0 } = said;
    this.answers.set(name, {
      name,
      epoch: set?.epoch ?? 0,
      members: set?.members ?? [],
      set: set === undefined ? '' : setIdOf(set),
      after: set === to ? after : '',
      next: null,
      voting,
      fresh: !voting,
      file_id: 1,
      leases_ms: leasesMs,
      largest_token: largest,
    });
  }

  readonly ask = (name: string, question: SetQuestion): Promise<QuorumSetAnswer> => {
    const answer = this.answers.get(name);
    if (answer === undefined) return Promise.reject(new Error('does not answer'));
    if (question.type === 'close') {
      const { next } = answer;
      const isOther = next !== null && setIdOf(next) !== setIdOf(question.next);
      if (isOther && !(question.instead && next.members.includes(name)))
        return Promise.reject(new HoldfastError('another_set', 'It is closed for another one.'));
      this.answers.set(name, { ...answer, next: question.next, voting: false });
    }
    if (question.type === 'prepare') {
      this.prepared.push({ member: name, floor: question.floor });
      this.put(name, { set: to, voting: true, largest: question.floor });
    }
    return Promise.resolve(this.answers.get(name) ?? answer);
  };

  /** Closed by somebody else, for another set. */
  closeForThird(name: string): void {
    this.put(name, { set: from, voting: true, largest: 7 });
    const answer = this.answers.get(name);
    if (answer !== undefined)
      this.answers.set(name, { ...answer, next: this.third, voting: false });
  }

  change(insteadOfAnother = false): Promise<readonly string[]> {
    return changeSet({
      from,
      to,
      insteadOfAnother,
      ask: this.ask,
      now: () => this.nowMs,
      pause: (ms) => {
        this.nowMs += ms;
        return Promise.resolve();
      },
      tell: () => undefined,
      patienceMs: 10_000,
    });
  }
}

function answerOf(nodes: Nodes, name: string): QuorumSetAnswer {
  const answer = nodes.answers.get(name);
  assert.ok(answer !== undefined);
  return answer;
}

describe('Who changes the set', () => {
  it('begins the new one above all tokens of a closed majority (CHG-1, CHG-2)', async () => {
    const nodes = new Nodes();
    nodes.put('b', { set: from, voting: true, largest: 40 });
    assert.deepEqual(await nodes.change(), ['b', 'c', 'd']);
    assert.deepEqual(
      nodes.prepared.map(({ floor }) => floor),
      [40, 40, 40],
    );
  });

  it('counts none as closed that lost its file and has only heard of it (SET-4)', async () => {
    const nodes = new Nodes();
    for (const name of ['a', 'b']) {
      nodes.put(name, { set: from, voting: false, largest: 0 });
      const answer = nodes.answers.get(name);
      if (answer !== undefined) nodes.answers.set(name, { ...answer, next: to });
    }
    await assert.rejects(nodes.change(), isCode('no_quorum'));
    assert.deepEqual(nodes.prepared, []);
  });

  it('begins nothing before the leases of a closed majority have ended (CHG-1)', async () => {
    const nodes = new Nodes();
    for (const name of ['a', 'b'])
      nodes.put(name, { set: from, voting: true, largest: 7, leasesMs: 5 });
    await assert.rejects(nodes.change(), isCode('no_quorum'));
    assert.deepEqual(nodes.prepared, []);
    assert.notEqual(nodes.answers.get('a')?.next, null, 'what is closed stays closed');
  });

  it('begins nothing with a minority closed, and closes nothing where a member is missing (CHG-1, CHG-4)', async () => {
    const nodes = new Nodes();
    nodes.answers.delete('a');
    nodes.put('b', { set: from, voting: false, largest: 7 });
    await assert.rejects(nodes.change(), isCode('no_quorum'));
    assert.equal(nodes.answers.get('c')?.next, null);
    const others = new Nodes();
    others.answers.delete('d');
    await assert.rejects(others.change(), isCode('no_quorum'));
    assert.equal(others.answers.get('a')?.next, null);
    assert.deepEqual([...nodes.prepared, ...others.prepared], []);
  });

  it('does not leave a set closed for two, neither of which can begin, where it is said which one will (CHG-5)', async () => {
    const nodes = new Nodes();
    nodes.closeForThird('a');
    nodes.closeForThird('c');
    nodes.answers.set('b', { ...answerOf(nodes, 'b'), next: to, voting: false });
    await assert.rejects(nodes.change(), isCode('no_quorum', 'another_set'));
    assert.deepEqual(nodes.prepared, []);
    assert.deepEqual(await nodes.change(true), ['b', 'c', 'd']);
    assert.deepEqual(answerOf(nodes, 'a').next, to);
    const others = new Nodes();
    // Of the first set none of these is: whether it has begun they do not know.
    for (const name of ['a', 'b', 'c'])
      others.answers.set(name, {
        ...answerOf(others, name),
        next: { epoch: 2, members: ['e', 'f', 'g'] },
        voting: false,
      });
    await assert.rejects(others.change(true), isCode('no_quorum'));
    assert.deepEqual(others.prepared, []);
  });

  it('goes on where another one has made a member already (CHG-3)', async () => {
    const nodes = new Nodes();
    nodes.put('b', { set: to, voting: false, largest: 50 });
    nodes.answers.delete('a');
    assert.deepEqual(await nodes.change(), ['b', 'c', 'd']);
    assert.ok(nodes.prepared.every(({ floor }) => floor === 50));
  });
});

describe('A file that voted before sets stood in files', () => {
  const said = (file: number, bootstrapSet: readonly number[], fresh = false): NodeStatement => ({
    voting: false,
    fresh,
    file_id: file,
    bootstrap_set: bootstrapSet,
    after: '',
  });
  const mayAdopt = (
    heard: readonly NodeStatement[],
    bootstrapSet: readonly number[] = [],
  ): boolean => {
    const times = { startedAtMs: 0, longestTtlMs: 1000, driftBufferMs: 50 };
    const recovery = new Recovery({
      ...times,
      others: 2,
      after: '',
      adopts: true,
      fileId: 1,
      bootstrapSet,
    });
    recovery.beginRound(5000);
    for (const one of heard) recovery.heard(one, true);
    return recovery.mayVote();
  };

  it('adopts the set of its node when the others agree and a majority of the bootstrap set is there, and not else (SET-7)', () => {
    const three = [1, 2, 3];
    assert.equal(mayAdopt([said(2, three), said(3, three)], three), true);
    assert.equal(mayAdopt([said(2, three), said(9, [], true)], three), true, 'one was replaced');
    assert.equal(mayAdopt([said(2, three)], three), false, 'one is not there');
    assert.equal(mayAdopt([said(8, [], true), said(9, [], true)], three), false, 'a minority');
    const five = [1, 2, 3, 4, 5];
    assert.equal(mayAdopt([said(2, five), said(3, five)], five), false, 'of another size');
    assert.equal(mayAdopt([said(2, []), said(3, [])]), false, 'nobody can tell');
  });
});
