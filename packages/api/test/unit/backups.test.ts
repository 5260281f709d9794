import assert from 'node:assert/strict';
import type { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import type { Backup } from '@holdfast/engine';
import { backupHeaders, Backups } from '../../src/http/backups.ts';
import { PerCaller } from '../../src/callers.ts';
import { RequestError } from '../../src/request-error.ts';

interface Source {
  read: number;
  closed: boolean;
}

/** Endless, chunks of 64 kB. */
async function* endless(source: Source): AsyncGenerator<Uint8Array, void, undefined> {
  for (;;) {
    source.read += 1;
    yield new Uint8Array(64 * 1024);
  }
}

const closed = (stream: Readable): Promise<void> =>
  new Promise((resolve) => stream.once('close', () => resolve()));
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const never = (): (() => void) => () => undefined;

const backupOf = (source: Source): Backup => ({
  index: 1,
  hash: '',
  byteLength: 600 * 1024 * 1024,
  chunks: endless(source),
  close: () => {
    source.closed = true;
  },
});

async function begun(backups: Backups, source: Source): Promise<Readable> {
  const answer = await backups.begin(undefined, () => Promise.resolve(backupOf(source)));
  assert.ok(!(answer instanceof RequestError));
  answer.stream.on('error', () => undefined);
  return answer.stream;
}

const backupsWith = (
  after: ConstructorParameters<typeof Backups>[2],
  most = 4,
  mostPerCaller = 2,
): Backups =>
  new Backups(
    { maxBackups: most, minBackupBytesPerSecond: 1024 * 1024 },
    new PerCaller('max_backups_per_caller', mostPerCaller, 'backups'),
    after,
    { warn: () => undefined },
  );

describe('backups of one caller', () => {
  it('given as many as it may have, then one more is refused, though others are served', async () => {
    const backups = backupsWith(never);
    const begin = async (caller: string): Promise<Readable | RequestError> => {
      const answer = await backups.begin(caller, () =>
        Promise.resolve(backupOf({ read: 0, closed: false })),
      );
      if (answer instanceof RequestError) return answer;
      answer.stream.on('error', () => undefined);
      return answer.stream;
    };
    const [first, second] = [await begin('a'), await begin('a')];
    assert.ok(!(first instanceof RequestError) && !(second instanceof RequestError));
    const third = await begin('a');
    assert.ok(third instanceof RequestError);
    assert.equal(third.code, 'limit_exceeded');
    assert.deepEqual(third.details, { limit: 'max_backups_per_caller', value: 2, scope: 'node' });
    const other = await begin('b');
    assert.ok(!(other instanceof RequestError));
    const over = closed(first);
    first.destroy();
    await over;
    const again = await begin('a');
    assert.ok(!(again instanceof RequestError));
    for (const stream of [again, second, other]) stream.destroy();
  });

  it('given some that cannot be opened, then they do not count', async () => {
    const backups = backupsWith(never);
    for (let attempt = 0; attempt < 6; attempt++)
      await assert.rejects(
        backups.begin('a', () => Promise.reject(new Error('no disk'))),
        /no disk/,
      );
  });
});

describe('backups of one node', () => {
  it('given four that are being read, then one more is refused, and there is room when one has hung up', async () => {
    const backups = backupsWith(never);
    const streams = await Promise.all(
      Array.from({ length: 4 }, () => begun(backups, { read: 0, closed: false })),
    );
    const refused = await backups.begin(undefined, () =>
      assert.fail('A refused backup opens nothing.'),
    );
    assert.ok(refused instanceof RequestError);
    assert.equal(refused.code, 'overloaded');
    const [first] = streams;
    assert.ok(first !== undefined);
    const over = closed(first);
    first.destroy();
    await over;
    const again = await begun(backups, { read: 0, closed: false });
    for (const stream of [again, ...streams]) stream.destroy();
  });

  it('given a reader that stops reading, then no more is read from the source than a buffer holds', async () => {
    const source = { read: 0, closed: false };
    const stream = await begun(backupsWith(never), source);
    stream.read(1);
    for (let count = 0; count < 50; count++) await turn();
    assert.ok(source.read <= 3, `${String(source.read)} chunks were read`);
    const over = closed(stream);
    stream.destroy();
    await over;
    await turn();
    assert.ok(source.closed);
  });

  it('given a reader that has read nothing for a minute, then its backup is cancelled and its source closed', async () => {
    const timers: (() => void)[] = [];
    const source = { read: 0, closed: false };
    const backups = backupsWith((ms, callback) => {
      if (ms === 60_000) timers.push(callback);
      return () => undefined;
    });
    const stream = await begun(backups, source);
    stream.read(1);
    for (let count = 0; count < 10; count++) await turn();
    const over = closed(stream);
    // Something was read in the first minute, nothing in the second.
    timers.shift()?.();
    assert.ok(!stream.destroyed);
    timers.shift()?.();
    await over;
    await turn();
    assert.ok(source.closed);
  });

  it('given a reader that takes some bytes now and then, then its backup ends when its time is over (HTTP-BACKUP-3)', async () => {
    const timers: { readonly ms: number; readonly callback: () => void }[] = [];
    const source = { read: 0, closed: false };
    const backups = backupsWith((ms, callback) => {
      timers.push({ ms, callback });
      return () => undefined;
    });
    const answer = await backups.begin(undefined, () => Promise.resolve(backupOf(source)));
    assert.ok(!(answer instanceof RequestError));
    const { stream, longestSeconds } = answer;
    // 600 MiB at 1 MiB/s, and a minute.
    assert.equal(longestSeconds, 660);
    assert.equal(
      backupHeaders(answer, 'c/1')['holdfast-snapshot-longest-seconds'],
      String(longestSeconds),
    );
    const failed = new Promise<Error>((resolve) => stream.once('error', resolve));
    const over = closed(stream);
    // It is never idle for a minute.
    for (let minute = 0; minute < 11; minute++) {
      stream.read(64 * 1024);
      for (let count = 0; count < 10; count++) await turn();
      const idle = timers.findIndex(({ ms }) => ms === 60_000);
      timers.splice(idle, 1)[0]?.callback();
      assert.ok(!stream.destroyed, `minute ${String(minute)}`);
    }
    const deadline = timers.find(({ ms }) => ms === 660_000);
    assert.ok(deadline !== undefined);
    deadline.callback();
    assert.match((await failed).message, /its reader had 660 s for it/);
    await over;
    await turn();
    assert.ok(source.closed);
  });

  it('given a snapshot that takes more than a minute to save, then the wait for it is not counted', async () => {
    const timers: (() => void)[] = [];
    const backups = backupsWith((_ms, callback) => {
      timers.push(callback);
      return () => undefined;
    });
    let save: () => void = assert.fail;
    const saving = new Promise<void>((resolve) => (save = resolve));
    const source = { read: 0, closed: false };
    const answer = backups.begin(undefined, () => saving.then(() => backupOf(source)));
    await turn();
    for (const timer of timers) timer();
    save();
    const begin = await answer;
    assert.ok(!(begin instanceof RequestError));
    begin.stream.on('error', () => undefined);
    begin.stream.read(1);
    for (let count = 0; count < 10; count++) await turn();
    assert.ok(source.read > 0);
    begin.stream.destroy();
  });

  it('given a backup that nobody begins to read, then it is closed after a minute', async () => {
    const timers: (() => void)[] = [];
    const source = { read: 0, closed: false };
    const backups = backupsWith((_ms, callback) => {
      timers.push(callback);
      return () => undefined;
    });
    const over = closed(await begun(backups, source));
    timers.shift()?.();
    await over;
    assert.ok(source.closed);
  });

  it('given one that cannot be opened, then its place is free again', async () => {
    const backups = backupsWith(never);
    for (let attempt = 0; attempt < 6; attempt++)
      await assert.rejects(
        backups.begin(undefined, () => Promise.reject(new Error('no disk'))),
        /no disk/,
      );
  });
});
