/** The write-ahead log of a lease node's file, where a process ended at any place, and where the log is gone. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { openStore } from '../../src/store/sqlite-store.ts';
import { copy, look, nothing, numbered, rowOf, setOf } from './support/store-files.ts';
import type { Found } from './support/store-files.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

/** Numbers below 1 that the seed repeats. */
function* randomness(): Generator<number, never> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    yield (state >>> 8) / 2 ** 24;
  }
}

describe('The log of the file of a lease node', () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-lease-log-'));
    file = join(folder, 'node.sqlite');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** What was saved is there; one more may be on disk before anybody is told. */
  function assertWhole({ restored, putAside }: Found, saved: number, what: string): void {
    assert.equal(putAside, undefined, what);
    const { floor } = restored;
    assert.ok(floor === saved || floor === saved + 1, `${what}: ${String(floor)}`);
    assert.deepEqual(
      new Set(restored.tombstones),
      new Set(Array.from({ length: floor }, (_, number) => `t${String(number + 1)}`)),
      what,
    );
    const rows = new Map(restored.rows.map((row) => [row.resource, row]));
    for (let number = 1; number <= floor; number++)
      assert.deepEqual(rows.get(`r${String(number)}`), rowOf(number), what);
  }

  function assertWholeOrLost(found: Found, saved: number, what: string): void {
    if (found.putAside === undefined) assertWhole(found, saved, what);
    else assert.deepEqual(found.restored, { rows: [], tombstones: [], floor: 0 }, what);
  }

  /** A copy that is opened after `strike`, as another process would find it. */
  function after(strike: (copied: string) => void): Found {
    const copied = join(folder, 'copied.sqlite');
    copy(file, copied);
    strike(copied);
    return look(copied);
  }

  const losses = {
    deleted: (copied: string) => rmSync(`${copied}-wal`, { force: true }),
    emptied: (copied: string) => writeFileSync(`${copied}-wal`, ''),
    'cut within its head': (copied: string) => {
      if (existsSync(`${copied}-wal`)) truncateSync(`${copied}-wal`, 20);
    },
    'cut behind its head': (copied: string) => {
      if (existsSync(`${copied}-wal`)) truncateSync(`${copied}-wal`, 32);
    },
  };

  it('holds all that was saved after every single statement, and is missed where it is gone (STORE-3)', () => {
    let saved = 0;
    let places = 0;
    let missed = 0;
    const lookAtAll = (): void => {
      if (!existsSync(file)) return;
      places += 1;
      const place = `statement ${String(places)}`;
      assertWhole(
        after(() => undefined),
        saved,
        place,
      );
      for (const loss of ['deleted', 'cut behind its head'] as const) {
        const found = after(losses[loss]);
        assertWholeOrLost(found, saved, `${place}, log ${loss}`);
        if (found.putAside !== undefined) missed += 1;
      }
    };
    const { save, restore } = watchStatements(lookAtAll);
    try {
      for (let round = 0; round < 2; round++) {
        const { store } = openStore(file, setOf(1));
        for (let count = 0; count < 2; count++) {
          // The log goes into the file with the second one.
          const rows = Array.from({ length: 600 }, (_, row) => ({
            ...rowOf(0),
            resource: `many${String(row)}`,
          }));
          const changes = numbered(saved + 1);
          save(() => store.save({ ...changes, rows: [...changes.rows, ...rows] }));
          saved += 1;
        }
        store.close();
        assertWhole(look(file), saved, `round ${String(round)}`);
      }
    } finally {
      restore();
    }
    assert.ok(places > 40, `${String(places)} places`);
    assert.ok(missed > places, `${String(missed)} times it was missed`);
  });

  it('that is gone, with nothing but a look since, is missed at the next look as well (STORE-3)', () => {
    const { store } = openStore(file, setOf(1));
    store.save(numbered(1));
    const found = after((copied) => {
      rmSync(`${copied}-wal`);
      // What SQLite leaves where a process ends while it looks.
      const database = new DatabaseSync(copied, { readOnly: true });
      database.prepare('SELECT * FROM meta').all();
      database.close();
      assert.ok(existsSync(`${copied}-wal`));
    });
    store.close();
    assert.ok(found.putAside !== undefined);
  });

  it('that is damaged in the middle puts the file aside, and is kept with it (STORE-3)', () => {
    const { store } = openStore(file, setOf(1));
    for (let number = 1; number <= 20; number++) store.save(numbered(number));
    let struck: readonly Buffer[] = [];
    const both = (name: string): Buffer[] => [readFileSync(name), readFileSync(`${name}-wal`)];
    const found = after((copied) => {
      const log = readFileSync(`${copied}-wal`);
      log[log.length >> 1] = (log[log.length >> 1] ?? 0) ^ 1;
      writeFileSync(`${copied}-wal`, log);
      struck = both(copied);
    });
    store.close();
    assertWholeOrLost(found, 20, 'damaged');
    assert.ok(found.putAside !== undefined);
    assert.deepEqual(both(found.putAside), struck, 'nothing of it is thrown away');
  });

  it('goes into the file before it is large', () => {
    const { store } = openStore(file, setOf(1));
    const rows = Array.from({ length: 500 }, (_, row) => ({
      ...rowOf(0),
      resource: `many${String(row)}`,
    }));
    for (let count = 0; count < 60; count++) store.save({ ...nothing, rows });
    assert.ok(statSync(`${file}-wal`).size < 200_000);
    store.close();
  });

  it('has nothing but the mark when SQLite closes the file (LOG-MARK-2)', () => {
    const { store } = openStore(file, setOf(1));
    for (let number = 1; number <= 20; number++) store.save(numbered(number));
    const { prototype } = DatabaseSync;
    const { close } = prototype;
    let alone: unknown;
    prototype.close = function watched(this: DatabaseSync): void {
      prototype.close = close;
      const copied = join(folder, 'copied.sqlite');
      copy(file, copied);
      rmSync(`${copied}-wal`);
      const database = new DatabaseSync(copied);
      alone = database.prepare('SELECT count(*) AS count FROM tombstones').get()?.['count'];
      database.close();
      close.call(this);
    };
    try {
      store.close();
    } finally {
      prototype.close = close;
    }
    assert.equal(alone, 20);
  });

  it('is kept with a file that is put aside for something else', () => {
    const { store } = openStore(file, setOf(1));
    store.save(numbered(1));
    let log = Buffer.alloc(0);
    const found = after((copied) => {
      writeFileSync(copied, readFileSync(copied).fill('garbage', 100, 3000));
      log = readFileSync(`${copied}-wal`);
    });
    store.close();
    assert.deepEqual(readFileSync(`${String(found.putAside)}-wal`), log);
  });

  it('without its file tells that there was one', () => {
    const { store } = openStore(file, setOf(1));
    store.save(numbered(1));
    const found = after((copied) => rmSync(copied));
    store.close();
    assert.ok(found.putAside !== undefined);
    assert.ok(existsSync(`${found.putAside}-wal`));
  });

  it('is left alone where the file is of another configuration', () => {
    const { store } = openStore(file, setOf(1));
    store.save(numbered(1));
    const other = join(folder, 'other');
    mkdirSync(other);
    copy(file, join(other, 'node.sqlite'));
    store.close();
    const was = readFileSync(join(other, 'node.sqlite-wal'));
    assert.throws(
      () => openStore(join(other, 'node.sqlite'), setOf(2)),
      /of configuration 1, not 2/,
    );
    assert.deepEqual(readdirSync(other).toSorted(), ['node.sqlite', 'node.sqlite-wal']);
    assert.deepEqual(readFileSync(join(other, 'node.sqlite-wal')), was);
    assertWhole(look(join(other, 'node.sqlite')), 1, 'of the right one');
  });

  it('does not keep a file from being made again that was being made', () => {
    openStore(file, setOf(1)).store.close();
    const whole = readFileSync(file);
    rmSync(file);
    writeFileSync(`${file}.new`, whole.subarray(0, 5000));
    writeFileSync(`${file}.new-wal`, 'garbage');
    assertWhole(look(file), 0, 'made again');
    assert.deepEqual(readdirSync(folder), ['node.sqlite', 'node.sqlite-reserve']);
  });

  for (const end of ['closed', 'left', 'thrown'])
    it(`is whole, or no longer needed, where its process was ${end}`, async () => {
      const saved = await run(['0', end], () => undefined);
      assert.equal(saved, 20);
      assertWhole(look(file), saved, end);
    });

  it(`holds all that was saved wherever its process is killed, and is missed where it is gone (SEED=${String(seed)})`, async () => {
    const next = randomness();
    let saved = 0;
    for (let round = 0; round < 5; round++) {
      const what = `SEED=${String(seed)}, round ${String(round)}`;
      const inWhichMs = next.next().value * 200;
      saved = await run([String(saved), 'killed'], (child, isOpened) => {
        // Some are killed while they open.
        if (isOpened || round % 4 === 3) setTimeout(() => child.kill('SIGKILL'), inWhichMs);
      });
      for (const [loss, strike] of Object.entries(losses))
        assertWholeOrLost(after(strike), saved, `${what}, log ${loss}`);
      if (saved > 0) assert.ok(after(losses.deleted).putAside, what);
      const found = after(() => undefined);
      assertWhole(found, saved, what);
      saved = found.restored.floor;
    }
    assert.ok(saved > 0);
  });

  interface Killable {
    kill(signal: 'SIGKILL'): boolean;
  }

  /** @returns the last number of which it told that it was on disk. */
  async function run(
    options: readonly string[],
    told: (child: Killable, isOpened: boolean) => void,
  ): Promise<number> {
    const script = new URL('support/saving-process.ts', import.meta.url).pathname;
    const [first = '0', end = ''] = options;
    const child = spawn(process.execPath, ['--conditions=source', script, file, first, end], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let said = '';
    child.once('spawn', () => told(child, false));
    child.stdout.on('data', (part: Buffer) => {
      const isFirst = said === '';
      said += part.toString();
      if (isFirst) told(child, true);
    });
    await new Promise((resolve) => child.once('close', resolve));
    const numbers = said.split('\n').slice(0, -1).map(Number).filter(Number.isFinite);
    return numbers.at(-1) ?? Number(first);
  }
});

