import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { lockFolder } from '@holdfast/storage';
import { fileDisk } from '@holdfast/storage/parts';
import { inspectFolder } from '../../src/index.ts';
import type { InspectedFolder } from '../../src/index.ts';
import { markDiverged } from '../../src/identity.ts';
import { expectedOf, factsOf, unpackNode } from '../node-folder.ts';

/** Every name below a folder, and when it, or what it holds, was changed: no program can set that. */
function everythingIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const { mtimeMs, ctimeMs, size, mode, ino } = statSync(path);
      return [path, mtimeMs, ctimeMs, size, mode, ino].join(' ');
    })
    .sort();
}

describe('inspectFolder', () => {
  let home: string;
  let folder: string;
  before(() => {
    home = mkdtempSync(join(tmpdir(), 'holdfast-inspect-'));
    unpackNode('0.1', join(home, 'kept'));
  });
  beforeEach(() => {
    folder = join(home, 'node');
    cpSync(join(home, 'kept'), folder, { recursive: true });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  after(() => rmSync(home, { recursive: true, force: true }));

  /** INSPECT-1: whatever comes out, the folder is as it was. */
  async function inspect(uncommitted = false): Promise<InspectedFolder> {
    const before = everythingIn(folder);
    const inspected = await inspectFolder({ folder, uncommitted });
    assert.deepEqual(everythingIn(folder), before, 'INSPECT-1');
    return inspected;
  }

  const fileIn = (part: string, ending: string, place = 0): string => {
    const names = readdirSync(join(folder, part)).filter((name) => name.endsWith(ending));
    return join(folder, part, names.sort()[place] ?? assert.fail(`no ${ending}`));
  };

  function change(path: string, offset: number, by = 1): void {
    const bytes = readFileSync(path);
    bytes.writeUInt8(bytes.readUInt8(offset) ^ by, offset);
    writeFileSync(path, bytes);
  }

  it('tells whose folder it is, what is in it, and the state, and changes nothing (INSPECT-1)', async () => {
    const inspected = await inspect(true);
    const { identity, log, problems, membership } = inspected;
    assert.deepEqual(problems, []);
    assert.equal(identity?.clusterId, 'test');
    assert.equal(identity.nodeId, 'a');
    assert.deepEqual(
      membership?.members.map(({ id }) => id),
      ['a'],
    );
    assert.equal(log.format, 'segments');
    const [first, second] = log.segments;
    assert.partialDeepStrictEqual(first, { segment: 1, first: { index: 1 }, last: { index: 24 } });
    assert.partialDeepStrictEqual(second, { segment: 2, frames: 0, first: undefined });
    assert.ok((first?.usedBytes ?? 0) > 1000 && (first?.usedBytes ?? 0) < (first?.byteLength ?? 0));
    const [snapshot] = log.snapshots;
    assert.partialDeepStrictEqual(snapshot, { index: 19, problem: undefined, isReceived: false });
    assert.deepEqual(factsOf(inspected), expectedOf('0.1'));
  });

  it('does not take for done what is not known to be committed (INSPECT-2)', async () => {
    const { state, log } = await inspect();
    assert.ok(state);
    assert.equal(state.index, log.hardState?.commit);
    assert.ok(state.index < state.lastIndex, 'the last entry is not known to be committed here');
    assert.equal(state.lastIndex, 24);
    assert.equal((await inspect(true)).state?.index, 24);
  });

  it('is refused where a node has the folder, and takes nothing from it (INSPECT-1)', async () => {
    const unlock = await lockFolder(join(folder, 'log'));
    await assert.rejects(inspectFolder({ folder, uncommitted: false }), {
      name: 'FolderInUseError',
    });
    // The node has it still
    await assert.rejects(lockFolder(join(folder, 'log')), { name: 'FolderInUseError' });
    unlock();
    assert.deepEqual((await inspect()).problems, []);
    (await lockFolder(join(folder, 'log')))();
  });

  it('is refused where a node takes the folder while it is read (INSPECT-1)', async () => {
    // Given two files of payloads that are opened only when somebody writes to them
    mkdirSync(join(folder, 'payloads'), { recursive: true });
    const [first, second] = [99, 100].map((slot) =>
      join(folder, 'payloads', `${String(slot).padStart(12, '0')}.payloads`),
    );
    assert.ok(first !== undefined && second !== undefined);
    execFileSync('mkfifo', [first, second]);
    const inspecting = inspectFolder({ folder, uncommitted: false });
    const refused = assert.rejects(inspecting, { name: 'FolderInUseError' });
    // When a node starts once the log was looked at, and before all is read
    const writer = await open(first, 'w');
    const unlock = await fileDisk.lock(join(folder, 'log', 'lock'));
    try {
      await (await open(second, 'w')).close();
      await writer.close();
      await refused;
    } finally {
      unlock();
    }
  });

  it('tells as a problem what it cannot look at of payloads', async () => {
    mkdirSync(join(folder, 'payloads'), { recursive: true });
    symlinkSync('around', join(folder, 'payloads', 'around'));
    const { problems, payloads, state } = await inspectFolder({ folder, uncommitted: false });
    assert.match(problems.join(' '), /payloads of messages cannot be looked at: .*around/);
    assert.deepEqual(payloads, []);
    assert.ok(state !== undefined);
  });

  it('needs no right to write', async () => {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    for (const { parentPath, name } of entries) chmodSync(join(parentPath, name), 0o500);
    chmodSync(folder, 0o500);
    assert.deepEqual((await inspect()).problems, []);
    chmodSync(folder, 0o700);
    for (const { parentPath, name } of entries) chmodSync(join(parentPath, name), 0o700);
  });

  it('names a changed frame, and shows the state of the snapshot alone (INSPECT-3)', async () => {
    const path = fileIn('log', '.segment');
    change(path, 200);
    const { problems, log, state } = await inspect(true);
    assert.match(problems.join(), /segment is damaged: .*Nothing was changed/);
    assert.ok(problems.join().includes(path));
    assert.match(log.segments[0]?.damage ?? '', /acknowledged writes stand behind it/);
    assert.partialDeepStrictEqual(state, { index: 19, snapshotAlone: true });
  });

  it('names a snapshot that is not whole, and shows no state out of it (INSPECT-3)', async () => {
    change(fileIn('snapshots', '.snapshot'), 300);
    const { problems, log, state } = await inspect(true);
    assert.match(problems.join(), /snapshot is damaged: its bytes are not those/);
    assert.match(log.snapshots[0]?.problem ?? '', /not those that its name has the hash of/);
    assert.equal(state, undefined);
  });

  it('tells a write that was cut short from damage', async () => {
    const path = fileIn('log', '.segment');
    const used = (await inspect()).log.segments[0]?.usedBytes ?? 0;
    const bytes = readFileSync(path);
    // Given the beginning of one more frame, with the number of the next one
    bytes.copyWithin(used, 0, 40);
    const sequence = bytes.readUInt32LE(lastFrame(bytes, used) + 40) + 1;
    bytes.writeUInt32LE(sequence, used + 40);
    bytes.copyWithin(used + 44, 44, 100);
    writeFileSync(path, bytes);
    const { problems, log, state } = await inspect(true);
    assert.deepEqual(problems, []);
    assert.match(log.repairs.join(), /cut short/);
    assert.match(log.segments[0]?.torn ?? '', /cut short/);
    assert.equal(state?.index, 24);
  });

  it('says that an older copy of the log is one (IDENTITY-3)', async () => {
    const path = join(folder, 'identity.json');
    const identity = JSON.parse(readFileSync(path, 'utf8')) as { log: { frames: number } };
    identity.log.frames += 7;
    writeFileSync(path, JSON.stringify(identity));
    assert.match((await inspect()).problems.join(), /an older copy, or has lost its end/);
  });

  it('says that a folder was marked, or has no identity', async () => {
    markDiverged(folder, new Error('the digest differs'));
    assert.match((await inspect()).problems.join(), /holds a wrong state: the digest differs/);
    rmSync(join(folder, 'identity.json'));
    const { problems, state } = await inspect(true);
    assert.match(problems.join(), /identity.json is not there/);
    assert.equal(state?.index, 24);
    rmSync(join(folder, 'log'), { recursive: true });
    await assert.rejects(inspectFolder({ folder, uncommitted: false }), /not the folder of a node/);
  });

  for (const former of ['former-node', 'former-node-with-snapshot'])
    it(`reads a log of the format before in a copy: ${former} (LOOK-1)`, async () => {
      rmSync(folder, { recursive: true });
      const kept = fileURLToPath(new URL(`../fixtures/${former}`, import.meta.url));
      cpSync(kept, folder, { recursive: true });
      const inspected = await inspect(true);
      assert.deepEqual(inspected.problems, []);
      assert.equal(inspected.log.format, 'former');
      const { holds, fenceCounter } = factsOf(inspected);
      assert.equal(holds.length, 12);
      assert.equal(fenceCounter, 12);
      // And a damaged one is named by its own path
      change(join(folder, 'log', 'holdfast.sqlite'), 100, 0xff);
      const damaged = await inspect(true);
      const text = damaged.problems.join();
      assert.ok(text.includes(join(folder, 'log', 'holdfast.sqlite')), text);
      assert.equal(damaged.state, undefined);
    });
});

/** Where the last of the frames begins, of those that end at `end`. */
function lastFrame(bytes: Buffer, end: number): number {
  let offset = 0;
  for (;;) {
    const next = offset + bytes.readUInt32LE(offset + 8);
    if (next >= end) return offset;
    offset = next;
  }
}
