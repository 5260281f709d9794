import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StorageDamagedError } from '../../src/index.ts';
import { defaultSegments } from '../../src/open.ts';
import {
  entry,
  fill,
  hardState,
  indexes,
  LogInMemory,
  membership,
  noRandomness,
  plain,
  range,
  segmentPath,
  settle,
} from '../log-in-memory.ts';

const segments = (log: LogInMemory): string[] =>
  log.files.paths.filter((path) => path.endsWith('.segment'));
const spares = (log: LogInMemory): string[] =>
  log.files.paths.filter((path) => path.endsWith('.spare'));

describe('Segments', () => {
  it('are full, nearly, when a node catches up by large entries that wait for the disk together', async () => {
    const log = new LogInMemory();
    log.segments = defaultSegments;
    const { storage } = await log.open();
    const [count, bytes] = [40, 840_000];
    const text = 'x'.repeat(bytes);
    await Promise.all(
      range(1, count).map((index) =>
        storage.write({ id: index, hardState: hardState(0), entries: [entry(index, 1, text)] }),
      ),
    );
    await settle();
    const needed = Math.ceil((count * bytes) / defaultSegments.segmentBytes);
    // Besides the one that is prepared.
    const taken = segments(log).length - 1;
    assert.ok(taken <= 1.3 * needed, `${String(taken)} instead of ${String(needed)}`);
  });

  it('follow one another, and the next one is there before it is needed', async () => {
    const log = new LogInMemory();
    const opened = await log.open();
    await fill(opened, 1, 100);
    await settle();
    assert.ok(segments(log).length >= 4);
    for (const path of segments(log)) assert.equal(log.files.bytes(path).byteLength, 4096);
    assert.deepEqual(indexes(await log.reopen()), range(1, 100));
  });

  it('are deleted from the front when a snapshot covers them, and used again', async () => {
    const log = new LogInMemory();
    const opened = await log.open();
    await fill(opened, 1, 100);
    const before = segments(log).length;
    const saved = await opened.storage.saveSnapshot({ index: 95, term: 1, membership }, []);
    opened.storage.forgetBefore(80, saved?.hash ?? '');
    await settle();
    // Then what holds an entry from 80 on is left
    assert.ok(segments(log).length < before);
    assert.ok(spares(log).length > 0 && spares(log).length <= log.segments.maxSpares);
    assert.ok(!log.files.paths.includes(segmentPath(1)));
    await fill(opened, 101, 200);
    await settle();
    assert.equal(spares(log).length, 0);
    const after = await log.reopen();
    assert.ok((indexes(after)[0] ?? 0) <= 80);
    assert.equal(indexes(after).at(-1), 200);
    assert.equal(after.recovered?.snapshot.index, 95);
  });

  it('keep term and vote though no entry is needed any more', async () => {
    const log = new LogInMemory();
    const opened = await log.open();
    await fill(opened, 1, 60);
    await opened.storage.write({ id: 61, hardState: hardState(60, 9), entries: [] });
    const saved = await opened.storage.saveSnapshot({ index: 60, term: 1, membership }, []);
    opened.storage.forgetBefore(61, saved?.hash ?? '');
    await settle();
    const { recovered } = await log.reopen();
    assert.deepEqual(recovered?.hardState, hardState(60, 9));
  });

  it('with a frame larger than one are longer, and not used again', async () => {
    const log = new LogInMemory();
    const opened = await log.open();
    await fill(opened, 1, 3);
    await fill(opened, 4, 4, 'x'.repeat(10_000));
    await fill(opened, 5, 60);
    await settle();
    const saved = await opened.storage.saveSnapshot({ index: 50, term: 1, membership }, []);
    opened.storage.forgetBefore(51, saved?.hash ?? '');
    await settle();
    for (const path of spares(log)) assert.equal(log.files.bytes(path).byteLength, 4096);
    assert.equal(indexes(await log.reopen()).at(-1), 60);
  });

  it('are not taken away where the snapshot that is to stand for them is not there', async () => {
    const log = new LogInMemory();
    const opened = await log.open();
    await fill(opened, 1, 100);
    opened.storage.forgetBefore(90, 'ab'.repeat(32));
    await settle();
    assert.ok(log.files.paths.includes(segmentPath(1)));
  });

  it('and snapshots that fit no longer are refused: entries between them are missing', async () => {
    const log = new LogInMemory();
    const opened = await log.open();
    await fill(opened, 1, 100);
    const saved = await opened.storage.saveSnapshot({ index: 95, term: 1, membership }, []);
    opened.storage.forgetBefore(96, saved?.hash ?? '');
    await settle();
    const snapshot = log.files.paths.find((path) => path.endsWith('.snapshot')) ?? assert.fail();
    log.files.remove(snapshot);
    await assert.rejects(
      log.reopen(),
      (error) => error instanceof StorageDamagedError && /are missing/.test(error.message),
    );
  });
});