/** Calls back after each statement of `save`, and of what is not within one. */
function watchStatements(callback: () => void): {
  readonly save: (work: () => void) => void;
  readonly restore: () => void;
} {
  const { prototype } = DatabaseSync;
  const { exec } = prototype;
  const statements = StatementSync.prototype;
  const { run, get } = statements;
  let isLooking = false;
  let isSaving = false;
  let inSave = 0;
  const look = (): void => {
    // A look uses statements itself; of the rows of one save the first few are enough.
    if (isLooking || (isSaving && ++inSave % 500 > 4)) return;
    isLooking = true;
    try {
      callback();
    } finally {
      isLooking = false;
    }
  };
  prototype.exec = function watched(this: DatabaseSync, sql: string): void {
    exec.call(this, sql);
    look();
  };
  statements.run = function watched(this: StatementSync, ...values: readonly unknown[]) {
    const result: unknown = Reflect.apply(run, this, values);
    look();
    return result;
  } as typeof run;
  statements.get = function watched(this: StatementSync, ...values: readonly unknown[]) {
    const result: unknown = Reflect.apply(get, this, values);
    look();
    return result;
  } as typeof get;
  return {
    save(work) {
      isSaving = true;
      inSave = 0;
      work();
      isSaving = false;
    },
    restore() {
      prototype.exec = exec;
      statements.run = run;
      statements.get = get;
    },
  };
}
