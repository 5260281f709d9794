/** What happens where a name is not durable yet, or the disk refuses to change one. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DiskError } from '../../src/index.ts';
import type { Opened } from '../../src/index.ts';
import {
  bytesOf,
  fill,
  indexes,
  LogInMemory,
  membership,
  noRandomness,
  settle,
} from '../log-in-memory.ts';

const ending = (log: LogInMemory, end: string): string[] =>
  log.files.paths.filter((path) => path.endsWith(end));

/** Fifty entries more, a snapshot of all of them, and nothing before it is needed any more. */
async function round(opened: Opened, to: number): Promise<void> {
  await fill(opened, to - 49, to);
  const saved = await opened.storage.saveSnapshot({ index: to, term: 1, membership }, [
    bytesOf(`state at ${String(to)}`),
  ]);
  opened.storage.forgetBefore(to + 1, saved?.hash ?? '');
  await settle();
}

/** The power goes, and each name that is not durable is the old or the new one, at random. */
const randomnessOf = (seed: number): { below: (limit: number) => number } => {
  let state = seed;
  return {
    below: (limit) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 16) % limit;
    },
  };
};

const noDescriptor = (path: string): DiskError =>
  new DiskError(
    path,
    'opened',
    'EMFILE',
    'too many files are open',
    Object.assign(new Error('EMFILE'), { code: 'EMFILE', syscall: 'open' }),
  );

describe('Names (DIR-1)', () => {
  it('are durable before anything builds on them, whatever else is when the power goes', async () => {
    for (const maxSpares of [0, 2])
      for (let steps = 0; steps < 60; steps++) {
        const log = new LogInMemory();
        log.segments = { segmentBytes: 1024, maxSpares };
        const opened = await log.open();
        await round(opened, 50);
        // When the power goes while segments are filled, prepared and deleted
        log.steps = steps;
        void round(opened, 100).catch(() => undefined);
        for (let turns = 0; turns < 5; turns++) await settle();
        log.steps = Number.POSITIVE_INFINITY;
        log.files.cutPower(randomnessOf(steps + 1));
        const after = await log.open();
        const last = indexes(after).at(-1) ?? after.recovered?.snapshot.index ?? 0;
        assert.ok(last >= 50, `${String(steps)} steps: entry ${String(last)}`);
        await fill(after, last + 1, last + 20);
        assert.equal(indexes(await log.reopen()).at(-1), last + 20);
      }
  });

  it('that a process left behind which was killed are durable before its successor goes on', async () => {
    for (let steps = 0; steps < 160; steps++) {
      const log = new LogInMemory();
      log.segments = { segmentBytes: 1024, maxSpares: 1 };
      const opened = await log.open();
      await fill(opened, 1, 20);
      log.steps = steps;
      void round(opened, 70).catch(() => undefined);
      for (let turns = 0; turns < 5; turns++) await settle();
      // Given that the process is gone and the power is not
      log.files.endProcess(noRandomness);
      log.steps = Number.POSITIVE_INFINITY;
      const next = await log.open();
      const found = [next.recovered?.snapshot.index, indexes(next).at(-1)];
      // When the power goes before its successor has written anything
      log.files.cutPower(noRandomness);
      const after = await log.open();
      // Then what the successor found is what there is
      assert.deepEqual([after.recovered?.snapshot.index, indexes(after).at(-1)], found);
    }
  });
});

describe('A folder that cannot be synced (DIR-2)', () => {
  for (const [what, isIt] of [
    ['while a segment is deleted', (log: LogInMemory) => ending(log, '.spare').length > 0],
    [
      'while the next segment is prepared',
      (log: LogInMemory) => ending(log, '.segment').length > 3,
    ],
  ] as const)
    it(`${what} stops the node, and nothing is written or changed after it`, async () => {
      const log = new LogInMemory();
      const opened = await log.open();
      await fill(opened, 1, 50);
      let failed = false;
      const changed: string[] = [];
      log.refuses = (operation, path) => {
        if (failed && operation === 'names') changed.push(path);
        if (operation !== 'sync' || failed || !isIt(log)) return undefined;
        failed = true;
        return new Error('EIO: fsync of the folder');
      };
      void round(opened, 100);
      await settle();
      void round(opened, 150);
      await settle();
      assert.deepEqual(
        log.failures.map(({ message }) => message),
        ['EIO: fsync of the folder'],
      );
      assert.deepEqual(
        changed.filter((path) => path.startsWith('/n/log/')),
        [],
      );
      const before = log.files.paths.map((path) => [path, log.files.bytes(path).toString('hex')]);
      let acknowledged = false;
      void fill(opened, 101, 101).then(() => (acknowledged = true));
      await settle();
      assert.equal(acknowledged, false);
      assert.deepEqual(
        log.files.paths.map((path) => [path, log.files.bytes(path).toString('hex')]),
        before,
      );
    });
});

