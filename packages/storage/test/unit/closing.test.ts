/** Files that are closed where a start fails, and where closing one of them fails. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SnapshotMeta } from '@holdfast/raft';
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

const save = ({ storage }: Opened, index: number): Promise<SnapshotMeta | undefined> =>
  storage.saveSnapshot({ index, term: 1, membership }, [bytesOf('state')]);

/** What a process leaves behind when the power goes: nothing of it is open any more. */
function off(log: LogInMemory): LogInMemory {
  log.files.cutPower(noRandomness);
  log.openPaths.length = 0;
  return log;
}

/** With spare files, a snapshot, a payload, and what a later start removes. */
async function used(): Promise<LogInMemory> {
  const log = new LogInMemory();
  const opened = await log.open();
  opened.storage.payloads.put(7, bytesOf('{}'));
  await fill(opened, 1, 150);
  const saved = await save(opened, 140);
  opened.storage.forgetBefore(141, saved?.hash ?? '');
  await settle();
  log.files.put('/n/log/next.partial', bytesOf('x'));
  log.files.put('/n/snapshots/own-9.partial', bytesOf('x'));
  return off(log);
}

/** The frame says that a received snapshot was installed, and its file has not its final name yet. */
async function installing(): Promise<LogInMemory> {
  const elsewhere = await new LogInMemory().open();
  await fill(elsewhere, 1, 30);
  const meta = (await save(elsewhere, 25)) ?? assert.fail();
  const bytes = await elsewhere.storage.openSnapshot(meta.hash)?.read(0, meta.byteLength);
  const log = new LogInMemory();
  const opened = await log.open();
  await fill(opened, 1, 3);
  const chunk = { meta, offset: 0, data: bytes ?? assert.fail() };
  await opened.storage.write({ id: 0, entries: [], snapshotChunks: [chunk] });
  assert.ok(await opened.storage.verifyReceived(meta));
  let wasNamed = false;
  log.refuses = (operation, path) => {
    if (operation === 'names' && path.endsWith('.received')) wasNamed = true;
    return wasNamed && operation === 'names' && path.endsWith('.snapshot')
      ? new Error('EIO')
      : undefined;
  };
  const hardState = { term: 1, votedFor: null, commit: 25 };
  void opened.storage.write({ id: 1, hardState, entries: [], installSnapshot: meta });
  await settle();
  log.refuses = () => undefined;
  assert.ok(log.files.paths.some((path) => path.endsWith('.received')));
  return off(log);
}

describe('A start that fails', () => {
  for (const [what, made, last] of [
    ['of a new log', () => Promise.resolve(new LogInMemory()), undefined],
    ['of a log that was used', used, 150],
    ['of one that goes on with a received snapshot', installing, undefined],
  ] as const)
    it(`${what}, at whatever operation, leaves no file open, and the next one finds the folder free`, async () => {
      for (let failing = 0; ; failing++) {
        const log = await made();
        let asked = 0;
        log.refuses = (operation, path) =>
          asked++ === failing ? new Error(`EIO: ${operation} ${path}`) : undefined;
        const opened = await log.open().catch(() => undefined);
        await settle();
        await opened?.storage.close();
        await settle();
        assert.deepEqual(log.openPaths, [], `operation ${String(failing)}`);
        if (asked <= failing) {
          assert.ok(failing > 4, `${String(failing)} operations`);
          break;
        }
        log.refuses = () => undefined;
        const again = await log.open();
        assert.equal(indexes(again).at(-1), last, `operation ${String(failing)}`);
        await again.storage.close();
      }
    });
});

describe('A file that cannot be closed', () => {
  it('keeps neither the others open nor the folder locked, and is told (STORAGE-7)', async () => {
    const log = await used();
    const { storage } = await log.open();
    await settle();
    const paths = [...log.openPaths];
    await storage.close();
    assert.ok(paths.length >= 3, paths.join());
    for (const path of paths) {
      const other = await used();
      const opened = await other.open();
      await settle();
      other.refusesToClose = (closed) => (closed === path ? new Error(`${path}: EIO`) : undefined);
      const closing = opened.storage.close();
      // Of a payload's file all is durable, and nothing depends on how it is closed
      if (path.startsWith('/n/payloads/')) await closing;
      else await assert.rejects(closing, { message: `${path}: EIO` });
      assert.deepEqual(other.openPaths, []);
      other.refusesToClose = () => undefined;
      await (await other.open()).storage.close();
    }
  });

  it('is told when a snapshot that is being saved has ended, and not before (STORAGE-7)', async () => {
    const log = await used();
    const opened = await log.open();
    await fill(opened, 151, 160);
    const written = Promise.withResolvers<void>();
    log.holds = (path) => (path.includes('/own-') ? written.promise : undefined);
    const saving = save(opened, 155);
    await settle();
    log.refusesToClose = (path) =>
      path.endsWith('.snapshot') ? new Error(`${path}: EIO`) : undefined;
    let told: unknown;
    const closed = opened.storage.close().catch((error: unknown) => (told = error));
    await settle();
    assert.equal(told, undefined);
    written.resolve();
    await Promise.all([saving, closed]);
    assert.match(String(told), /\.snapshot: EIO/);
    assert.deepEqual(log.openPaths, []);
  });
});
