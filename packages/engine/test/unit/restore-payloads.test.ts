/** The folder of a restore while it is written: of a backup with a payload that stands beside the state. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import { DiskError, diskError, encodeHead } from '@holdfast/storage';
import { MemoryFiles, openStorageOn } from '@holdfast/storage/parts';
import type { Disk } from '@holdfast/storage/parts';
import {
  createStateMachine,
  latestFeatureLevel,
  restoreStateMachine,
  WholeSnapshot,
} from '@holdfast/state';
import type { Command, ResourceName } from '@holdfast/state';
import { RestoreError, restoreBackup } from '../../src/index.ts';
import type { Restored, RestoreOptions } from '../../src/index.ts';

const segments = { segmentBytes: 4096, maxSpares: 1 };
const payload = 'x'.repeat(1000);

/** A backup of a state with one message, whose payload is all of one letter. */
function backupWith(letter: string): Buffer {
  const state = createStateMachine();
  const messages = [{ key: 'a', payload: letter.repeat(payload.length) }];
  const commands: readonly Command[] = [
    { type: 'raise_feature_level', level: latestFeatureLevel },
    { type: 'queue_push', name: 'mail' as ResourceName, messages },
  ];
  const { payloads } = state.apply({
    index: 7,
    time: 1000,
    commands: commands.map((command) => ({ identity: 'test', command })),
  });
  const [kept] = payloads?.kept ?? [];
  assert.ok(kept !== undefined);
  const whole = new WholeSnapshot();
  const lines = Buffer.concat([...state.snapshot()])
    .toString()
    .trimEnd()
    .split('\n');
  const told = lines.map((line) =>
    whole.line(line, whole.wanted(line) === undefined ? undefined : kept.text),
  );
  const head = encodeHead({ index: state.index, term: 4, membership: { members: [] } });
  return Buffer.concat([head, Buffer.from(`${told.join('\n')}\n`)]);
}

