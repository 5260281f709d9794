/** On a disk of half a megabyte: a log would fill it alone. Without root: store-no-room.test.ts. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Reserve } from '../../src/store/reserve.ts';
import { openStore } from '../../src/store/sqlite-store.ts';
import { rowOf, setOf } from './support/store-files.ts';

const filling = join(import.meta.dirname, 'support/filling-process.ts');
const canMount = process.platform === 'linux' && process.getuid?.() === 0;
const skip = canMount ? false : 'mounting a small disk needs root on Linux';

describe('A lease node on a small disk', { skip }, () => {
  let disk: string;
  let file: string;
  beforeEach(() => {
    disk = mkdtempSync(join(tmpdir(), 'holdfast-small-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', disk]);
    file = join(disk, 'node.sqlite');
  });
  afterEach(() => {
    execFileSync('umount', ['-l', disk]);
    rmSync(disk, { recursive: true, force: true });
  });

  /** @returns what it printed, until it was killed. */
  function fill(first: number, kind: 'new' | 'same'): readonly string[] {
    const run = [
      process.execPath,
      ...process.execArgv,
      filling,
      file,
      String(first),
      kind,
    ] as const;
    const [program, ...args] = run;
    const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
    assert.match(stdout, /^opened\n/, stderr);
    return stdout.trim().split('\n').slice(1);
  }
  const lastIn = (printed: readonly string[]): number =>
    Number(printed.findLast((line) => /^\d+$/.test(line)) ?? 0);

  it('goes on writing what the file has room for: the log gives its room back (RES-1)', () => {
    const printed = fill(0, 'same');
    assert.equal(lastIn(printed), 5000, printed.at(-1));
    assert.equal(lastIn(fill(5000, 'same')), 10_000);
    assert.ok(statSync(`${file}-wal`).size < 300_000);
  });

  it('says file and cause when the file itself has none left, starts again, and has lost nothing', () => {
    let last = 0;
    for (let starts = 0; starts < 3; starts++) {
      const printed = fill(last, 'new');
      last = Math.max(last, lastIn(printed));
      const said = `${file} could not be written: no space is left on the device. Make room, or choose another place (ENOSPC).`;
      assert.equal(printed.at(-1), said);
    }
    assert.ok(last > 500);
    const { store, restored, putAside } = openStore(file, setOf(1));
    store.close();
    assert.equal(putAside, undefined);
    assert.equal(restored.rows[0]?.maxToken, rowOf(last).maxToken);
    assert.equal(restored.tombstones.at(-1), `lease-${String(last)}`);
  });
});

describe('The reserve of a lease node', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-reserve-'));
    file = join(folder, 'node.sqlite');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is of 256 KiB, and is given back and taken again', () => {
    const reserve = new Reserve(file);
    assert.ok(reserve.take());
    assert.equal(statSync(`${file}-reserve`).size, 256 * 1024);
    assert.ok(new Reserve(file).giveBack());
    assert.ok(!existsSync(`${file}-reserve`));
    assert.ok(!reserve.giveBack());
    assert.ok(reserve.take());
    assert.ok(existsSync(`${file}-reserve`));
  });

  it('is nothing of somebody else’s, which stays as it was (RES-2)', () => {
    writeFileSync(`${file}-reserve`, 'a text');
    assert.ok(!new Reserve(file).take());
    assert.ok(!new Reserve(file).giveBack());
    assert.equal(readFileSync(`${file}-reserve`, 'utf8'), 'a text');
    rmSync(`${file}-reserve`);
    writeFileSync(join(folder, 'target'), '');
    symlinkSync(join(folder, 'target'), `${file}-reserve`);
    assert.ok(!new Reserve(file).take());
    assert.ok(!new Reserve(file).giveBack());
    assert.ok(lstatSync(`${file}-reserve`).isSymbolicLink());
    assert.equal(statSync(join(folder, 'target')).size, 0);
  });
});
