import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { SnapshotMeta, Write } from '@holdfast/raft';
import { StorageDamagedError } from '../../src/index.ts';
import type { Opened } from '../../src/index.ts';
import {
  bytesOf,
  entry,
  fill,
  hardState,
  indexes,
  LogInMemory,
  membership,
  noRandomness,
  plain,
  range,
  settle,
} from '../log-in-memory.ts';

/** A snapshot as another node has it. */
async function made(
  index: number,
  term: number,
  text: string,
): Promise<{ readonly meta: SnapshotMeta; readonly bytes: Uint8Array }> {
  const opened = await new LogInMemory().open();
  const { storage } = opened;
  await fill(opened, 1, index, undefined, term);
  const meta = await storage.saveSnapshot({ index, term, membership }, [bytesOf(text)]);
  assert.ok(meta !== undefined);
  const bytes = await storage.openSnapshot(meta.hash)?.read(0, meta.byteLength);
  return { meta, bytes: bytes ?? assert.fail() };
}

/** Hands it over in two chunks. */
async function receive(
  { storage }: Opened,
  { meta, bytes }: { readonly meta: SnapshotMeta; readonly bytes: Uint8Array },
): Promise<void> {
  const half = Math.floor(bytes.byteLength / 2);
  for (const [offset, end] of [
    [0, half],
    [half, bytes.byteLength],
  ] as const)
    await storage.write({
      id: 0,
      entries: [],
      snapshotChunks: [{ meta, offset, data: bytes.subarray(offset, end) }],
    });
}

const install = (meta: SnapshotMeta, commit: number): Write => ({
  id: 0,
  hardState: hardState(commit, Math.max(2, meta.term)),
  entries: [],
  installSnapshot: meta,
});

const names = (log: LogInMemory): string[] =>
  log.files.paths.filter((path) => path.startsWith('/n/snapshots/'));

describe('An own snapshot', () => {
  it('has the hash of its bytes, and the same bytes on every node', async () => {
    const one = await made(7, 2, 'state');
    const other = await made(7, 2, 'state');
    assert.deepEqual(one, other);
    assert.equal(one.meta.hash, createHash('sha256').update(one.bytes).digest('hex'));
    assert.notEqual((await made(7, 2, 'State')).meta.hash, one.meta.hash);
    assert.notEqual((await made(8, 2, 'state')).meta.hash, one.meta.hash);
  });

  it('that is done only after a newer one was installed comes to nothing', async () => {
    const log = new LogInMemory();
    const opened = await log.open();
    await fill(opened, 1, 20);
    const newer = await made(30, 2, 'newer');
    async function* chunks(): AsyncIterable<Uint8Array> {
      yield bytesOf('older');
      await receive(opened, newer);
      await opened.storage.write(install(newer.meta, 30));
      yield bytesOf('older');
    }
    const saved = await opened.storage.saveSnapshot({ index: 15, term: 1, membership }, chunks());
    assert.equal(saved, undefined);
    await settle();
    assert.equal(names(log).length, 1);
    assert.deepEqual((await log.reopen()).recovered?.snapshot, newer.meta);
  });

  it('stays when what is older than another one is cleared up', async () => {
    const log = new LogInMemory();
    const opened = await log.open();
    await fill(opened, 1, 20);
    const save = (index: number): Promise<SnapshotMeta | undefined> =>
      opened.storage.saveSnapshot({ index, term: 1, membership }, [bytesOf('state')]);
    const [first, second, third] = [await save(5), await save(10), await save(15)];
    opened.storage.forgetBefore(11, second?.hash ?? '');
    await settle();
    assert.equal(opened.storage.openSnapshot(first?.hash ?? ''), undefined);
    for (const kept of [second, third])
      assert.deepEqual(opened.storage.openSnapshot(kept?.hash ?? '')?.meta, kept);
    assert.deepEqual((await log.reopen()).recovered?.snapshot, third);
  });

  it('of entries whose write fails meanwhile gets no name, and the node starts again without it (REPLAY-1)', async () => {
    const log = new LogInMemory();
    const opened = await log.open();
    await fill(opened, 1, 10);
    // Given entries that a majority has, and that the state has applied, while the own disk refuses them
    log.refuses = (operation, path) =>
      operation === 'write' && path.startsWith('/n/log/') ? new Error('EIO') : undefined;
    const entries = range(11, 20).map((index) => entry(index));
    void opened.storage.write({ id: 0, hardState: hardState(15), entries });
    // When a snapshot of them is saved, on a disk that takes everything but the log's writes
    const saved = opened.storage.saveSnapshot({ index: 15, term: 1, membership }, [
      bytesOf('state'),
    ]);
    assert.equal(await saved, undefined);
    await settle();
    // Then it has no name that a start believes in
    assert.equal(log.failures.length, 1);
    assert.deepEqual(
      names(log).filter((name) => name.endsWith('.snapshot')),
      [],
    );
    // And nothing keeps it open.
    assert.deepEqual(
      log.openPaths.filter((path) => !path.startsWith('/n/log/')),
      [],
    );
    log.refuses = () => undefined;
    const again = await log.reopen();
    assert.equal(indexes(again).at(-1), 10);
    assert.deepEqual(names(log), []);
  });

  for (const withPayload of [false, true])
    it(`of entries that the log has gets no name either once a later write has failed${withPayload ? ', nor is a payload written' : ''} (STORAGE-2, SFILE-8)`, async () => {
      const log = new LogInMemory();
      const opened = await log.open();
      const { storage } = opened;
      await fill(opened, 1, 10);
      const written: string[] = [];
      async function* chunks(): AsyncIterable<Uint8Array> {
        yield bytesOf('state');
        log.refuses = (operation, path) => {
          if (operation === 'write' && path.startsWith('/n/log/')) return new Error('EIO');
          if (operation !== 'read') written.push(`${operation} ${path}`);
          return undefined;
        };
        if (withPayload) storage.payloads.put(7, bytesOf('waits')); // What is gathered is not written yet.
        void storage.write({ id: 0, hardState: hardState(11), entries: [entry(11)] });
        await settle();
        assert.equal(log.failures.length, 1);
        yield bytesOf('rest');
      }
      const saved = storage.saveSnapshot({ index: 10, term: 1, membership }, chunks());
      assert.equal(await saved, undefined);
      assert.equal(await storage.payloads.durable(), !withPayload);
      await settle();
      // What it had begun may be taken away.
      assert.deepEqual(
        written.filter((what) => !what.endsWith('.partial')),
        [],
      );
      assert.deepEqual(
        names(log).filter((name) => name.endsWith('.snapshot')),
        [],
      );
      log.refuses = () => undefined;
      const again = await log.reopen();
      assert.equal(again.recovered?.snapshot.index, 0);
      assert.equal(indexes(again).at(-1), 10);
    });

  it('whose state cannot be read leaves nothing behind, and the log goes on', async () => {
    const log = new LogInMemory();
    const opened = await log.open();
    await fill(opened, 1, 3);
    // eslint-disable-next-line require-yield
    function* chunks(): Iterable<Uint8Array> {
      throw new Error('no state');
    }
    await assert.rejects(
      opened.storage.saveSnapshot({ index: 3, term: 1, membership }, chunks()),
      /no state/,
    );
    assert.deepEqual(names(log), []);
    await fill(opened, 4, 5);
    assert.deepEqual(log.failures, []);
  });

  it('with a turned bit is refused, whichever bit it is', async () => {
    const log = new LogInMemory();
    const opened = await log.open();
    await fill(opened, 1, 3);
    const meta = await opened.storage.saveSnapshot({ index: 3, term: 1, membership }, [
      bytesOf('state'),
    ]);
    const [path = ''] = names(log);
    for (let position = 0; position < (meta?.byteLength ?? 0); position++) {
      const turned = log.copy();
      const bytes = turned.files.bytes(path);
      bytes[position] = (bytes[position] ?? 0) ^ (1 << (position % 8));
      await assert.rejects(turned.open(), StorageDamagedError);
    }
  });
});

