import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { inspectWal, StorageDamagedError } from '../../src/index.ts';

const frameBytes = 24 + 4096;
const frames = 6;

/** Of a log whose transactions have one frame each. */
describe('A look at the write-ahead log', () => {
  let folder: string;
  let file: string;
  let wal: Buffer;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-wal-'));
    file = join(folder, 'one.sqlite');
    const database = new DatabaseSync(file);
    // Four pages: one bit says so at the end of each transaction.
    database.exec(`CREATE TABLE t (x); CREATE TABLE u (x); CREATE TABLE v (x);
      PRAGMA journal_mode = WAL`);
    for (let x = 0; x < frames; x++) database.exec(`INSERT INTO t VALUES (${String(x)})`);
    wal = readFileSync(`${file}-wal`);
    database.close();
    assert.equal(wal.byteLength, 32 + frames * frameBytes);
    assert.equal(wal.readUInt32BE(32 + 4), 4);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function lookWithFlipped(at: number, bit: number): string[] {
    const broken = Buffer.from(wal);
    broken[at] = (broken[at] ?? 0) ^ (1 << bit);
    writeFileSync(`${file}-wal`, broken);
    return inspectWal(file);
  }

  it('finds any flipped bit in the head of the last frame but one, and in its page (WAL-2)', () => {
    const start = 32 + (frames - 2) * frameBytes;
    const inHead = Array.from({ length: 24 * 8 }, (_, bit) => bit);
    const inPage = Array.from({ length: 40 }, (_, place) => 24 * 8 + place * 811);
    for (const bit of [...inHead, ...inPage])
      assert.throws(
        () => lookWithFlipped(start + Math.floor(bit / 8), bit % 8),
        StorageDamagedError,
        `bit ${String(bit)}`,
      );
  });

  it('takes a broken page of the last frame for one that was being written (WAL-1)', () => {
    for (let place = 24; place < frameBytes; place += 101) {
      const [line = ''] = lookWithFlipped(32 + (frames - 1) * frameBytes + place, 3);
      assert.match(line, /cut short/);
    }
  });

  it('takes a first frame that never reached the disk for one that was being written (WAL-1)', () => {
    const database = new DatabaseSync(file);
    database.exec('PRAGMA journal_mode = WAL; BEGIN; INSERT INTO u VALUES (1)');
    database.exec('INSERT INTO v VALUES (1); COMMIT');
    const torn = readFileSync(`${file}-wal`);
    database.close();
    assert.equal(torn.byteLength, 32 + 2 * frameBytes);
    for (const fill of [0, 0x5a]) {
      writeFileSync(`${file}-wal`, torn.fill(fill, 32, 32 + frameBytes));
      assert.match(inspectWal(file)[0] ?? '', /cut short/);
    }
  });
});