let home: string;
let file: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'holdfast-restore-'));
  file = join(home, 'backup');
  writeFileSync(file, backupWith('x'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const restore = (disk: Disk, changes: Partial<RestoreOptions> = {}): Promise<Restored> =>
  restoreBackup({
    file,
    folder: '/n',
    clusterId: 'new',
    nodeId: 'a',
    address: '',
    sessions: 'end',
    onProgress: () => undefined,
    disk,
    segments,
    ...changes,
  });

const steady = (files: MemoryFiles): Disk =>
  files.disk({ now: () => 0, later: (_operation, act) => queueMicrotask(act) });

/** The payloads that a node finds which starts on the folder. */
async function payloadsIn(disk: Disk, files: MemoryFiles): Promise<readonly string[]> {
  const { log } = JSON.parse(files.bytes('/n/identity.json').toString()) as {
    readonly log: { readonly id: string; readonly made: boolean };
  };
  const { storage, recovered } = await openStorageOn(
    disk,
    { folder: '/n/log', log, onFailure: (error) => assert.fail(error) },
    segments,
  );
  assert.ok(recovered !== undefined);
  const { snapshot } = recovered;
  const reader = storage.openSnapshot(snapshot.hash);
  const offset = storage.stateOffset(snapshot);
  const bytes = await reader?.read(offset, snapshot.byteLength - offset);
  reader?.close();
  const texts: string[] = [];
  for (const { id } of restoreStateMachine([bytes ?? new Uint8Array()]).queues.stored()) {
    const body = await storage.payloads.read(id);
    texts.push(body === undefined ? 'none' : Buffer.from(body).toString());
  }
  await storage.close();
  return texts;
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Randomness with a seed. */
function randomnessOf(seed: number): { below: (limit: number) => number } {
  let state = seed;
  return {
    below: (limit) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 16) % limit;
    },
  };
}

describe('A folder that is restored', () => {
  it('has the payloads of messages where it is whole, whenever the power goes (REST-1)', async () => {
    const seen = { refused: 0, whole: 0 };
    for (let steps = 0; seen.whole < 3; steps++) {
      assert.ok(steps < 300, JSON.stringify(seen));
      const files = new MemoryFiles();
      const power = { left: steps, isOver: false };
      const disk = (): Disk =>
        files.disk({
          now: () => 0,
          later: (_operation, act) => {
            if (power.left <= 0) return;
            power.left -= 1;
            queueMicrotask(act);
          },
        });
      void restore(disk()).finally(() => {
        power.isOver = true;
      });
      while (!power.isOver && power.left > 0) await nextTurn();
      for (let turns = 0; turns < 3; turns++) await nextTurn();
      files.cutPower(randomnessOf(steps + 1));
      power.left = Number.POSITIVE_INFINITY;
      if (files.paths.includes('/n/restoring.json')) seen.refused += 1;
      else if (files.paths.includes('/n/identity.json')) {
        seen.whole += 1;
        assert.deepEqual(await payloadsIn(disk(), files), [JSON.stringify(payload)]);
      }
    }
    assert.ok(seen.refused > 5, JSON.stringify(seen));
  });

  it('is told as not whole, with what the disk said, whichever step has no room (REST-5)', async () => {
    let refused = 0;
    for (let failing = 1; ; failing++) {
      const files = new MemoryFiles();
      let steps = 0;
      const disk = files.disk({
        now: () => 0,
        later: (_operation, act) => queueMicrotask(act),
        trouble: (_operation, _grows, path) => {
          steps += 1;
          if (steps !== failing) return undefined;
          const full = new Error('ENOSPC: no space left on device, write');
          return diskError(
            Object.assign(full, { code: 'ENOSPC', syscall: 'write' }),
            'written',
            path,
          );
        },
      });
      const failure: unknown = await restore(disk).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (steps < failing) break;
      if (failure === undefined) continue; // What could not be removed goes later.
      refused += 1;
      assert.ok(
        failure instanceof DiskError,
        `At step ${String(steps)} the error is no DiskError.`,
      );
      assert.equal(failure.systemCode, 'ENOSPC');
      assert.match(
        failure.message,
        /no space is left.*\/n is not whole: delete it and restore the backup again/,
        `step ${String(failing)}`,
      );
    }
    assert.ok(refused > 10, String(refused));
  });

  it('is of a cluster with another name, and of a node that is met for the first time (REST-4)', async () => {
    const files = new MemoryFiles();
    await assert.rejects(
      restore(steady(files), { formerClusterId: 'new' }),
      (error) =>
        error instanceof RestoreError && /"new" is the name of the cluster/.test(error.message),
    );
    assert.deepEqual(files.paths, []);
    const seen = new Set<string>();
    for (let times = 0; times < 2; times++) {
      const restored = new MemoryFiles();
      await restore(steady(restored), { formerClusterId: 'old' });
      const identity = JSON.parse(restored.bytes('/n/identity.json').toString()) as {
        readonly incarnation: string;
        readonly log: { readonly id: string };
      };
      seen.add(identity.incarnation).add(identity.log.id);
    }
    assert.equal(seen.size, 4);
  });

  it('is not whole before what has to be known of it was told (REST-7)', async () => {
    const files = new MemoryFiles();
    let told: Restored | undefined;
    const lost = restore(steady(files), {
      beforeWhole: async (restored) => {
        await nextTurn();
        told = restored;
        assert.ok(files.paths.includes('/n/identity.json'));
        assert.ok(files.paths.includes('/n/restoring.json'));
        throw new Error('Nobody reads it.');
      },
    });
    await assert.rejects(lost, /Nobody reads it\. \/n is not whole: delete it/);
    assert.ok(files.paths.includes('/n/restoring.json'));
    assert.deepEqual(await restore(steady(new MemoryFiles())), told);
  });

  it('is not written to by who gave it up before, and is told as not whole afterwards (REST-6)', async () => {
    const phases = new Set<string>();
    for (let giving = 1; ; giving++) {
      const files = new MemoryFiles();
      const caller = new AbortController();
      let told = 0;
      let at = '';
      const failure: unknown = await restore(steady(files), {
        signal: caller.signal,
        onProgress: (phase) => {
          told += 1;
          if (told !== giving) return;
          caller.abort();
          at = phase;
        },
      }).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (at === '') break;
      phases.add(at);
      assert.ok(failure instanceof HoldfastError && failure.code === 'cancelled', String(failure));
      const isWritten = at === 'payloads' || at === 'write';
      assert.equal(files.paths.includes('/n/restoring.json'), isWritten, at);
      assert.equal(/\/n is not whole: delete it/.test(failure.message), isWritten, at);
      if (!isWritten) assert.deepEqual(files.paths, []);
    }
    assert.deepEqual([...phases], ['check', 'read', 'payloads', 'write']);
  });
});

describe('A backup that is changed while it is read (BFILE-2)', () => {
  const isRefused =
    (text: RegExp) =>
    (error: unknown): boolean =>
      error instanceof RestoreError && text.test(error.message);

  /** Behind the reading of this name. */
  const changing = (name: string, change: () => void): Partial<RestoreOptions> => ({
    onProgress: (phase, bytes, totalBytes) => {
      if (phase === name && bytes === totalBytes) change();
    },
  });

  it('is refused, and nothing is written, where another one takes its place, or it is cut off', async () => {
    const files = new MemoryFiles();
    // One that is good by itself, and as long
    const replaced = changing('check', () => writeFileSync(file, backupWith('y')));
    await assert.rejects(
      restore(steady(files), replaced),
      isRefused(/was changed while it was read\. Restore a copy to which nothing writes\.$/),
    );
    writeFileSync(file, backupWith('x'));
    const cut = changing('check', () => truncateSync(file, 0));
    await assert.rejects(restore(steady(files), cut), isRefused(/was cut off while it was read/));
    assert.deepEqual(files.paths, []);
  });

  it('gives no payloads, and the folder is told as not whole', async () => {
    for (const [change, text] of [
      [() => writeFileSync(file, backupWith('y')), /was changed.*\/n is not whole: delete it/],
      [() => truncateSync(file, 100), /was cut off.*\/n is not whole: delete it/],
    ] as const) {
      writeFileSync(file, backupWith('x'));
      const files = new MemoryFiles();
      await assert.rejects(restore(steady(files), changing('read', change)), isRefused(text));
      assert.ok(files.paths.includes('/n/restoring.json'));
    }
    assert.equal(readFileSync(file).byteLength, 100);
  });
});
