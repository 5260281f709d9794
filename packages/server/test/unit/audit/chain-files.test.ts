/** The files of a chain: each record once, whatever happens to the node and its disk. */
import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { deleteOldest, fileName } from '../../../src/audit/chain-folder.ts';
import { endOf } from '../../../src/audit/lines.ts';
import { verifyChain } from '../../../src/audit/verify.ts';
import { FullDisk, newFolder, recordsOf, writerIn } from './support.ts';

describe('the files of a chain', () => {
  test('have each record once, though the log tells it again after a restart (AUDIT-FILE-1)', async (t) => {
    const folder = newFolder(t);
    const lines = recordsOf(20);
    const first = writerIn(folder);
    for (const line of lines.slice(0, 12)) first.add(line);
    await first.close();
    const second = writerIn(folder);
    assert.equal(second.end.seq, 12);
    for (const line of lines.slice(4)) second.add(line);
    await second.close();
    const { records, end, problem, gaps } = await verifyChain(folder, 'changes');
    assert.deepEqual({ records, problem, gaps }, { records: 20, problem: undefined, gaps: [] });
    assert.deepEqual(end, endOf(lines.at(-1) ?? ''));
  });

  test('go on where a line was torn by a crash, at whichever byte', async (t) => {
    const lines = recordsOf(3);
    const whole = newFolder(t);
    const writer = writerIn(whole);
    for (const line of lines) writer.add(line);
    await writer.close();
    const [name = ''] = readdirSync(whole);
    const bytes = readFileSync(join(whole, name));
    const folder = newFolder(t);
    for (let length = 0; length <= bytes.length; length += 7) {
      writeFileSync(join(folder, name), bytes.subarray(0, length));
      const again = writerIn(folder);
      for (const line of lines) again.add(line);
      await again.close();
      assert.deepEqual(readFileSync(join(folder, name)), bytes, String(length));
    }
  });

  test('say which records are not there where a snapshot took their place (AUDIT-FILE-1)', async (t) => {
    const folder = newFolder(t);
    const lines = recordsOf(10);
    const writer = writerIn(folder);
    for (const line of lines.slice(0, 3)) writer.add(line);
    writer.goOnFrom(endOf(lines[6] ?? ''));
    for (const line of lines.slice(7)) writer.add(line);
    await writer.close();
    const { problem, gaps, records } = await verifyChain(folder, 'changes');
    assert.equal(problem, undefined);
    assert.equal(records, 6);
    const { head } = endOf(lines[6] ?? '');
    assert.deepEqual(gaps, [{ from: 4, to: 7, head, reason: 'snapshot' }]);
  });

  test('begin after a snapshot without a gap where there were none before', async (t) => {
    const folder = newFolder(t);
    const lines = recordsOf(10);
    const writer = writerIn(folder);
    writer.goOnFrom(endOf(lines[6] ?? ''));
    for (const line of lines.slice(7)) writer.add(line);
    await writer.close();
    const { problem, gaps, first } = await verifyChain(folder, 'changes');
    assert.deepEqual({ problem, gaps, first }, { problem: undefined, gaps: [], first: 8 });
  });

  test('are turned over by size, and the oldest are deleted', async (t) => {
    const folder = newFolder(t);
    const writer = writerIn(folder, { rotateBytes: 600, keepBytes: 2000 });
    for (const line of recordsOf(60)) {
      writer.add(line);
      await writer.flush();
    }
    await writer.close();
    const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size);
    assert.ok(sizes.length > 1 && sizes.length < 8, String(sizes));
    assert.ok(sizes.reduce((sum, size) => sum + size, 0) < 3000, String(sizes));
    const { problem, first, end } = await verifyChain(folder, 'changes');
    assert.equal(problem, undefined);
    assert.ok(first !== undefined && first > 20);
    assert.equal(end.seq, 60);
  });

  test('are deleted by age as well', async (t) => {
    const folder = newFolder(t);
    const writer = writerIn(folder, { rotateBytes: 300, keepMs: 1000 });
    for (const line of recordsOf(10)) {
      writer.add(line);
      await writer.flush();
    }
    const before = readdirSync(folder).length;
    // One at a time (AUDIT-FILE-9).
    for (let left = before; left > 2; left--) {
      assert.equal(readdirSync(folder).length, left);
      await writer.clearUp(Date.now() + 10_000);
    }
    assert.equal(readdirSync(folder).length, 2);
    await writer.close();
  });

  test('are written on though whoever is told of a failure fails as well (AUDIT-FILE-8)', async (t) => {
    const disk = new FullDisk();
    const folder = newFolder(t);
    const writer = writerIn(folder, {
      openFile: disk.openFile,
      onFailure: () => {
        throw new Error('The log has no space either.');
      },
    });
    t.after(() => writer.close());
    const lines = recordsOf(2);
    writer.add(lines[0] ?? '');
    disk.isFull = true;
    await assert.doesNotReject(writer.flush());
    assert.equal(writer.isFailing, true);
    disk.isFull = false;
    writer.add(lines[1] ?? '');
    await assert.doesNotReject(writer.flush());
    assert.equal(writer.isFailing, false);
    await writer.close();
    assert.equal((await verifyChain(folder, 'changes')).records, 2);
  });

  test('are not deleted while they are written, though another one is begun meanwhile (AUDIT-FILE-6)', async (t) => {
    const folder = newFolder(t);
    const [first, second, third] = [1, 2, 3].map((seq) => fileName('changes', seq));
    for (const name of [first, second, third]) writeFileSync(join(folder, name ?? ''), 'records\n');
    const written: { name: string | undefined } = { name: second };
    const retention = { folder, chain: 'changes', keepBytes: 1, keepMs: 0 } as const;
    // It was turned over after the third one was made.
    const deleted = deleteOldest(retention, written, Date.now());
    written.name = third;
    await deleted;
    assert.deepEqual(readdirSync(folder), [third]);
  });

  test('are not all deleted where none is written: the last one says where the chain goes on (AUDIT-FILE-6)', async (t) => {
    const folder = newFolder(t);
    const writer = writerIn(folder, { rotateBytes: 300, keepBytes: 1 });
    for (const line of recordsOf(10)) {
      writer.add(line);
      await writer.flush();
    }
    await writer.clearUp();
    await writer.close();
    assert.equal(writerIn(folder).end.seq, 10);
  });

  test('are refused where they do not end as an audit does', (t) => {
    const folder = newFolder(t);
    writeFileSync(join(folder, 'changes-0000000000000001.jsonl'), 'something else\n');
    assert.throws(() => writerIn(folder), /is no record of an audit/);
  });

  test('tell of a log that has another record than they have', async (t) => {
    const folder = newFolder(t);
    const failures: unknown[] = [];
    const first = writerIn(folder);
    for (const line of recordsOf(3)) first.add(line);
    await first.close();
    const second = writerIn(folder, { onFailure: (error) => failures.push(error) });
    for (const line of recordsOf(4, undefined, (at) => ({ operation: 'other', at })))
      second.add(line);
    await second.close();
    assert.match(String(failures[0]), /Record 3 of the audit of changes is another one/);
    const { problem } = await verifyChain(folder, 'changes');
    assert.equal(problem?.what, 'different');
  });
});

