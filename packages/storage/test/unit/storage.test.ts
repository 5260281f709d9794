import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Entry, HardState, MemberId, Membership, SnapshotMeta, Write } from '@holdfast/raft';
import { openStorage, StorageDamagedError } from '../../src/index.ts';
import type { Opened, StorageOptions } from '../../src/index.ts';

const membership: Membership = {
  members: [{ id: 'a' as MemberId, address: 'a:1', role: 'voter' }],
};
const entry = (index: number, term = 1, text = `entry ${String(index)}`): Entry => ({
  index,
  term,
  kind: 'command',
  data: new TextEncoder().encode(text),
});
const hardState = (commit: number, term = 1): HardState => ({
  term,
  votedFor: 'a' as MemberId,
  commit,
});
const plain = (entries: readonly Entry[] | undefined): unknown =>
  entries?.map(({ index, term, data }) => [index, term, new TextDecoder().decode(data)]);

describe('The storage', () => {
  let folder: string;
  let opened: Opened[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-storage-'));
  });
  afterEach(async () => {
    for (const { storage } of opened) await storage.close();
    opened = [];
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(changes: Partial<StorageOptions> = {}): Promise<Opened> {
    const one = await openStorage({
      folder,
      clusterId: 'c',
      memberId: 'a',
      onFailure: (error) => assert.fail(error),
      ...changes,
    });
    opened.push(one);
    return one;
  }

  async function reopen(): Promise<Opened> {
    for (const { storage } of opened) await storage.close();
    opened = [];
    return open();
  }

  const damage = async (statement: string): Promise<void> => {
    for (const { storage } of opened) await storage.close();
    opened = [];
    const database = new DatabaseSync(join(folder, 'holdfast.sqlite'));
    database.exec(statement);
    database.close();
  };

  it('of a new folder has nothing to recover', async () => {
    assert.equal((await open()).recovered, undefined);
  });

  it('gives back term, vote, commit and entries', async () => {
    const { storage } = await open();
    await storage.write({ id: 1, hardState: hardState(0), entries: [entry(1), entry(2)] });
    await storage.write({ id: 2, hardState: hardState(2, 3), entries: [entry(3, 3)] });
    const { recovered } = await reopen();
    assert.deepEqual({ ...recovered?.hardState }, hardState(2, 3));
    assert.deepEqual(plain(recovered?.entries), plain([entry(1), entry(2), entry(3, 3)]));
  });

  it('removes what is truncated before it adds what takes its place', async () => {
    const { storage } = await open();
    await storage.write({
      id: 1,
      hardState: hardState(0),
      entries: [entry(1), entry(2), entry(3)],
    });
    await storage.write({
      id: 2,
      hardState: hardState(0, 2),
      truncateFrom: 2,
      entries: [entry(2, 2, 'new')],
    });
    const { recovered } = await reopen();
    assert.deepEqual(plain(recovered?.entries), plain([entry(1), entry(2, 2, 'new')]));
  });

  it('makes one commit of all that arrives while one is under way, and keeps the loop free', async () => {
    const { storage } = await open({ writeDelayMs: 50 });
    const writes = Array.from({ length: 50 }, (_, position): Write => ({
      id: position + 1,
      hardState: hardState(0),
      entries: [entry(position + 1)],
    }));
    let turns = 0;
    let running = true;
    const count = (): void => {
      turns += 1;
      if (running) setImmediate(count);
    };
    count();
    const first = storage.write(writes[0] ?? assert.fail());
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([first, ...writes.slice(1).map((write) => storage.write(write))]);
    running = false;
    assert.ok(storage.figures.commits <= 3, `${String(storage.figures.commits)} commits`);
    assert.ok(turns > 20, `the loop turned ${String(turns)} times only`);
  });

  it('keeps a snapshot, the entries behind it that were asked for, and nothing older', async () => {
    const { storage } = await open();
    for (let index = 1; index <= 20; index++)
      await storage.write({ id: index, hardState: hardState(index - 1), entries: [entry(index)] });
    const saved = await storage.saveSnapshot(
      { index: 15, term: 1, membership },
      [new Uint8Array([1]), new Uint8Array([2, 3])],
      12,
    );
    assert.equal(saved?.chunkCount, 2);
    assert.deepEqual([...((await storage.readSnapshotChunk(15, 1)) ?? [])], [2, 3]);
    assert.equal(await storage.readSnapshotChunk(14, 0), undefined);
    // The old entries go in slices after the snapshot; a later write waits behind them.
    await storage.write({ id: 21, hardState: hardState(20), entries: [entry(21)] });
    const { recovered } = await reopen();
    assert.deepEqual(recovered?.snapshot, saved);
    assert.ok((recovered?.entries[0]?.index ?? 0) <= 12);
    assert.equal(recovered?.entries.at(-1)?.index, 21);
  });

  it('does not let an own snapshot that is done late take the place of a newer one of the leader', async () => {
    // Given an own snapshot at 15 that is being saved
    const { storage } = await open();
    const entries = Array.from({ length: 20 }, (_, index) => entry(index + 1));
    await storage.write({ id: 1, hardState: hardState(20), entries });
    const received: SnapshotMeta = { index: 30, term: 2, membership, chunkCount: 1 };
    let installed: Promise<void> | undefined;
    function* chunks(): Iterable<Uint8Array> {
      yield new Uint8Array([1]);
      // When the leader's at 30 is installed meanwhile
      installed = storage.write({
        id: 2,
        hardState: hardState(30, 2),
        entries: [],
        snapshotChunk: { meta: received, chunk: 0, data: new Uint8Array([9]) },
        installSnapshot: received,
      });
      yield new Uint8Array([2]);
    }
    const saved = await storage.saveSnapshot({ index: 15, term: 1, membership }, chunks(), 10);
    await installed;
    // Then the own one has come to nothing, and the leader's is whole
    assert.equal(saved, undefined);
    assert.deepEqual([...((await storage.readSnapshotChunk(30, 0)) ?? [])], [9]);
    const { recovered } = await reopen();
    assert.deepEqual(recovered?.snapshot, received);
  });

  it('clears up behind one snapshot without touching the next, which is being saved', async () => {
    const { storage } = await open();
    const entries = Array.from({ length: 40 }, (_, index) => entry(index + 1));
    await storage.write({ id: 1, hardState: hardState(40), entries });
    const many = Array.from({ length: 40 }, (_, index) => new Uint8Array([index]));
    await storage.saveSnapshot({ index: 10, term: 1, membership }, many, 10);
    const second = await storage.saveSnapshot({ index: 20, term: 1, membership }, many, 20);
    const third = await storage.saveSnapshot({ index: 30, term: 1, membership }, many, 30);
    assert.equal(second?.chunkCount, many.length);
    const { recovered } = await reopen();
    assert.deepEqual(recovered?.snapshot, third);
  });

  it('takes a snapshot that is cut into fewer chunks than an attempt before it', async () => {
    const { storage } = await open();
    const meta = { index: 9, term: 2, membership };
    const chunk = (number: number): Uint8Array => new Uint8Array([number]);
    const before: SnapshotMeta = { ...meta, chunkCount: 4 };
    for (let number = 0; number < 3; number++) {
      await storage.write({
        id: number + 1,
        hardState: hardState(0, 2),
        entries: [],
        snapshotChunk: { meta: before, chunk: number, data: chunk(number) },
      });
    }
    const whole: SnapshotMeta = { ...meta, chunkCount: 1 };
    await storage.write({
      id: 4,
      hardState: hardState(9, 2),
      entries: [],
      snapshotChunk: { meta: whole, chunk: 0, data: chunk(7) },
      installSnapshot: whole,
    });
    const { recovered } = await reopen();
    assert.deepEqual(recovered?.snapshot, whole);
  });

  it('replaces the log by a received snapshot only when all its chunks are there', async () => {
    const { storage } = await open();
    const meta: SnapshotMeta = { index: 9, term: 2, membership, chunkCount: 2 };
    await storage.write({ id: 1, hardState: hardState(1, 2), entries: [entry(1), entry(2)] });
    await storage.write({
      id: 2,
      entries: [],
      snapshotChunk: { meta, chunk: 0, data: new Uint8Array([1]) },
    });
    const half = await reopen();
    assert.equal(half.recovered?.snapshot.index, 0);
    assert.equal(half.recovered?.entries.length, 2);
    await half.storage.write({
      id: 1,
      entries: [],
      snapshotChunk: { meta, chunk: 0, data: new Uint8Array([1]) },
    });
    await half.storage.write({
      id: 2,
      entries: [],
      snapshotChunk: { meta, chunk: 1, data: new Uint8Array([2]) },
      installSnapshot: meta,
    });
    await half.storage.write({ id: 3, hardState: hardState(9, 2), entries: [entry(10, 2)] });
    const { recovered } = await reopen();
    assert.deepEqual(recovered?.snapshot, meta);
    assert.deepEqual(plain(recovered?.entries), plain([entry(10, 2)]));
  });

  it('of another member, another cluster or a newer format is refused with both names', async () => {
    await open();
    await reopen();
    for (const { storage } of opened) await storage.close();
    opened = [];
    await assert.rejects(open({ memberId: 'b' }), /"a".*"b"/);
    await assert.rejects(open({ clusterId: 'd' }), /"c".*"d"/);
    await damage("UPDATE meta SET value = 99 WHERE key = 'format_version'");
    await assert.rejects(open(), /format version 99/);
  });

  it('is opened by one process only', async () => {
    await open();
    await assert.rejects(open(), /in use/);
  });

  for (const [what, statement] of [
    ['an entry in the committed part', `UPDATE entries SET data = x'00' WHERE "index" = 2`],
    [
      'an entry that is not known to be committed',
      `UPDATE entries SET data = x'00' WHERE "index" = 5`,
    ],
    ['a term', `UPDATE entries SET term = 7 WHERE "index" = 4`],
    ['a gap', `DELETE FROM entries WHERE "index" = 3`],
    ['a missing end', `DELETE FROM entries WHERE "index" = 5`],
    ['the vote', `UPDATE hard_state SET voted_for = 'z'`],
    ['a lost vote', `DELETE FROM hard_state`],
  ] as const) {
    it(`refuses to start on damage: ${what}`, async () => {
      const { storage } = await open();
      await storage.write({
        id: 1,
        hardState: hardState(0),
        entries: [1, 2, 3, 4, 5].map((index) => entry(index)),
      });
      await storage.write({ id: 2, hardState: hardState(4), entries: [] });
      await damage(statement);
      await assert.rejects(
        open(),
        (error) =>
          error instanceof StorageDamagedError && /Nothing was changed/.test(error.message),
      );
    });
  }

  it('never gives back half a write, wherever the file was cut off; what was acknowledged before is whole', async () => {
    const { storage } = await open();
    for (let index = 1; index <= 8; index++)
      await storage.write({ id: index, hardState: hardState(index - 1), entries: [entry(index)] });
    const file = join(folder, 'holdfast.sqlite');
    const database = readFileSync(file);
    const wal = readFileSync(`${file}-wal`);
    for (const { storage: one } of opened) await one.close();
    opened = [];
    let named = 0;
    for (let cut = wal.byteLength; cut > wal.byteLength - 9000; cut -= 613) {
      writeFileSync(file, database);
      writeFileSync(`${file}-wal`, wal.subarray(0, cut));
      const { recovered, repairs } = await open();
      // Cut within a transaction: named. Cut between two: nothing to name.
      assert.ok(repairs.length === 0 || /cut short/.test(repairs[0] ?? ''));
      named += repairs.length;
      const indexes = recovered?.entries.map((one) => one.index) ?? [];
      assert.deepEqual(
        indexes,
        indexes.map((_, position) => position + 1),
      );
      assert.ok(indexes.length >= 5);
      for (const { storage: one } of opened) await one.close();
      opened = [];
      rmSync(`${file}-wal`, { force: true });
    }
    assert.ok(named > 5, `${String(named)} torn tails were named`);
  });

  it('refuses to start on a write-ahead log that is broken in front of acknowledged writes', async () => {
    const { storage } = await open();
    for (let index = 1; index <= 8; index++)
      await storage.write({ id: index, hardState: hardState(index - 1), entries: [entry(index)] });
    const file = join(folder, 'holdfast.sqlite');
    const database = readFileSync(file);
    const wal = readFileSync(`${file}-wal`);
    for (const { storage: one } of opened) await one.close();
    opened = [];
    // Within the last transaction a broken byte looks like a torn write; in front of it, it does not.
    for (let position = 40; position < wal.byteLength - 5 * 4120; position += 1777) {
      const broken = Buffer.from(wal);
      broken[position] = (broken[position] ?? 0) ^ 0x10;
      writeFileSync(file, database);
      writeFileSync(`${file}-wal`, broken);
      await assert.rejects(
        open(),
        (error) =>
          error instanceof StorageDamagedError && /acknowledged writes/.test(error.message),
        `byte ${String(position)}`,
      );
    }
  });

  it('tells a failed write once, and acknowledges nothing after it', async () => {
    const failures: string[] = [];
    let told = (): void => assert.fail();
    const failed = new Promise<void>((resolve) => (told = resolve));
    const { storage } = await open({
      onFailure: (error) => {
        failures.push(error.message);
        told();
      },
    });
    await storage.write({ id: 1, hardState: hardState(0), entries: [entry(1)] });
    // SQLite cannot store this, as it could not store anything on a full disk.
    const impossible = {
      ...entry(2),
      data: 'not bytes' as unknown as Uint8Array,
      index: {} as unknown as number,
    };
    let acknowledged = false;
    void storage
      .write({ id: 2, hardState: hardState(1), entries: [impossible] })
      .then(() => (acknowledged = true));
    await failed;
    void storage
      .write({ id: 3, hardState: hardState(1), entries: [entry(2)] })
      .then(() => (acknowledged = true));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(acknowledged, false);
    assert.equal(failures.length, 1);
  });

  it('killed in the middle of writing has everything that it acknowledged', async () => {
    const child = fork(new URL('../writing-child.ts', import.meta.url), [folder], {
      execArgv: ['--conditions=source'],
    });
    let acknowledged = 0;
    await new Promise<void>((resolve) => {
      child.on('message', (index: number) => {
        acknowledged = index;
        if (index >= 300) child.kill('SIGKILL');
      });
      child.once('exit', () => resolve());
    });
    const { recovered } = await open();
    assert.ok(
      (recovered?.entries.length ?? 0) >= acknowledged,
      `${String(recovered?.entries.length)} of ${String(acknowledged)}`,
    );
  });
});
