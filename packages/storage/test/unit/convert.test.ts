import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { LogMissingError, openStorage, StorageDamagedError } from '../../src/index.ts';
import type { Opened } from '../../src/index.ts';
import { fileDisk } from '../../src/file-disk.ts';
import { MemoryFiles, openStorageOn } from '../../src/parts.ts';
import type { Disk, DiskFile } from '../../src/parts.ts';
import { entry, hardState, logId } from '../log-in-memory.ts';

const fixture = new URL('../fixtures/former.sqlite', import.meta.url);
const owner = { clusterId: 'c', memberId: 'a' };

class Killed extends Error {}

/** The real disk until so many operations were executed; then none is any more. */
function killedAfter(steps: { left: number; open: number }): Disk {
  const step = async <T>(act: () => Promise<T>): Promise<T> => {
    if (steps.left <= 0) throw new Killed();
    steps.left -= 1;
    return act();
  };
  const wrapped = (file: DiskFile): DiskFile => {
    steps.open += 1;
    return {
      write: (bytes, position) => step(() => file.write(bytes, position)),
      read: (position, byteLength) => file.read(position, byteLength),
      close: () => {
        steps.open -= 1;
        return file.close();
      },
    };
  };
  return {
    ...fileDisk,
    open: async (path) => wrapped(await step(() => fileDisk.open(path))),
    create: async (path, zeroBytes) => wrapped(await step(() => fileDisk.create(path, zeroBytes))),
    rename: (from, to) => step(() => fileDisk.rename(from, to)),
    remove: (path) => step(() => fileDisk.remove(path)),
  };
}

/** The former file on the real disk, and everything else on one whose power can go; after so many steps nothing is done. */
function besideFormer(files: MemoryFiles, steps: { left: number }): Disk {
  const disk = files.disk({
    now: () => 0,
    later: (_operation, act) => queueMicrotask(act),
    trouble: () => (steps.left-- > 0 ? undefined : new Killed()),
  });
  return {
    ...disk,
    list: async (folder) => [
      ...(await disk.list(folder)),
      ...(await fileDisk.list(folder).catch(() => [])),
    ],
    remove: (path) =>
      path.includes('holdfast.sqlite') ? fileDisk.remove(path) : disk.remove(path),
  };
}

/** What is not durable is the old or the new one, at random. */
function randomnessOf(seed: number): { below: (limit: number) => number } {
  let state = seed;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  return { below };
}