describe('a disk that is full', () => {
  test('leaves no part of a line, and all is written when there is room (AUDIT-FILE-3)', async (t) => {
    const folder = newFolder(t);
    const disk = new FullDisk();
    const failures: unknown[] = [];
    const writer = writerIn(folder, {
      openFile: disk.openFile,
      onFailure: (error) => failures.push(error),
    });
    const lines = recordsOf(6);
    for (const line of lines.slice(0, 2)) writer.add(line);
    await writer.flush();
    disk.isFull = true;
    for (const line of lines.slice(2)) writer.add(line);
    await writer.flush();
    assert.equal(writer.isFailing, true);
    assert.equal(failures.length, 1);
    let isDurable = false;
    const durable = writer.durable().then(() => (isDurable = true));
    assert.equal(isDurable, false);
    assert.equal((await verifyChain(folder, 'changes')).records, 2);
    disk.isFull = false;
    await writer.flush();
    await durable;
    assert.equal(writer.isFailing, false);
    await writer.close();
    const { problem, records } = await verifyChain(folder, 'changes');
    assert.deepEqual({ problem, records }, { problem: undefined, records: 6 });
  });

  test('lets so many bytes wait and no more; what was dropped is named (AUDIT-FILE-2)', async (t) => {
    const folder = newFolder(t);
    const disk = new FullDisk();
    const writer = writerIn(folder, { openFile: disk.openFile, bufferBytes: 1000 });
    const lines = recordsOf(40);
    disk.isFull = true;
    const taken = lines.slice(0, 30).filter((line) => writer.add(line)).length;
    assert.ok(taken > 3 && taken < 12, String(taken));
    assert.equal(writer.droppedRecords, 30 - taken);
    const longest = Math.max(...lines.map(({ length }) => length));
    assert.ok(writer.bufferedBytes <= 1000 + longest);
    assert.equal(writer.isHalfFull, true);
    await writer.flush();
    disk.isFull = false;
    await writer.flush();
    for (const line of lines.slice(30)) {
      writer.add(line);
      await writer.flush();
    }
    await writer.close();
    const { problem, gaps, records } = await verifyChain(folder, 'changes');
    assert.equal(problem, undefined);
    assert.equal(records, taken + 10);
    const { head } = endOf(lines[29] ?? '');
    assert.deepEqual(gaps, [{ from: taken + 1, to: 30, head, reason: 'dropped' }]);
  });
});

