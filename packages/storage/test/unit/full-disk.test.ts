/** An own snapshot for which the disk has no room (SFILE-9). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SnapshotMeta } from '@holdfast/raft';
import { DiskError, SnapshotNotSavedError } from '../../src/index.ts';
import type { Opened } from '../../src/index.ts';
import type { DelayedOperation } from '../../src/parts.ts';
import { bytesOf, fill, indexes, LogInMemory, membership, settle } from '../log-in-memory.ts';

const refusal = (path: string, code: string, syscall: string): DiskError =>
  new DiskError(path, 'written', code, 'why', Object.assign(new Error(code), { code, syscall }));

const save = ({ storage }: Opened): Promise<SnapshotMeta | undefined> =>
  storage.saveSnapshot({ index: 10, term: 1, membership }, [bytesOf('state')]);

/** The disk refuses one operation on the files of snapshots, and what is asked for is counted. */
function refuseOne(
  log: LogInMemory,
  refused: number,
  error: (path: string) => Error,
  kinds: readonly DelayedOperation[],
): () => number {
  let asked = 0;
  log.refuses = (operation, path) =>
    kinds.includes(operation) && path.startsWith('/n/snapshots') && asked++ === refused
      ? error(path)
      : undefined;
  return () => asked;
}

async function filled(): Promise<{ readonly log: LogInMemory; readonly opened: Opened }> {
  const log = new LogInMemory();
  const opened = await log.open();
  await fill(opened, 1, 20);
  return { log, opened };
}

const snapshotPaths = (log: LogInMemory): string[] =>
  log.files.paths.filter((path) => path.startsWith('/n/snapshots/'));

describe('An own snapshot', () => {
  it('that was dropped does no harm where the power goes and it is there all the same (SFILE-9, DIR-3)', async () => {
    for (let left = 0; left < 16; left++) {
      const { log, opened } = await filled();
      refuseOne(log, 0, (path) => refusal(path, 'EMFILE', 'open'), ['sync']);
      const saved = await save(opened).catch((error: unknown) => error);
      assert.ok(saved instanceof SnapshotNotSavedError);
      log.refuses = () => undefined;
      await fill(opened, 21, 22);
      let bits = 2 * left;
      log.files.cutPower({ below: () => (bits >>= 1) & 1 });
      const after = await log.open();
      assert.equal(indexes(after).at(-1), 22);
      assert.deepEqual(log.failures, []);
    }
  });

  for (const code of ['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE'])
    it(`that is refused with ${code} leaves nothing behind, and the log goes on (SFILE-9)`, async () => {
      for (let refused = 0; ; refused++) {
        const { log, opened } = await filled();
        const asked = refuseOne(log, refused, (path) => refusal(path, code, 'write'), [
          'names',
          'write',
          'sync',
        ]);
        const saved = await save(opened).catch((error: unknown) => error);
        if (asked() <= refused) {
          assert.equal(refused, 4, 'the file is made, written and named, and its folder synced');
          break;
        }
        assert.ok(saved instanceof SnapshotNotSavedError, String(saved));
        assert.equal(saved.systemCode, code);
        assert.deepEqual(log.failures, []);
        assert.deepEqual(snapshotPaths(log), []);
        assert.deepEqual(
          log.openPaths.filter((path) => !path.startsWith('/n/log/')),
          [],
        );
        // And when there is room it is saved
        log.refuses = () => undefined;
        await fill(opened, 21, 22);
        const later = await save(opened);
        assert.deepEqual((await log.reopen()).recovered?.snapshot, later);
      }
    });

  for (const [what, code, syscall, kinds, count] of [
    ['the device fails', 'EIO', 'write', ['names', 'write'], 3],
    ['a sync fails for want of room', 'ENOSPC', 'fsync', ['names', 'write'], 3],
    ['the sync of its folder fails for want of room', 'ENOSPC', 'fsync', ['sync'], 1],
    ['the sync of its folder fails', 'EIO', 'open', ['sync'], 1],
  ] as const)
    it(`stops the node where ${what}`, async () => {
      for (let refused = 0; refused < count; refused++) {
        const { log, opened } = await filled();
        refuseOne(log, refused, (path) => refusal(path, code, syscall), kinds);
        assert.equal(await save(opened).catch((error: unknown) => String(error)), undefined);
        await settle();
        assert.equal(log.failures.length, 1);
        assert.match(String(log.failures[0]), new RegExp(code));
        // What it had open is closed
        assert.deepEqual(
          log.openPaths.filter((path) => !path.startsWith('/n/log/')),
          [],
        );
      }
    });
});
