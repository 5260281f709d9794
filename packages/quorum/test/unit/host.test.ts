import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { HoldfastError, setIdOf } from '@holdfast/protocol';
import type { QuorumAcquireAnswer } from '@holdfast/protocol';
import { LeaseHost } from '../../src/node/host.ts';
import { LeaseNode } from '../../src/node/lease-node.ts';
import { Membership } from '../../src/node/membership.ts';
import { Recovery } from '../../src/node/recovery.ts';
import { turnMs } from '../../src/node/wait-queues.ts';
import { HandClock } from './support/hand-clock.ts';
import { MemoryFile } from './support/memory-file.ts';

const ownSet = { epoch: 3, members: ['n1', 'n2', 'n3'] };
const set = setIdOf(ownSet);
const longestTtlMs = 1000;
const isCode =
  (code: string, text = /./) =>
  (error: unknown): boolean =>
    error instanceof HoldfastError && error.code === code && text.test(error.message);
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const stays = new AbortController().signal;

describe('The host of a lease node', () => {
  let clock: HandClock;
  let file: MemoryFile;
  let host: LeaseHost;
  let failures: string[];
  beforeEach(() => {
    clock = new HandClock();
    file = new MemoryFile();
    failures = [];
    host = start();
  });

  function start({ recovery, fresh = false }: { recovery?: Recovery; fresh?: boolean } = {}) {
    const limits = { maxRows: 5000, maxTombstones: 100 };
    return new LeaseHost({
      store: file,
      clock,
      membership: new Membership('n1', { set: ownSet, after: '', next: undefined }),
      onMember: () => assert.fail('It is a member of one set.'),
      maxWaiters: 1000,
      longestTtlMs,
      recovery,
      fresh,
      fileId: 77,
      bootstrapSet: [],
      onSaveFailed: (error) => void failures.push(error.message),
      node: new LeaseNode(limits, file.restored(), clock.now()),
    });
  }

  const leaseOf = (resource: string, id: string) => ({ resource, epoch: 3, set, lease_id: id });
  const acquire = (resource: string, id: string, ttl = 100): Promise<QuorumAcquireAnswer> =>
    host.acquire({ ...leaseOf(resource, id), client_id: `client of ${id}`, ttl_ms: ttl });
  const acquireAsWaiter = (
    resource: string,
    id: string,
    waiter: string,
  ): Promise<QuorumAcquireAnswer> =>
    host.acquire({ ...leaseOf(resource, id), client_id: 'c', ttl_ms: 100, waiter_id: waiter });
  const wait = (resource: string, waiter: string, timeout = 5000, signal = stays) =>
    host.wait({ resource, epoch: 3, set, waiter_id: waiter, timeout_ms: timeout }, signal);
  /** What is asked for, in a turn of its own that is saved. */
  async function done<T>(asked: Promise<T>): Promise<T> {
    clock.endTurn();
    return asked;
  }

  /** What has been answered so far, in the order of the answers. */
  function heard(
    answers: Readonly<Record<string, Promise<{ readonly status: string }>>>,
  ): string[] {
    const told: string[] = [];
    for (const [name, answer] of Object.entries(answers))
      answer.then(
        ({ status }) => told.push(`${name} ${status}`),
        (error: HoldfastError) => told.push(`${name} ${error.code}`),
      );
    return told;
  }

  it('saves the requests of one turn at once, and answers none of them before (LEASE-HOST-1)', async () => {
    await done(acquire('c', 'l3'));
    const before = file.saves;
    const told = heard({
      a: acquire('a', 'l1'),
      b: acquire('b', 'l2'),
      renewal: host.renew({ ...leaseOf('c', 'l3'), ttl_ms: 300 }),
      confirm: host.confirm({ ...leaseOf('a', 'l1'), token: 9 }),
      release: host.release(leaseOf('d', 'l4')),
      repeated: acquire('a', 'l1'),
    });
    await settle();
    assert.deepEqual(told, []);
    assert.equal(file.saves, before);
    clock.endTurn();
    assert.equal(file.saves, before + 1);
    await settle();
    assert.deepEqual(
      new Set(told),
      new Set([
        'a GRANTED',
        'b GRANTED',
        'confirm DONE',
        'release RELEASED',
        'renewal DONE',
        'repeated GRANTED',
      ]),
    );
    assert.equal(file.rows.get('a')?.maxToken, 9);
    assert.equal(file.rows.get('c')?.lease?.ttlMs, 300);
    assert.ok(file.tombstones.has('l4'));
  });

  it('answers all of a turn that the disk refused with `storage_failed`, and nothing of it happened (LEASE-HOST-1)', async () => {
    await done(acquire('a', 'l1'));
    file.full = true;
    const told = heard({
      release: host.release(leaseOf('a', 'l1')),
      a: acquire('a', 'l2'),
      b: acquire('b', 'l3'),
    });
    clock.endTurn();
    await settle();
    assert.deepEqual(
      new Set(told),
      new Set(['a storage_failed', 'b storage_failed', 'release storage_failed']),
    );
    assert.deepEqual(failures, ['The disk is full.']);
    assert.equal(host.status('a').client_id, 'client of l1');
    assert.equal(host.status('b').held, false);
    file.full = false;
    assert.deepEqual(await done(acquire('a', 'l1')), { status: 'GRANTED', token: 1, file_id: 77 });
    assert.deepEqual(await done(acquire('b', 'l3')), { status: 'GRANTED', token: 1, file_id: 77 });
  });

  it('answers at once what needs no write', async () => {
    await done(acquire('a', 'l1'));
    assert.deepEqual(await host.renew({ ...leaseOf('a', 'l1'), ttl_ms: 100 }), {
      status: 'DONE',
      file_id: 77,
    });
    assert.deepEqual(await acquire('a', 'l2'), { status: 'DENIED', remaining_ms: 100 });
    assert.deepEqual(await host.confirm({ ...leaseOf('a', 'l2'), token: 5 }), {
      status: 'REFUSED',
      file_id: 77,
    });
  });

  it('refuses what is of another configuration, or has a ttl above its longest', async () => {
    const ask = { ...leaseOf('a', 'l1'), client_id: 'c', ttl_ms: 100 };
    const other = { ...ask, epoch: 4 };
    await assert.rejects(host.acquire(other), isCode('wrong_epoch', /configuration 3, not 4/));
    await assert.rejects(host.release(other), isCode('wrong_epoch'));
    await assert.rejects(acquire('a', 'l1', longestTtlMs + 1), isCode('invalid_request', /ttl_ms/));
    await assert.rejects(
      host.renew({ ...ask, ttl_ms: longestTtlMs + 1 }),
      isCode('invalid_request', /1000/),
    );
    assert.equal((await done(acquire('a', 'l1', longestTtlMs))).status, 'GRANTED');
  });

  it('answers no vote at all while it does not vote (LEASE-HOST-2), and goes on above what it adopted', async () => {
    const recovery = new Recovery({
      others: 2,
      after: '',
      startedAtMs: 0,
      longestTtlMs,
      driftBufferMs: 50,
      fileId: 77,
      bootstrapSet: [],
    });
    host = start({ recovery, fresh: true });
    const refused = isCode('not_voting');
    await assert.rejects(acquire('a', 'l1'), refused);
    await assert.rejects(host.confirm({ ...leaseOf('a', 'l1'), token: 1 }), refused);
    await assert.rejects(host.renew({ ...leaseOf('a', 'l1'), ttl_ms: 1 }), refused);
    await assert.rejects(host.release(leaseOf('a', 'l1')), refused);
    assert.throws(() => wait('a', 'w'), refused);
    assert.equal(file.saves, 0);
    assert.equal(host.said().fresh, true);

    clock.pass(1050);
    const page = { ...host.said(), file_id: 1, voting: true, fresh: false, floor: 5 };
    recovery.beginRound(clock.now());
    for (const other of [
      { ...page, tokens: [['a', 40]] as const },
      { ...page, file_id: 2, tokens: [['a', 8]] as const },
    ]) {
      await done(host.adopt(other));
      recovery.heard(other, true);
      assert.equal(host.voting, false);
    }
    host.lookAtRecovery();
    assert.equal(host.voting, true);
    assert.equal(host.said().fresh, false);
    assert.equal(file.hasVoted, true);
    assert.deepEqual(file.bootstrapSet, []);
    assert.deepEqual(await done(acquire('a', 'l1')), { status: 'GRANTED', token: 41, file_id: 77 });
    assert.deepEqual(await done(acquire('z', 'l2')), { status: 'GRANTED', token: 6, file_id: 77 });
  });

  it('grants nothing in a set of which it hears that it is closed, also once it has recovered (SET-3)', async () => {
    const recovery = new Recovery({
      others: 2,
      after: '',
      startedAtMs: -9999,
      longestTtlMs,
      driftBufferMs: 50,
      fileId: 77,
      bootstrapSet: [],
    });
    host = start({ recovery, fresh: true });
    const next = { epoch: ownSet.epoch + 1, members: ownSet.members };
    const page = { ...host.said(), file_id: 1, voting: true, fresh: false };
    recovery.beginRound(clock.now());
    for (const other of [page, { ...page, file_id: 2, closed_for: next }]) {
      await done(host.adopt(other));
      recovery.heard(other, true);
    }
    assert.equal(host.ofSet().fresh, true, 'it has only heard of it (SET-4)');
    host.lookAtRecovery();
    assert.equal(host.hasRecovered, true);
    assert.equal(host.voting, false);
    assert.deepEqual(host.said().closed_for, next, 'and tells the others');
    await assert.rejects(acquire('a', 'l1'), isCode('another_set'));
  });

  it('does not count what it adopted where the disk refused it, and does not vote where that cannot be written', async () => {
    const recovery = new Recovery({
      others: 2,
      after: '',
      startedAtMs: -9999,
      longestTtlMs,
      driftBufferMs: 50,
      fileId: 77,
      bootstrapSet: [],
    });
    host = start({ recovery });
    const page = { ...host.said(), file_id: 1, voting: true };
    file.full = true;
    const first = host.adopt({ ...page, tokens: [['a', 40]] });
    clock.endTurn();
    await assert.rejects(first, isCode('storage_failed'));
    file.full = false;
    recovery.beginRound(clock.now());
    await done(host.adopt({ ...page, tokens: [['a', 40]] }));
    for (const fileId of [1, 2]) recovery.heard({ ...page, file_id: fileId }, true);
    file.full = true;
    assert.throws(() => host.lookAtRecovery(), /disk is full/);
    assert.equal(host.voting, false);
    file.full = false;
    host.lookAtRecovery();
    assert.equal(host.voting, true);
  });

  it('writes down with whom it begins before it says so, and votes after that', () => {
    const recovery = new Recovery({
      others: 2,
      after: '',
      startedAtMs: 0,
      longestTtlMs,
      driftBufferMs: 50,
      fileId: 77,
      bootstrapSet: [],
    });
    host = start({ recovery, fresh: true });
    const bootstrapSet = [1, 2, 77];
    const round = (written: readonly number[]): void => {
      recovery.beginRound(clock.now());
      for (const fileId of [1, 2])
        recovery.heard({ ...host.said(), file_id: fileId, bootstrap_set: written }, false);
    };
    round([]);
    host.lookAtRecovery();
    assert.deepEqual(file.bootstrapSet, [], 'they may not have been there all at one moment');
    round([]);
    file.full = true;
    assert.throws(() => host.lookAtRecovery(), /disk is full/);
    assert.deepEqual(host.said().bootstrap_set, []);
    file.full = false;
    host.lookAtRecovery();
    assert.deepEqual([file.bootstrapSet, host.said().bootstrap_set], [bootstrapSet, bootstrapSet]);
    assert.equal(host.voting, false);
    round(bootstrapSet);
    host.lookAtRecovery();
    assert.equal(host.voting, true);
  });

  it('refuses to release what it has no lease of where it remembers too much already (TOMBSTONE-1)', async () => {
    await done(acquire('a', 'l1'));
    const ids = Array.from({ length: 50 }, (_, at) => `of-nobody-${String(at)}`);
    await done(Promise.all(ids.map((id) => host.release(leaseOf('b', id)))));
    await assert.rejects(host.release(leaseOf('b', 'l2')), isCode('limit_exceeded', /released/));
    assert.deepEqual(await done(host.release(leaseOf('a', 'l1'))), { status: 'RELEASED' });
    assert.deepEqual(await acquire('a', 'l1'), { status: 'RELEASED' });
  });

  it('tells the first who waits when the lease is released, not before that is on disk', async () => {
    await done(acquire('a', 'l1'));
    const told = heard({ first: wait('a', 'w1'), second: wait('a', 'w2') });
    const released = host.release(leaseOf('a', 'l1'));
    await settle();
    assert.deepEqual(told, []);
    await done(released);
    await settle();
    assert.deepEqual(told, ['first FREE']);
    const denied = { status: 'DENIED', remaining_ms: turnMs, waiters: 1 };
    assert.deepEqual(await acquire('a', 'l2'), denied);
    assert.deepEqual(await acquireAsWaiter('a', 'l2', 'w2'), denied);
    assert.equal((await done(acquireAsWaiter('a', 'l3', 'w1'))).status, 'GRANTED');
    await settle();
    assert.deepEqual(told, ['first FREE']);
    clock.pass(100);
    await settle();
    assert.deepEqual(told, ['first FREE', 'second FREE']);
  });

  it('tells those who wait when a lease ends by itself, also after a renewal', async () => {
    await done(acquire('a', 'l1'));
    const told = heard({ first: wait('a', 'w1') });
    clock.pass(60);
    await host.renew({ ...leaseOf('a', 'l1'), ttl_ms: 100 });
    clock.pass(99);
    await settle();
    assert.deepEqual(told, []);
    clock.pass(1);
    await settle();
    assert.deepEqual(told, ['first FREE']);
  });

  it('passes the turn on when nobody took it, and tells those whose time is over', async () => {
    await done(acquire('a', 'l1'));
    const told = heard({
      first: wait('a', 'w1'),
      late: wait('a', 'w2', 50),
      next: wait('a', 'w3'),
    });
    clock.pass(50);
    await settle();
    assert.deepEqual(told, ['late TIMEOUT']);
    clock.pass(50);
    await settle();
    assert.deepEqual(told, ['late TIMEOUT', 'first FREE']);
    clock.pass(turnMs);
    await settle();
    assert.deepEqual(told, ['late TIMEOUT', 'first FREE', 'next FREE']);
  });

  it('tells at once who waits for what is free, and forgets who has gone', async () => {
    assert.deepEqual(await wait('b', 'w0'), { status: 'FREE' });
    await done(acquire('a', 'l1'));
    const gone = new AbortController();
    const told = heard({ gone: wait('a', 'w1', 5000, gone.signal), next: wait('a', 'w2') });
    assert.equal(host.status('a').waiters, 2);
    gone.abort();
    assert.equal(host.status('a').waiters, 1);
    await done(host.release(leaseOf('a', 'l1')));
    await settle();
    assert.deepEqual(told, ['gone TIMEOUT', 'next FREE'], 'nothing waits for an answer for ever');
    const before = await wait('a', 'w3', 5000, AbortSignal.abort());
    assert.deepEqual(before, { status: 'TIMEOUT' });
    assert.equal(host.status('a').waiters, 0);
  });

  it('refuses who waits behind too many, and tells all when it stops', async () => {
    await done(acquire('a', 'l1'));
    const waits = Array.from({ length: 1000 }, (_, index) => wait('a', String(index)));
    await assert.rejects(wait('a', 'late'), (error: unknown) => {
      assert.ok(error instanceof HoldfastError);
      assert.equal(error.code, 'limit_exceeded');
      assert.deepEqual(error.details, { limit: 'max_waiters', value: 1000, scope: 'node' });
      return true;
    });
    host.close();
    for (const answer of await Promise.all(waits)) assert.deepEqual(answer, { status: 'TIMEOUT' });
    assert.deepEqual(await wait('a', 'after that'), { status: 'TIMEOUT' });
  });

  it('tells its status', async () => {
    assert.deepEqual(host.status('a'), {
      resource: 'a',
      voting: true,
      held: false,
      client_id: null,
      remaining_ms: 0,
      max_token: 0,
      waiters: 0,
      epoch: 3,
      set,
      file_id: 77,
      fresh: false,
      waits_ms: 0,
    });
    await done(acquire('a', 'l1'));
    clock.pass(30);
    void wait('a', 'w1');
    assert.deepEqual(host.status('a'), {
      resource: 'a',
      voting: true,
      held: true,
      client_id: 'client of l1',
      remaining_ms: 70,
      max_token: 1,
      waiters: 1,
      epoch: 3,
      set,
      file_id: 77,
      fresh: false,
      waits_ms: 0,
    });
    clock.pass(70);
    assert.equal(host.status('a').held, false);
    assert.equal(host.status('a').max_token, 1);
  });

  it('tells its tokens in pages, none twice and none left out', async () => {
    const names = Array.from({ length: 2000 }, (_, index) => `r${String(index)}`);
    const granted = names.map((name) => acquire(name, `of ${name}`));
    await done(Promise.all(granted));
    const seen: string[] = [];
    let pages = 0;
    for (let after: string | null = ''; after !== null; pages++) {
      const page = host.tokens(after);
      assert.equal(page.epoch, 3);
      assert.equal(page.file_id, 77);
      seen.push(...page.tokens.map(([name]) => name));
      after = page.next;
    }
    assert.deepEqual(seen.toSorted(), names.toSorted());
    assert.equal(pages, 2);
    assert.throws(
      () => host.tokens('1.1000'),
      isCode('invalid_request', /Begin again without "after"/),
      'it is over',
    );
  });
});