describe('A received snapshot', () => {
  it('replaces nothing before it is installed, and is gone after a restart', async () => {
    const log = new LogInMemory();
    const opened = await log.open();
    await fill(opened, 1, 5);
    await receive(opened, await made(9, 2, 'received'));
    const after = await log.reopen();
    assert.deepEqual(indexes(after), range(1, 5));
    assert.equal(after.recovered?.snapshot.index, 0);
    assert.deepEqual(names(log), []);
  });

  it('can be read once its last chunk is there, and verified', async () => {
    const { storage, ...rest } = await new LogInMemory().open();
    const received = await made(9, 2, 'received');
    assert.equal(storage.openSnapshot(received.meta.hash), undefined);
    await receive({ storage, ...rest }, received);
    assert.equal(await storage.verifyReceived(received.meta), true);
    const reader = storage.openSnapshot(received.meta.hash) ?? assert.fail();
    assert.deepEqual(await reader.read(0, received.meta.byteLength), received.bytes);
  });

  it('of other bytes than its hash names does not verify, and is not installed', async () => {
    const log = new LogInMemory();
    const opened = await log.open();
    await fill(opened, 1, 5);
    const { meta, bytes } = await made(9, 2, 'received');
    // Given chunks of two that differ
    const other = await made(9, 2, 'recEIVED');
    await receive(opened, { meta, bytes: other.bytes });
    assert.equal(await opened.storage.verifyReceived(meta), false);
    // When it comes once more from the beginning, it does
    await receive(opened, { meta, bytes });
    assert.equal(await opened.storage.verifyReceived(meta), true);
    // And one that does not is never made the current one
    await receive(opened, { meta, bytes: other.bytes });
    void opened.storage.write(install(meta, 9));
    await settle();
    assert.match(String(log.failures[0]), /was not received whole/);
    assert.deepEqual(indexes(await log.reopen()), range(1, 5));
  });

  it('takes the place of a log that does not contain its last entry', async () => {
    const log = new LogInMemory();
    const opened = await log.open();
    await fill(opened, 1, 60);
    const received = await made(50, 2, 'received');
    await receive(opened, received);
    await opened.storage.write(install(received.meta, 50));
    await opened.storage.write({ id: 0, entries: [entry(51, 2)] });
    await settle();
    const after = await log.reopen();
    assert.deepEqual(after.recovered?.snapshot, received.meta);
    assert.deepEqual(plain(after.recovered?.entries), plain([entry(51, 2)]));
  });

  it('is installed whatever is handed over with the install: entries, the next transfer, its install', async () => {
    const first = await made(50, 2, 'first');
    const second = await made(80, 3, 'second');
    const chunk = ({ meta, bytes }: typeof first, from: number, to: number): Write => ({
      id: 0,
      entries: [],
      snapshotChunks: [{ meta, offset: from, data: bytes.subarray(from, to) }],
    });
    const { byteLength } = second.meta;
    const whole = chunk(first, 0, first.meta.byteLength);
    const behind: readonly (readonly Write[])[] = [
      [chunk(second, 0, byteLength)],
      [chunk(second, 0, 9), chunk(second, 9, byteLength)],
      [{ id: 0, entries: [entry(51, 2)] }, chunk(second, 0, byteLength)],
      [chunk(second, 0, byteLength), { id: 0, entries: [entry(51, 2)] }],
      [{ ...chunk(second, 0, byteLength), entries: [entry(51, 2)] }],
    ];
    for (const writes of behind)
      for (const installsSecond of [false, true])
        for (const inOneWrite of [false, true]) {
          const log = new LogInMemory();
          const opened = await log.open();
          await fill(opened, 1, 5);
          // Given that all of this is handed over in one turn
          const done = [
            ...(inOneWrite
              ? [
                  {
                    ...whole,
                    ...install(first.meta, 50),
                    snapshotChunks: whole.snapshotChunks ?? [],
                  },
                ]
              : [whole, install(first.meta, 50)]),
            ...writes,
            ...(installsSecond ? [install(second.meta, 80)] : []),
          ].map((write) => opened.storage.write(write));
          await Promise.race([Promise.all(done), settle().then(settle)]);
          assert.deepEqual(log.failures, []);
          if (!installsSecond) assert.ok(await opened.storage.verifyReceived(second.meta));
          const { recovered } = await log.reopen();
          assert.deepEqual(recovered?.snapshot, installsSecond ? second.meta : first.meta);
        }
  });

  it('leaves what stands behind it in a log that contains its last entry', async () => {
    const log = new LogInMemory();
    const opened = await log.open();
    await fill(opened, 1, 60);
    const received = await made(50, 1, 'received');
    await receive(opened, received);
    await opened.storage.write(install(received.meta, 50));
    await fill(opened, 61, 90);
    await settle();
    for (const after of [await log.reopen(), await log.reopen()]) {
      assert.deepEqual(after.recovered?.snapshot, received.meta);
      assert.ok((indexes(after)[0] ?? 0) > 1 && (indexes(after)[0] ?? 99) <= 51);
      assert.equal(indexes(after).at(-1), 90);
    }
  });

  it('is there wholly or not at all, wherever the power goes while it is installed', async () => {
    const received = await made(50, 3, 'received');
    let installed = 0;
    for (let steps = 0; installed < 5; steps++) {
      const log = new LogInMemory();
      const opened = await log.open();
      await fill(opened, 1, 40);
      await receive(opened, received);
      await settle();
      // When the process ends after so many steps
      log.steps = steps;
      let acknowledged = false;
      void opened.storage.write(install(received.meta, 50)).then(() => (acknowledged = true));
      await settle();
      log.steps = Number.POSITIVE_INFINITY;
      log.files.cutPower(steps % 2 === 0 ? noRandomness : { below: () => 1 });
      const after = await log.open();
      const { recovered } = after;
      if (recovered?.snapshot.index === 50) {
        installed += 1;
        assert.deepEqual(recovered.entries, []);
        assert.equal(recovered.hardState.commit, 50);
        // With the term and the vote of its frame
        assert.deepEqual(recovered.hardState, hardState(50, 3));
      } else {
        assert.equal(acknowledged, false);
        assert.deepEqual(indexes(after), range(1, 40));
        assert.deepEqual(recovered?.hardState, hardState(39));
      }
      // And it has its final name, or is gone
      await settle();
      assert.deepEqual(
        names(log).map((name) => name.split('.')[1]),
        recovered?.snapshot.index === 50 ? ['snapshot'] : [],
      );
      // Then the log goes on, and is read back
      const next = recovered?.snapshot.index === 50 ? 51 : 41;
      await after.storage.write({ id: 1, entries: [entry(next, 3)] });
      assert.equal(indexes(await log.reopen()).at(-1), next, `${String(steps)} steps`);
    }
  });
});
