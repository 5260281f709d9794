import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Write } from '@holdfast/raft';
import { openStorage } from '../../src/index.ts';
import type { Opened, StorageOptions } from '../../src/index.ts';
import { bytesOf, entry, hardState, logId, membership, plain } from '../log-in-memory.ts';

/** On the file system of this machine. */
describe('The storage', () => {
  let home: string;
  let folder: string;
  let opened: Opened[] = [];
  let made = false;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'holdfast-storage-'));
    folder = join(home, 'log');
    made = false;
  });
  afterEach(async () => {
    await closeAll();
    rmSync(home, { recursive: true, force: true });
  });

  async function open(changes: Partial<StorageOptions> = {}): Promise<Opened> {
    const one = await openStorage({
      folder,
      log: { id: logId, made },
      onFailure: (error) => assert.fail(error),
      ...changes,
    });
    made = true;
    opened.push(one);
    return one;
  }

  async function closeAll(): Promise<void> {
    for (const { storage } of opened) await storage.close();
    opened = [];
  }

  async function reopen(): Promise<Opened> {
    await closeAll();
    return open();
  }

  it('of a new folder has nothing to recover', async () => {
    assert.equal((await open()).recovered, undefined);
    assert.equal((await reopen()).recovered, undefined);
  });

  it('gives back term, vote, commit and entries', async () => {
    const { storage } = await open();
    await storage.write({ id: 1, hardState: hardState(0), entries: [entry(1), entry(2)] });
    await storage.write({ id: 2, hardState: hardState(2, 3), entries: [entry(3, 3)] });
    const { recovered } = await reopen();
    assert.deepEqual(recovered?.hardState, hardState(2, 3));
    assert.deepEqual(plain(recovered?.entries), plain([entry(1), entry(2), entry(3, 3)]));
    assert.deepEqual((await reopen()).recovered, recovered);
  });

  it('removes what is truncated before it adds what takes its place', async () => {
    const { storage } = await open();
    await storage.write({
      id: 1,
      hardState: hardState(0),
      entries: [entry(1), entry(2), entry(3)],
    });
    await storage.write({
      id: 2,
      hardState: hardState(0, 2),
      truncateFrom: 2,
      entries: [entry(2, 2, 'new')],
    });
    const { recovered } = await reopen();
    assert.deepEqual(plain(recovered?.entries), plain([entry(1), entry(2, 2, 'new')]));
  });

  it('makes one frame of all that arrives while one is under way, and keeps the loop free', async () => {
    const { storage } = await open({ writeDelayMs: 50 });
    const { commits } = storage.stats;
    const writes = Array.from({ length: 50 }, (_, position): Write => ({
      id: position + 1,
      hardState: hardState(0),
      entries: [entry(position + 1)],
    }));
    let turns = 0;
    let running = true;
    const count = (): void => {
      turns += 1;
      if (running) setImmediate(count);
    };
    count();
    const told: number[] = [];
    storage.onWritten((durationMs) => told.push(durationMs));
    const first = storage.write(writes[0] ?? assert.fail());
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([first, ...writes.slice(1).map((write) => storage.write(write))]);
    running = false;
    assert.equal(storage.stats.commits - commits, 2);
    assert.equal(storage.stats.pendingWrites, 0);
    assert.ok(storage.stats.lastCommitMs >= 45);
    assert.equal(told.length, 2);
    assert.equal(told[1], storage.stats.lastCommitMs);
    assert.ok(turns > 20, `the loop turned ${String(turns)} times only`);
  });

  it('takes an entry that is larger than a segment', async () => {
    const { storage } = await open();
    const large = { ...entry(2), data: new Uint8Array(20 * 1024 * 1024).fill(7) };
    await storage.write({ id: 1, hardState: hardState(0), entries: [entry(1)] });
    await storage.write({ id: 2, hardState: hardState(1), entries: [large] });
    await storage.write({ id: 3, hardState: hardState(2), entries: [entry(3)] });
    const { recovered } = await reopen();
    assert.deepEqual(
      recovered?.entries.map(({ data }) => data.byteLength),
      [7, large.data.byteLength, 7],
    );
  });

  it('gives a snapshot to its readers to the end, though it was cleared up meanwhile', async () => {
    const { storage } = await open();
    const entries = Array.from({ length: 20 }, (_, index) => entry(index + 1));
    await storage.write({ id: 1, hardState: hardState(20), entries });
    const save = (index: number, text: string) =>
      storage.saveSnapshot({ index, term: 1, membership }, [bytesOf(text), bytesOf(' and more')]);
    const first = (await save(10, 'ten')) ?? assert.fail();
    const reader = storage.openSnapshot(first.hash) ?? assert.fail();
    const second = (await save(20, 'twenty')) ?? assert.fail();
    storage.forgetBefore(15, second.hash);
    // Given the older one is gone
    while (readdirSync(join(home, 'snapshots')).length > 1)
      await new Promise((resolve) => setImmediate(resolve));
    assert.equal(storage.openSnapshot(first.hash), undefined);
    // Then who reads it already reads on
    const offset = storage.stateOffset(first);
    const state = await reader.read(offset, first.byteLength - offset);
    assert.equal(new TextDecoder().decode(state), 'ten and more');
    await assert.rejects(reader.read(offset, first.byteLength), /ends before byte/);
    reader.close();
    await assert.rejects(reader.read(0, 1), /closed/);
    const { recovered } = await reopen();
    assert.deepEqual(recovered?.snapshot, second);
  });

  it('is opened by one process only, and names the folder', async () => {
    await open();
    await assert.rejects(
      open(),
      (error) => error instanceof Error && error.message.startsWith(join(folder, 'lock')),
    );
  });

  it('is not opened while another process has it, and is when that was killed', async () => {
    const child = fork(new URL('../writing-child.ts', import.meta.url), [folder, logId], {
      execArgv: ['--conditions=source'],
    });
    let acknowledged = 0;
    let refused: unknown;
    await new Promise<void>((resolve) => {
      child.on('message', (index: number) => {
        acknowledged = index;
        if (index === 100)
          void open({ log: { id: logId, made: true } }).catch((error: unknown) => {
            refused = error;
            child.kill('SIGKILL');
          });
      });
      child.once('exit', () => resolve());
    });
    assert.match(String(refused), /in use by another process/);
    // Then everything that it acknowledged is there
    const { recovered } = await open({ log: { id: logId, made: true } });
    assert.ok(
      (recovered?.entries.length ?? 0) >= acknowledged,
      `${String(recovered?.entries.length)} of ${String(acknowledged)}`,
    );
  });
});
