/** Which process has a folder whose lock was removed (FOLDER-1, FOLDER-2). */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { assertEnds } from '../../../checker/src/waits.ts';
import { nameOwner, watchFolder } from '../../src/folder-owner.ts';
import { lockFolder, openStorage } from '../../src/index.ts';
import { fill, hardState, logId } from '../log-in-memory.ts';

function folderOf(t: TestContext): string {
  const home = mkdtempSync(join(tmpdir(), 'holdfast-owner-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  return join(home, 'node', 'log');
}

/** Looks once a second of its own. */
function lookOf(t: TestContext, logFolder: string): Promise<Error> {
  const { promise, resolve } = Promise.withResolvers<Error>();
  // The look itself keeps no process alive.
  const alive = setInterval(() => undefined, 1000);
  const end = watchFolder(logFolder, resolve);
  t.after(() => {
    clearInterval(alive);
    end();
  });
  return promise;
}

describe('The process of a folder', () => {
  for (const [what, lose, message] of [
    [
      'whose lock was removed and another process has it',
      (logFolder: string) => writeFileSync(join(logFolder, 'owner'), 'another'),
      /log.owner names another process: /,
    ],
    [
      'whose folder was moved',
      (logFolder: string) => renameSync(logFolder, `${logFolder}.moved`),
      /log.owner is not there any more: /,
    ],
  ] as const)
    it(`${what} writes nothing more, and stops (FOLDER-1)`, async (t) => {
      const logFolder = folderOf(t);
      const unlock = await lockFolder(logFolder);
      const { promise, resolve } = Promise.withResolvers<Error>();
      const { storage } = await openStorage({
        folder: logFolder,
        log: { id: logId, made: false },
        onFailure: resolve,
        unlock,
      });
      lookOf(t, logFolder).catch(() => undefined);
      lose(logFolder);
      const lost = await assertEnds(promise, { what: 'it is told' });
      assert.equal(lost.name, 'FolderLostError');
      assert.match(lost.message, message);
      let isWritten = false;
      void storage
        .write({ id: 1, hardState: hardState(0), entries: [] })
        .then(() => (isWritten = true));
      await storage.close();
      assert.equal(isWritten, false);
    });

  it('goes on while its name is there, and has another one each time', async (t) => {
    const logFolder = folderOf(t);
    const opened = await openStorage({
      folder: logFolder,
      log: { id: logId, made: false },
      onFailure: (error) => assert.fail(error),
      unlock: await lockFolder(logFolder),
    });
    await fill(opened, 1, 2);
    await opened.storage.close();
    assert.ok(existsSync(join(logFolder, 'lock')), 'FOLDER-2 rests on it');
    const lost = lookOf(t, logFolder);
    (await lockFolder(logFolder))();
    assert.match(String(await lost), /names another process/);
  });

  it('waits where there is a log and no lock, for one that may run there, and nowhere else (FOLDER-2)', async (t) => {
    const logFolder = folderOf(t);
    (await lockFolder(logFolder))();
    const waited: number[] = [];
    const pause = (ms: number): Promise<void> => {
      assert.ok(existsSync(join(logFolder, 'owner')), 'its name is there before');
      waited.push(ms);
      return Promise.resolve();
    };
    await nameOwner(logFolder, [], pause);
    await nameOwner(logFolder, ['lock', '000000000001.segment'], pause);
    assert.deepEqual(waited, []);
    await nameOwner(logFolder, ['000000000001.segment'], pause);
    assert.deepEqual(waited, [2500]);
  });
});