describe('an entry of the log', () => {
  test('is taken whole, and none after it while the buffer is full (AUDIT-FILE-2)', async (t) => {
    const disk = new FullDisk();
    disk.isFull = true;
    const writer = writerIn(newFolder(t), { openFile: disk.openFile, bufferBytes: 1000 });
    const lines = recordsOf(60);
    assert.equal(writer.addEntry(lines.slice(0, 40)), true);
    assert.equal(writer.droppedRecords, 0);
    assert.equal(writer.addEntry(lines.slice(40)), false);
    assert.equal(writer.droppedRecords, 20);
    disk.isFull = false;
    await writer.close();
  });

  test('is no more than so many records, however small (AUDIT-FILE-2)', async (t) => {
    const disk = new FullDisk();
    disk.isFull = true;
    const writer = writerIn(newFolder(t), { openFile: disk.openFile, bufferBytes: 1 << 30 });
    const line = (seq: number): string => `{"seq":${String(seq)},"hash":"${'a'.repeat(64)}"}`;
    writer.addEntry(Array.from({ length: 65_536 }, (_, at) => line(at + 1)));
    assert.equal(writer.addEntry([line(65_537)]), false);
    await writer.close();
  });

  test('should wait while the disk is behind, and is told when it is not; not for one that fails or hangs (AUDIT-FILE-2)', async (t) => {
    const disk = new FullDisk();
    const writer = writerIn(newFolder(t), { openFile: disk.openFile, bufferBytes: 4000 });
    let told = 0;
    writer.onRoom(() => (told += 1));
    const lines = recordsOf(60);
    writer.addEntry(lines.slice(0, 40));
    assert.equal(writer.isBehind, true);
    await writer.flush();
    assert.deepEqual([writer.isBehind, told], [false, 1]);
    disk.isFull = true;
    writer.addEntry(lines.slice(40));
    writer.addEntry(recordsOf(80).slice(60));
    assert.equal(writer.isBehind, true);
    await writer.flush();
    assert.deepEqual([writer.isBehind, told], [false, 2]);
    disk.isFull = false;
    await writer.close();
  });
});

describe('a disk whose fsync fails', () => {
  test('gets all again that was not durable: another fsync may succeed without it (AUDIT-FILE-4)', async (t) => {
    const folder = newFolder(t);
    const disk = new FullDisk();
    const written: string[] = [];
    let fails = false;
    const writer = writerIn(folder, {
      openFile: async (path) => {
        const file = await disk.openFile(path);
        return {
          ...file,
          write: (async (bytes: Buffer, at: number, length: number, position: number) => {
            written.push(bytes.toString('utf8', at, at + length));
            return file.write(bytes, at, length, position);
          }) as typeof file.write,
          datasync: () => (fails ? Promise.reject(new Error('EIO')) : file.datasync()),
        };
      },
    });
    const lines = recordsOf(4);
    for (const line of lines.slice(0, 2)) writer.add(line);
    await writer.flush();
    assert.ok(writer.bufferedBytes > 0, 'it stays in memory until it is durable');
    fails = true;
    writer.add(lines[2] ?? '');
    const durable = writer.durable();
    await writer.flush();
    assert.equal(writer.isFailing, true);
    assert.equal(statSync(join(folder, readdirSync(folder)[0] ?? '')).size < 200, true);
    fails = false;
    writer.add(lines[3] ?? '');
    written.length = 0;
    await writer.flush();
    await durable;
    assert.equal(written.join(''), lines.map((line) => `${line}\n`).join(''));
    await writer.close();
    assert.equal((await verifyChain(folder, 'changes')).records, 4);
  });
});

describe('closing', () => {
  test('ends in bounded time on a disk that hangs, says what is not written, and tells nobody that it is durable (AUDIT-FILE-5)', async (t) => {
    const hang = Promise.withResolvers<never>();
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const disk = new FullDisk();
    const writer = writerIn(newFolder(t), {
      openFile: async (path) => ({
        ...(await disk.openFile(path)),
        datasync: () => hang.promise,
      }),
    });
    for (const line of recordsOf(3)) writer.add(line);
    const durable = writer.durable().then(
      () => 'durable',
      () => 'not durable',
    );
    const closing = writer.close();
    t.mock.timers.tick(2000);
    assert.equal((await closing).records, 3);
    assert.equal(await durable, 'not durable');
  });
});

test('a line that is being written is no problem, and a damaged one is', async (t) => {
  const folder = newFolder(t);
  const writer = writerIn(folder);
  for (const line of recordsOf(3)) writer.add(line);
  await writer.close();
  const [name = ''] = readdirSync(folder);
  appendFileSync(join(folder, name), '{"seq":4,"opera');
  assert.equal((await verifyChain(folder, 'changes')).problem, undefined);
  appendFileSync(join(folder, name), '\n');
  assert.equal((await verifyChain(folder, 'changes')).problem?.what, 'not_a_record');
});