describe('Spare files that somebody took away', () => {
  it('are made anew, and the log goes on', async () => {
    // Given a log with two spare files
    const log = new LogInMemory();
    const opened = await log.open();
    await fill(opened, 1, 100);
    const saved = await opened.storage.saveSnapshot({ index: 95, term: 1, membership }, []);
    opened.storage.forgetBefore(96, saved?.hash ?? '');
    await settle();
    assert.equal(spares(log).length, 2);
    for (const path of spares(log)) log.files.remove(path);
    // When it comes to need them
    void fill(opened, 101, 300);
    await settle();
    assert.deepEqual(log.failures, []);
    assert.equal(indexes(await log.reopen()).at(-1), 300);
  });
});

describe('How far a log has come', () => {
  it('is refused where it is less than what was recorded, and is more after a crash', async () => {
    // Given a log that was opened three times
    const log = new LogInMemory();
    const older = log.copy();
    for (let starts = 1; starts <= 3; starts++) {
      const opened = await log.reopen();
      assert.equal(opened.position.starts, starts);
      await fill(opened, starts, starts);
      log.position = opened.position;
      if (starts === 2) {
        older.files = log.copy().files;
        older.made = true;
      }
    }
    // When the power goes before each is recorded, however often, it is opened all the same
    const { position } = log;
    for (let count = 0; count < 3; count++) await log.reopen();
    assert.deepEqual(indexes(await log.reopen()), range(1, 3));
    // And a copy from before is not
    assert.ok(position !== undefined);
    older.position = position;
    await assert.rejects(older.reopen(), /an older copy/);
    // Nor one with as many starts, that has fewer writes
    older.position = { starts: 2, frames: position.frames };
    await assert.rejects(older.reopen(), /has lost its end/);
    older.position = { starts: 2, frames: 3 };
    assert.deepEqual(indexes(await older.reopen()), range(1, 2));
  });
});

describe('Writes', () => {
  it('that are merged leave behind what one after the other would', async () => {
    const log = new LogInMemory();
    const { storage } = await log.open();
    const order: number[] = [];
    const write = (id: number, rest: object): Promise<void> =>
      storage.write({ id, entries: [], ...rest }).then(() => void order.push(id));
    await Promise.all([
      write(1, { entries: [entry(1), entry(2), entry(3)], hardState: hardState(0, 1) }),
      write(2, { truncateFrom: 2, entries: [entry(2, 2), entry(3, 2)] }),
      write(3, { hardState: hardState(1, 3) }),
      write(4, { truncateFrom: 3, entries: [entry(3, 3), entry(4, 3)] }),
    ]);
    assert.deepEqual(order, [1, 2, 3, 4]);
    assert.equal(storage.stats.commits, 1);
    const { recovered } = await log.reopen();
    assert.deepEqual(
      plain(recovered?.entries),
      plain([entry(1), entry(2, 2), entry(3, 3), entry(4, 3)]),
    );
    assert.deepEqual(recovered?.hardState, hardState(1, 3));
  });

  it('after a failed one are not made, and the failure is told once', async () => {
    const log = new LogInMemory();
    const { storage } = await log.open();
    await storage.write({ id: 1, hardState: hardState(0), entries: [entry(1)] });
    let acknowledged = 0;
    log.trouble = new Error('sync failed');
    void storage
      .write({ id: 2, hardState: hardState(1), entries: [entry(2)] })
      .then(() => (acknowledged += 1));
    await settle();
    // When the disk is well again
    log.trouble = undefined;
    void storage
      .write({ id: 3, hardState: hardState(1), entries: [entry(3)] })
      .then(() => (acknowledged += 1));
    await settle();
    // Then nothing is written all the same
    assert.equal(acknowledged, 0);
    assert.deepEqual(
      log.failures.map(({ message }) => message),
      ['sync failed'],
    );
    await storage.close();
    log.files.cutPower(noRandomness);
    assert.deepEqual(indexes(await log.open()), [1]);
  });
});
