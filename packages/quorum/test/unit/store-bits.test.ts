/** A flipped bit anywhere in the file of a lease node, or in its log. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import * as fc from 'fast-check';
import { openStore } from '../../src/store/sqlite-store.ts';
import { copy, look, nothing, numbered, rowOf, setOf } from './support/store-files.ts';
import type { Found } from './support/store-files.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const numRuns = Number(process.env['RUNS'] ?? 80);
/** In memory where there is such a folder: what is synced does not matter here, and is much. */
const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const bootstrapSet = [123_456_789, 987_654_321, 555];

describe('One flipped bit', () => {
  let folder: string;
  let file: string;
  let struck: string;

  beforeEach(() => {
    folder = mkdtempSync(join(parent, 'holdfast-lease-bits-'));
    file = join(folder, 'node.sqlite');
    struck = join(folder, 'struck.sqlite');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Fifty rows, one a transaction, some dropped and forgotten: there is free space, too. */
  function write(): ReturnType<typeof openStore>['store'] {
    const { store } = openStore(file, setOf(1));
    store.found(bootstrapSet);
    store.markVoting();
    for (let number = 1; number <= 60; number++) store.save(numbered(number));
    for (let number = 1; number <= 10; number++)
      store.save({
        ...nothing,
        dropped: [rowOf(number).resource],
        forgotten: [`t${String(number)}`],
      });
    return store;
  }

  /** What is found in a copy in which a bit of the file, or of its log, was flipped. */
  function withFlipped(suffix: string, place: number): Found {
    copy(file, struck);
    const bytes = readFileSync(struck + suffix);
    const bit = Math.floor(place * bytes.length * 8);
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    writeFileSync(struck + suffix, bytes);
    return look(struck);
  }

  /** Places as parts of the whole. */
  function everywhere(property: (place: number) => void): void {
    const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    // A double has most of its values near nought: these are spread evenly.
    const even = fc.integer({ min: 0, max: 2 ** 31 - 1 }).map((number) => number / 2 ** 31);
    fc.assert(fc.property(fc.oneof(place, { weight: 9, arbitrary: even }), property), {
      seed,
      numRuns,
    });
  }

  it(`in a file that was closed puts it aside, or changes nothing (STORE-4, SEED=${String(seed)})`, () => {
    write().close();
    copy(file, struck);
    const whole = look(struck);
    assert.deepEqual(whole.bootstrapSet, bootstrapSet);
    assert.equal(whole.restored.rows.length, 50);
    let putAside = 0;
    everywhere((place) => {
      const found = withFlipped('', place);
      if (found.putAside === undefined) assert.deepEqual(found, whole);
      else putAside += 1;
    });
    assert.ok(putAside > numRuns / 10, `${String(putAside)} of ${String(numRuns)} were found`);
  });

  it('in the first hundred bytes of it puts it aside, or changes nothing (STORE-4)', () => {
    write().close();
    const { length } = readFileSync(file);
    copy(file, struck);
    const whole = look(struck);
    for (let bit = 0; bit < 800; bit += 7) {
      const found = withFlipped('', (bit + 0.5) / (length * 8));
      if (found.putAside === undefined) assert.deepEqual(found, whole, `bit ${String(bit)}`);
    }
  });

  it(`in the file of a process that was killed puts it aside, or changes nothing (STORE-4, SEED=${String(seed)})`, () => {
    const store = write();
    copy(file, struck);
    const whole = look(struck);
    everywhere((place) => {
      const found = withFlipped('', place);
      if (found.putAside === undefined) assert.deepEqual(found, whole);
    });
    store.close();
  });

  it(`in the log of a process that was killed puts the file aside, or takes the last transaction at most (STORE-3, SEED=${String(seed)})`, () => {
    const store = write();
    copy(file, struck);
    const before = look(struck);
    store.save(numbered(99));
    copy(file, struck);
    const whole = look(struck);
    assert.notDeepEqual(whole, before);
    let putAside = 0;
    everywhere((place) => {
      const found = withFlipped('-wal', place);
      if (found.putAside !== undefined) putAside += 1;
      else assert.deepEqual(found, found.restored.floor === 99 ? whole : before);
    });
    assert.ok(putAside > numRuns / 2, `${String(putAside)} of ${String(numRuns)} were found`);
    store.close();
  });
});