describe('A folder for whose sync there is no descriptor (DIR-3)', () => {
  for (const maxSpares of [0, 2])
    it(`stops no log with ${String(maxSpares)} spare files: names are made durable later (SEG-10)`, async () => {
      const log = new LogInMemory();
      log.segments = { ...log.segments, maxSpares };
      const opened = await log.open();
      await fill(opened, 1, 50);
      let refusals = 0;
      let asked = 0;
      // One of two: what is tried again is done
      log.refuses = (operation, path) => {
        if (operation !== 'sync' || path !== '/n/log' || asked++ % 2 !== 0) return undefined;
        refusals += 1;
        return noDescriptor(path);
      };
      for (const to of [100, 150, 200, 250]) await round(opened, to);
      assert.ok(refusals > 4, String(refusals));
      assert.deepEqual(log.failures, []);
      log.refuses = () => undefined;
      for (const to of [300, 350]) await round(opened, to);
      // Then nothing that was to be freed, or kept for segments to come, is left behind
      assert.ok(ending(log, '.segment').length <= 3, String(ending(log, '.segment')));
      assert.ok(ending(log, '.spare').length <= maxSpares, String(ending(log, '.spare')));
      const after = await log.reopen();
      assert.equal(after.recovered?.snapshot.index, 350);
    });
});

describe('A segment that is not needed any more', () => {
  it('and is gone already counts as deleted: those behind it go', async () => {
    for (const maxSpares of [0, 2]) {
      const log = new LogInMemory();
      log.segments = { ...log.segments, maxSpares };
      const opened = await log.open();
      await fill(opened, 1, 50);
      const [first = ''] = ending(log, '.segment');
      log.files.remove(first);
      for (const to of [100, 150, 200]) await round(opened, to);
      assert.deepEqual(log.failures, []);
      assert.ok(ending(log, '.segment').length <= 2, String(ending(log, '.segment').length));
    }
  });

  it('and cannot be taken away is told, and goes the next time', async () => {
    const log = new LogInMemory();
    const opened = await log.open();
    await fill(opened, 1, 50);
    log.refuses = (operation, path) =>
      operation === 'names' && path.endsWith('.spare') ? new Error(`${path}: EACCES`) : undefined;
    await round(opened, 100);
    assert.deepEqual(log.failures, []);
    assert.equal(log.warnings.length, 1);
    assert.match(log.warnings[0] ?? '', /tried again later: \/n\/log\/000000000001.spare: EACCES/);
    const kept = ending(log, '.segment').length;
    log.refuses = () => undefined;
    await round(opened, 150);
    assert.ok(ending(log, '.segment').length < kept);
    assert.deepEqual(indexes(await log.reopen()).at(-1) ?? 150, 150);
    assert.equal(log.warnings.length, 1);
  });
});

describe('The disk in memory (MD-2)', () => {
  it('forgets a name that was not synced, and keeps the bytes under the old one', async () => {
    const log = new LogInMemory();
    const disk = log.disk();
    const file = await disk.create('/f/old', 0);
    await file.write(bytesOf('bytes'), 0);
    await disk.syncFolder('/f');
    await disk.rename('/f/old', '/f/new');
    assert.deepEqual(log.files.paths, ['/f/new']);
    log.files.cutPower(noRandomness);
    assert.deepEqual(log.files.paths, ['/f/old']);
    await disk.rename('/f/old', '/f/new');
    await disk.syncFolder('/other');
    log.files.cutPower(noRandomness);
    assert.deepEqual(log.files.paths, ['/f/old']);
    await disk.rename('/f/old', '/f/new');
    await disk.syncFolder('/f');
    log.files.cutPower(noRandomness);
    assert.deepEqual(log.files.paths, ['/f/new']);
    assert.equal(String(log.files.bytes('/f/new')), 'bytes');
    await disk.remove('/f/new');
    log.files.cutPower(noRandomness);
    assert.deepEqual(log.files.paths, ['/f/new']);
  });
});
