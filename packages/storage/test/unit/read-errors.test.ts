/** A disk that does not give back what it holds. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  bytesOf,
  fill,
  indexes,
  LogInMemory,
  membership,
  noRandomness,
  settle,
} from '../log-in-memory.ts';

async function filled(): Promise<LogInMemory> {
  const log = new LogInMemory();
  const opened = await log.open();
  await fill(opened, 1, 60);
  await opened.storage.saveSnapshot({ index: 50, term: 1, membership }, [bytesOf('state')]);
  await settle();
  log.files.cutPower(noRandomness);
  return log;
}

describe('A read that fails', () => {
  it('at the start refuses it with what the disk says, whichever it is, and changes nothing', async () => {
    let refused = 0;
    for (let failing = 0; ; failing++) {
      const log = await filled();
      const before = log.files.paths.map((path) => [path, log.files.bytes(path).toString('hex')]);
      let reads = 0;
      log.refuses = (operation, path) =>
        operation === 'read' && reads++ === failing ? new Error(`${path}: EIO`) : undefined;
      const outcome = await log.open().then(
        () => 'opened',
        (error: unknown) => String(error),
      );
      if (reads <= failing) break;
      assert.match(outcome, /^Error: \/n\/.*: EIO$/);
      refused += 1;
      assert.deepEqual(log.failures, []);
      log.refuses = () => undefined;
      // Reads of files that are written to come after all was found good, and may have tidied up
      if (failing < 4)
        assert.deepEqual(
          log.files.paths.map((path) => [path, log.files.bytes(path).toString('hex')]),
          before,
        );
      // When the disk is well again, all is there
      const after = await log.reopen();
      assert.equal(indexes(after).at(-1), 60);
      assert.equal(after.recovered?.snapshot.index, 50);
    }
    assert.ok(refused >= 5, `${String(refused)} reads`);
  });

  it('of a snapshot rejects, for whoever reads it and whoever verifies it', async () => {
    const log = await filled();
    const { storage, recovered } = await log.open();
    const meta = recovered?.snapshot ?? assert.fail();
    const reader = storage.openSnapshot(meta.hash) ?? assert.fail();
    const other = new LogInMemory();
    const receiver = await other.open();
    const data = await reader.read(0, meta.byteLength);
    await receiver.storage.write({
      id: 0,
      entries: [],
      snapshotChunks: [{ meta, offset: 0, data }],
    });
    for (const one of [log, other])
      one.refuses = (operation, path) =>
        operation === 'read' ? new Error(`${path}: EIO`) : undefined;
    await assert.rejects(reader.read(0, meta.byteLength), /EIO/);
    await assert.rejects(receiver.storage.verifyReceived(meta), /EIO/);
    other.refuses = () => undefined;
    assert.equal(await receiver.storage.verifyReceived(meta), true);
  });
});