/** A small folder as the version before left it: a snapshot at 10, the log from 8 to 13, term 3. */
describe('A folder of the format before', () => {
  let home: string;
  let folder: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'holdfast-former-'));
    folder = join(home, 'log');
    restore();
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  function restore(): void {
    rmSync(home, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    copyFileSync(fixture, join(folder, 'holdfast.sqlite'));
  }

  const open = (made: boolean, disk: Disk = fileDisk, id = logId): Promise<Opened> =>
    openStorageOn(
      disk,
      { folder, log: { id, made }, formerOwner: owner, onFailure: () => undefined },
      { segmentBytes: 8192, maxSpares: 1 },
    );

  async function holdsAll({ storage, recovered }: Opened): Promise<void> {
    assert.deepEqual(recovered?.hardState, { term: 3, votedFor: 'b', commit: 11 });
    const { snapshot, entries } = recovered;
    assert.deepEqual([snapshot.index, snapshot.term], [10, 1]);
    assert.deepEqual(
      snapshot.membership.members.map(({ id }) => id),
      ['a', 'b'],
    );
    assert.deepEqual(
      entries.map(({ index, term, kind, data }) => [
        index,
        term,
        kind,
        new TextDecoder().decode(data),
      ]),
      [
        [8, 1, 'command', 'entry 8'],
        [9, 1, 'command', 'entry 9'],
        [10, 1, 'noop', ''],
        [11, 1, 'command', 'entry 11'],
        [12, 3, 'command', 'entry 12'],
        [13, 3, 'command', 'entry 13'],
      ],
    );
    const offset = storage.stateOffset(snapshot);
    const reader = storage.openSnapshot(snapshot.hash);
    const state = await reader?.read(offset, snapshot.byteLength - offset);
    reader?.close();
    assert.equal(new TextDecoder().decode(state), 'the state, in two chunks');
  }

  it('is read once, becomes a log of its own, and the former file goes when the identity is durable', async () => {
    const opened = await open(false);
    await holdsAll(opened);
    assert.ok(readdirSync(folder).includes('holdfast.sqlite'));
    opened.finishConversion?.();
    await opened.storage.close();
    assert.ok(!readdirSync(folder).some((name) => name.startsWith('holdfast.sqlite')));
    const after = await open(true);
    await holdsAll(after);
    assert.equal(after.finishConversion, undefined);
    await after.storage.write({ id: 1, hardState: hardState(13, 4), entries: [entry(14, 4)] });
    await after.storage.close();
    const again = await open(true);
    assert.equal(again.recovered?.entries.at(-1)?.index, 14);
    await again.storage.close();
  });

  it('is whole, before or after, wherever the conversion was killed', async () => {
    let conversions = 0;
    for (let count = 0; conversions < 3; count++) {
      restore();
      const steps = { left: count, open: 0 };
      // Given a conversion that was killed after so many steps, twice
      for (const left of [count, Math.floor(count / 2)]) {
        steps.left = left;
        try {
          const opened = await open(false, killedAfter(steps), 'ab'.repeat(16));
          conversions += 1;
          await opened.storage.close();
        } catch (error) {
          assert.equal(steps.left, 0, String(error));
        }
        assert.equal(steps.open, 0, 'it is tried again in the same process');
      }
      // When it is begun once more, under another id
      const opened = await open(false);
      await holdsAll(opened);
      await opened.storage.close();
      // And killed while the former file is removed
      steps.left = Number.POSITIVE_INFINITY;
      const made = await open(true, killedAfter(steps));
      steps.left = count % 3;
      made.finishConversion?.();
      await made.storage.close();
      const finished = await open(true);
      await holdsAll(finished);
      finished.finishConversion?.();
      await finished.storage.close();
      assert.ok(!readdirSync(folder).some((name) => name.startsWith('holdfast.sqlite')));
    }
  });

  it('is whole, before or after, wherever the power goes while it is converted, or right after', async () => {
    let isConverted = false;
    for (let count = 0; !isConverted; count++) {
      restore();
      const files = new MemoryFiles();
      const steps = { left: count };
      const disk = (): Disk => besideFormer(files, steps);
      // Given a conversion that had the power for so many steps
      try {
        await (await open(false, disk())).storage.close();
        isConverted = true;
      } catch (error) {
        assert.ok(steps.left < 0, String(error));
      }
      files.cutPower(randomnessOf(2 * count + 1));
      // When it is begun once more, comes to its end, and the power goes when the identity says so
      steps.left = Number.POSITIVE_INFINITY;
      const opened = await open(false, disk());
      await holdsAll(opened);
      steps.left = 0;
      await opened.storage.close().catch(() => undefined);
      files.cutPower(randomnessOf(2 * count + 2));
      // Then the log that was made is there, whole
      steps.left = Number.POSITIVE_INFINITY;
      const made = await open(true, disk());
      await holdsAll(made);
      await made.storage.close();
    }
  });

  it('that was put back beside the log which was made of it, and went on, is refused', async () => {
    const opened = await open(false);
    opened.finishConversion?.();
    await opened.storage.write({ id: 1, hardState: hardState(13, 4), entries: [entry(14, 4)] });
    await opened.storage.close();
    const identity = 'ab'.repeat(16);
    for (const one of [logId, identity]) {
      // When an old copy of the former file and of the identity is put there
      copyFileSync(fixture, join(folder, 'holdfast.sqlite'));
      await assert.rejects(
        open(false, fileDisk, one),
        (error) => error instanceof LogMissingError && /older identity.json/.test(error.message),
      );
    }
    const after = await open(true);
    assert.equal(after.recovered?.entries.at(-1)?.index, 14);
    await after.storage.close();
  });

  it('is not opened by two at once while it is converted', async () => {
    const opened = await open(false);
    assert.throws(() => {
      const other = new DatabaseSync(join(folder, 'holdfast.sqlite'), { timeout: 0 });
      try {
        other.exec('BEGIN IMMEDIATE');
      } finally {
        other.close();
      }
    }, /locked/);
    await opened.storage.close();
  });

  it('of another member is refused with both names', async () => {
    const other = openStorage({
      folder,
      log: { id: logId, made: false },
      formerOwner: { clusterId: 'c', memberId: 'b' },
      onFailure: () => undefined,
    });
    await assert.rejects(other, /"a".*"b"/);
  });

  it('that is damaged is refused, and stays as it is', async () => {
    const file = join(folder, 'holdfast.sqlite');
    for (const statement of [
      `UPDATE entries SET data = x'00' WHERE "index" = 9`,
      `DELETE FROM entries WHERE "index" = 11`,
      `DELETE FROM entries WHERE "index" = 13`,
      `UPDATE hard_state SET voted_for = 'z'`,
      'DELETE FROM hard_state',
      'DELETE FROM chunks WHERE chunk = 1',
      'UPDATE snapshots SET term = 2',
    ]) {
      restore();
      const database = new DatabaseSync(file);
      database.exec(statement);
      database.close();
      await assert.rejects(open(false), StorageDamagedError, statement);
      assert.deepEqual(
        readdirSync(folder).filter((name) => name.endsWith('.segment')),
        [],
      );
    }
  });

  it('whose log is gone is a node without its log', async () => {
    rmSync(join(folder, 'holdfast.sqlite'));
    await assert.rejects(open(true), LogMissingError);
  });
});
