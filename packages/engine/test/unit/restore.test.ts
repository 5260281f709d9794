import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { MemberId } from '@holdfast/raft';
import { encodeHead } from '@holdfast/storage';
import { fileDisk, MemoryFiles, openStorageOn } from '@holdfast/storage/parts';
import type { Disk } from '@holdfast/storage/parts';
import { createStateMachine, latestFeatureLevel, restoreStateMachine } from '@holdfast/state';
import type { Command, ResourceName, SessionId, StateMachine } from '@holdfast/state';
import { createRaftEngine, RestoreError, restoreBackup } from '../../src/index.ts';
import type { Restored, RestoreOptions } from '../../src/index.ts';
import { oneNode } from '../one-node.ts';

const jump = 2 ** 40;
const segments = { segmentBytes: 4096, maxSpares: 1 };
const nameOf = (number: number): ResourceName => `lock ${String(number)}` as ResourceName;
const session = (number: number): SessionId => `s${String(number)}` as SessionId;

/** Sessions 0 to `count`, each with a lock of its own, and one that waits for the first one's. */
function stateWith(count: number, lockDelayMs = 0): StateMachine {
  const state = createStateMachine();
  const commands: Command[] = [];
  for (let number = 0; number <= count; number++)
    commands.push({
      type: 'create_session',
      sessionId: session(number),
      clientId: `client ${String(number)}`,
      timeoutMs: 30_000,
      lockDelayMs,
      createdAtMs: 0,
    });
  for (let number = 0; number <= count; number++)
    commands.push({
      type: 'acquire',
      sessionId: session(number),
      name: nameOf(number === count ? 0 : number),
      requestId: 1,
      mode: 'exclusive',
      waitMs: number === count ? 60_000 : 0,
      acquiredAtMs: 0,
    });
  const { results } = state.apply({
    index: 7,
    time: 1000,
    commands: commands.map((command) => ({ identity: 'test', command })),
  });
  assert.ok(results.every((result) => result.ok));
  return state;
}

let home: string;
let file: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'holdfast-restore-'));
  file = join(home, 'backup');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function backUp(state: StateMachine): Buffer {
  const membership = {
    members: ['a', 'b', 'c'].map((id) => ({
      id: id as MemberId,
      address: `${id}:1`,
      role: 'voter' as const,
    })),
  };
  const head = encodeHead({ index: state.index, term: 4, membership });
  const bytes = Buffer.concat([head, ...state.snapshot()]);
  writeFileSync(file, bytes);
  return bytes;
}

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const restore = (changes: Partial<RestoreOptions> = {}): Promise<Restored> =>
  restoreBackup({
    file,
    folder: join(home, 'node'),
    clusterId: 'new',
    nodeId: 'a',
    address: '127.0.0.1:1',
    sessions: 'end',
    onProgress: () => undefined,
    disk: fileDisk,
    segments,
    ...changes,
  });

const isRefused =
  (text: RegExp) =>
  (error: unknown): boolean =>
    error instanceof RestoreError && text.test(error.message);

/** What a node finds that starts on the folder. */
async function stateIn(disk: Disk, folder: string, identity: string): Promise<StateMachine> {
  const { log } = JSON.parse(identity) as {
    readonly log: { readonly id: string; readonly made: boolean };
  };
  const { storage, recovered } = await openStorageOn(
    disk,
    { folder: join(folder, 'log'), log, onFailure: (error) => assert.fail(error) },
    segments,
  );
  assert.ok(recovered !== undefined);
  const { snapshot } = recovered;
  assert.deepEqual(recovered.hardState, { term: 4, votedFor: null, commit: snapshot.index });
  assert.deepEqual(snapshot.membership.members, [
    { id: 'a', address: '127.0.0.1:1', role: 'voter' },
  ]);
  const reader = storage.openSnapshot(snapshot.hash);
  const offset = storage.stateOffset(snapshot);
  const bytes = await reader?.read(offset, snapshot.byteLength - offset);
  reader?.close();
  await storage.close();
  return restoreStateMachine([bytes ?? new Uint8Array()]);
}

describe('A restored backup', () => {
  it('is a cluster of one node that starts, with tokens and positions past all of before (BEGIN-1, BEGIN-2)', async () => {
    const bytes = backUp(stateWith(3));
    const restored = await restore({ hash: hashOf(bytes) });
    assert.equal(restored.fenceCounter, jump);
    assert.ok(restored.index >= jump);
    assert.deepEqual(restored.backup, {
      index: 7,
      hash: hashOf(bytes),
      byteLength: bytes.byteLength,
    });
    const engine = await createRaftEngine({ ...oneNode(join(home, 'node')), clusterId: 'new' });
    try {
      const sessionId = 'later' as SessionId;
      const options = { identity: 'test', timeoutMs: 10_000 };
      const made = await engine.submit(
        {
          type: 'create_session',
          sessionId,
          clientId: 'x',
          timeoutMs: 30_000,
          lockDelayMs: 0,
          createdAtMs: 0,
        },
        options,
      );
      assert.ok(made.ok);
      const granted = await engine.submit(
        {
          type: 'acquire',
          sessionId,
          name: nameOf(0),
          requestId: 1,
          mode: 'exclusive',
          waitMs: 0,
          acquiredAtMs: 0,
        },
        options,
      );
      assert.ok(granted.ok && granted.type === 'granted');
      assert.equal(granted.fenceToken, jump + 1);
    } finally {
      await engine.close();
    }
    await assert.rejects(createRaftEngine(oneNode(join(home, 'node'))), /of cluster "new"/);
  });

  it('has no sessions of before, as if they had expired: what they held waits for its lock delay (BEGIN-3)', async () => {
    // Given more sessions than one entry ends
    backUp(stateWith(350, 20_000));
    const folder = join(home, 'node');
    const restored = await restore({ folder });
    assert.equal(restored.endedSessions, 351);
    const state = await stateIn(
      fileDisk,
      folder,
      readFileSync(join(folder, 'identity.json'), 'utf8'),
    );
    assert.equal(state.stats().activeSessions, 0);
    assert.equal(state.stats().heldLocks, 0);
    assert.equal(state.stats().waiters, 0);
    assert.equal(state.endedReason(session(0)), 'expired');
    assert.equal(state.show('lock', nameOf(0)).holders.length, 0);
    assert.ok((state.nextDueTime() ?? 0) > state.time, 'the end of the lock delays is due');
  });

  it('has them all where they are kept, with their holds and their places in queues', async () => {
    const before = stateWith(3);
    backUp(before);
    const folder = join(home, 'node');
    const restored = await restore({ folder, sessions: 'keep' });
    assert.equal(restored.endedSessions, 0);
    const state = await stateIn(
      fileDisk,
      folder,
      readFileSync(join(folder, 'identity.json'), 'utf8'),
    );
    const { fenceCounter: _before, ...statsBefore } = before.stats();
    const { fenceCounter, ...stats } = state.stats();
    assert.deepEqual(stats, statsBefore);
    assert.equal(fenceCounter, jump);
    assert.deepEqual(state.session(session(0)), before.session(session(0)));
    assert.deepEqual(state.show('lock', nameOf(0)), before.show('lock', nameOf(0)));
  });

  describe('with keys', () => {
    const apply = (state: StateMachine, ...commands: readonly Command[]): void => {
      const { results } = state.apply({
        index: state.index + 1,
        time: state.time,
        commands: commands.map((command) => ({ identity: 'holdfast', command })),
      });
      assert.ok(
        results.every(({ ok }) => ok),
        JSON.stringify(results),
      );
    };
    const key = (id: string, identity: string): Command => ({
      type: 'auth_create_key',
      id,
      identity,
      hash: 'a'.repeat(64),
      createdAtMs: 1,
      roles: ['admin'],
    });
    const administrator = {
      id: 'knew',
      hash: 'b'.repeat(64),
      identity: 'recovery-knew',
      createdAtMs: 2,
    };

    function withKeys(isEnabled: boolean): StateMachine {
      const state = stateWith(1);
      apply(
        state,
        { type: 'auth_grant', role: 'worker', rule: { verb: 'read', kind: 'lock' } },
        key('k1', 'root'),
        key('k2', 'taken since'),
        { type: 'auth_bind', identity: 'anonymous', role: 'worker' },
        { type: 'auth_map_certificate', field: 'dns', value: 'x.example', identity: 'root' },
        ...(isEnabled ? [{ type: 'auth_enable' } as const] : []),
      );
      return state;
    }

    const found = async (): Promise<StateMachine['access']> => {
      const folder = join(home, 'node');
      const identity = readFileSync(join(folder, 'identity.json'), 'utf8');
      return (await stateIn(fileDisk, folder, identity)).access;
    };

    it('is refused until it is said what becomes of them (BEGIN-5)', async () => {
      backUp(withKeys(true));
      await assert.rejects(restore(), isRefused(/2 API keys, 1 mapped certificates.*--keys end/));
      assert.equal(existsSync(join(home, 'node')), false);
    });

    it('brings them back as they were where they are kept', async () => {
      backUp(withKeys(true));
      const restored = await restore({ keys: 'keep', administrator });
      assert.partialDeepStrictEqual(restored, {
        isEnabled: true,
        endedKeys: 0,
        isNewKeyUsed: false,
      });
      const access = await found();
      assert.deepEqual([...access.keys.keys()], ['k1', 'k2']);
      assert.equal(access.isEnabled, true);
    });

    it('has one new key and nothing else that opens it where they end (BEGIN-6)', async () => {
      const state = withKeys(true);
      for (let at = 0; at < 250; at++) apply(state, key(`more${String(at)}`, 'root'));
      backUp(state);
      const restored = await restore({ keys: 'end', administrator });
      assert.partialDeepStrictEqual(restored, {
        isEnabled: true,
        endedKeys: 252,
        isNewKeyUsed: true,
      });
      const access = await found();
      assert.equal(access.isEnabled, true);
      assert.deepEqual([...access.keys.keys()], ['knew']);
      assert.deepEqual([...access.bindings.keys()], ['recovery-knew']);
      assert.equal(access.certificates.size, 0);
      assert.deepEqual([...access.roles.keys()], ['worker']);
    });

    it('has none where they end and authentication was off: it stays off', async () => {
      backUp(withKeys(false));
      const restored = await restore({ keys: 'end', administrator });
      assert.partialDeepStrictEqual(restored, { isEnabled: false, isNewKeyUsed: false });
      const access = await found();
      assert.deepEqual([access.isEnabled, access.keys.size, access.bindings.size], [false, 0, 0]);
    });
  });

  it('begins past all of a restore before that it is told of (BEGIN-4)', async () => {
    backUp(stateWith(3));
    // Given a restore, whose cluster gave tokens, and entries with positions
    const first = await restore({ folder: join(home, 'first') });
    // When the same backup is restored again
    for (const told of [first.fenceCounter, first.fenceCounter + 5000, 2 * jump - 1]) {
      const folder = join(home, String(told));
      const again = await restore({ folder, fenceAbove: told });
      // Then none of its numbers is one of those
      assert.equal(again.fenceCounter, 2 * jump);
      assert.ok(again.index >= 2 * jump && again.index < 3 * jump);
      const state = await stateIn(
        fileDisk,
        folder,
        readFileSync(join(folder, 'identity.json'), 'utf8'),
      );
      assert.equal(state.stats().fenceCounter, 2 * jump);
    }
    const last = 8191 * jump;
    const highest = await restore({ folder: join(home, 'highest'), fenceAbove: last - 1 });
    assert.equal(highest.fenceCounter, last);
    const folder = join(home, 'past the end');
    await assert.rejects(
      restore({ folder, fenceAbove: last }),
      isRefused(/2\^53 - 1.*new cluster/),
    );
    assert.ok(!existsSync(folder), 'nothing was written');
  });

  it('has one beginning for tokens and positions, past both of the backup (BEGIN-4)', async () => {
    const state = stateWith(1);
    state.skipTo(3 * jump + 5);
    backUp(state);
    const restored = await restore();
    assert.equal(restored.fenceCounter, 4 * jump);
    assert.ok(restored.index >= 4 * jump && restored.index < 5 * jump);
  });

  it('of a backup of a restored cluster jumps again, until the numbers are used up', async () => {
    const state = stateWith(1);
    const enter = (): boolean =>
      state.apply({
        index: state.index + 1,
        time: state.time,
        commands: [{ identity: 'test', command: { type: 'jump_fence_counter' } }],
      }).results[0]?.ok === true;
    let jumps = 0;
    while (enter()) jumps += 1;
    assert.equal(jumps, 8191);
    backUp(state);
    await assert.rejects(
      restore(),
      isRefused(/2\^53 - 1.*fence counter of the backup is at \d+.*new cluster/),
    );
    assert.ok(!existsSync(join(home, 'node')), 'nothing was written');
    const late = createStateMachine();
    late.skipTo(Number.MAX_SAFE_INTEGER - 5);
    backUp(late);
    await assert.rejects(restore(), isRefused(/its log at index \d+/));
    assert.ok(!existsSync(join(home, 'node')));
  });
});

describe('A backup that is not whole (BFILE-1)', () => {
  it('is refused, wherever it is cut off or damaged, and nothing is written (REST-2)', async () => {
    const bytes = backUp(stateWith(3));
    const hash = hashOf(bytes);
    for (let length = 0; length < bytes.byteLength; length += 97) {
      writeFileSync(file, bytes.subarray(0, length));
      await assert.rejects(restore({ hash }), isRefused(/SHA-256/), `${String(length)} bytes`);
      await assert.rejects(
        restore(),
        isRefused(/no backup|no whole backup/),
        `${String(length)} bytes`,
      );
    }
    const headBytes = bytes.indexOf(0x0a) + 1;
    for (let at = 0; at < bytes.byteLength; at += 89) {
      const damaged = Buffer.from(bytes);
      damaged.writeUInt8((bytes[at] ?? 0) ^ 1, at);
      writeFileSync(file, damaged);
      await assert.rejects(restore({ hash }), isRefused(/SHA-256/), `byte ${String(at)}`);
      // Without the hash, the state's own sum.
      if (at >= headBytes)
        await assert.rejects(restore(), isRefused(/no whole backup/), `byte ${String(at)}`);
    }
    assert.ok(!existsSync(join(home, 'node')));
  });

  it('is refused where payloads that its state names are not in it, as in a snapshot of a folder (BFILE-3)', async () => {
    const state = createStateMachine();
    const commands: readonly Command[] = [
      { type: 'raise_feature_level', level: latestFeatureLevel },
      {
        type: 'queue_push',
        name: 'mail' as ResourceName,
        messages: [{ key: 'a', payload: 'x'.repeat(1000) }],
      },
    ];
    const { payloads } = state.apply({
      index: 7,
      time: 1000,
      commands: commands.map((command) => ({ identity: 'test', command })),
    });
    const [kept] = payloads?.kept ?? [];
    assert.ok(kept !== undefined);
    backUp(state);
    const named = `payload of message ${String(kept.id)} is not in it`;
    await assert.rejects(restore(), isRefused(new RegExp(named)));
    assert.ok(!existsSync(join(home, 'node')));
  });

  it('is refused where head and state do not belong together', async () => {
    const bytes = backUp(stateWith(3));
    const head = encodeHead({ index: 8, term: 4, membership: { members: [] } });
    writeFileSync(file, Buffer.concat([head, bytes.subarray(bytes.indexOf(0x0a) + 1)]));
    await assert.rejects(restore(), isRefused(/head says index 8, its state 7/));
  });
});

describe('The folder of a restore', () => {
  it('has to be empty or absent (REST-3)', async () => {
    backUp(stateWith(1));
    const folder = join(home, 'node');
    await restore({ folder });
    const names = readdirSync(folder, { recursive: true });
    await assert.rejects(restore({ folder }), isRefused(/is not empty: there is "identity\.json"/));
    assert.deepEqual(readdirSync(folder, { recursive: true }), names);
    const other = join(home, 'other');
    const engine = await createRaftEngine(oneNode(other));
    await assert.rejects(restore({ folder: other }), isRefused(/is not empty/));
    await engine.close();
    const locked = join(home, 'locked');
    await fileDisk.makeFolder(join(locked, 'log'));
    const unlock = await fileDisk.lock(join(locked, 'log', 'lock'));
    await assert.rejects(restore({ folder: locked }), /in use by another process/);
    unlock();
    // What a node leaves that had the lock and made nothing (FOLDER-1 of the storage).
    writeFileSync(join(locked, 'log', 'owner'), 'its name');
    await restore({ folder: locked });
  });

  it('may be the root of a file system, with the folder that the system makes in it (REST-3)', async () => {
    backUp(stateWith(1));
    const folder = join(home, 'disk');
    for (const path of [folder, join(folder, 'log'), join(folder, 'snapshots')])
      await fileDisk.makeFolder(join(path, 'lost+found'));
    await assert.doesNotReject(restore({ folder }));
    const engine = await createRaftEngine({ ...oneNode(folder), clusterId: 'new' });
    await engine.close();
    for (const path of [folder, join(folder, 'log')])
      assert.ok(existsSync(join(path, 'lost+found')));
    // What only has its name is somebody's.
    const other = join(home, 'other disk');
    await fileDisk.makeFolder(other);
    writeFileSync(join(other, 'lost+found'), '');
    await assert.rejects(restore({ folder: other }), isRefused(/there is "lost\+found" in it/));
  });

  it('is whole, or refused by name, or as before, whenever the power goes (REST-1)', async () => {
    backUp(stateWith(3));
    const seen = { before: 0, refused: 0, whole: 0 };
    for (let steps = 0; seen.whole < 3; steps++) {
      assert.ok(steps < 200, JSON.stringify(seen));
      const files = new MemoryFiles();
      const disks = { left: steps, isOver: false };
      const disk = (): Disk =>
        files.disk({
          now: () => 0,
          later: (_operation, act) => {
            if (disks.left <= 0) return;
            disks.left -= 1;
            queueMicrotask(act);
          },
        });
      void restore({ folder: '/n', disk: disk() }).finally(() => {
        disks.isOver = true;
      });
      while (!disks.isOver && disks.left > 0) await nextTurn();
      for (let turns = 0; turns < 3; turns++) await nextTurn();
      // When the power goes, and each name that is not durable is the old or the new one
      files.cutPower(randomnessOf(steps + 1));
      disks.left = Number.POSITIVE_INFINITY;
      const names = files.paths;
      if (names.includes('/n/restoring.json')) {
        assert.ok(!disks.isOver);
        seen.refused += 1;
        await assert.rejects(
          restore({ folder: '/n', disk: disk() }),
          isRefused(/restoring\.json says/),
        );
      } else if (names.includes('/n/identity.json')) {
        seen.whole += 1;
        const state = await stateIn(disk(), '/n', files.bytes('/n/identity.json').toString());
        assert.equal(state.stats().fenceCounter, jump);
      } else {
        assert.deepEqual(names, [], `${String(steps)} steps`);
        seen.before += 1;
      }
    }
    assert.ok(seen.before > 0 && seen.refused > 5, JSON.stringify(seen));
  });

  it('of a restore that did not end starts no node, and says what to do', async () => {
    const folder = join(home, 'node');
    await fileDisk.makeFolder(folder);
    writeFileSync(join(folder, 'restoring.json'), '');
    await assert.rejects(
      createRaftEngine(oneNode(folder)),
      /restoring\.json says that a restore into this folder has not come to its end.*delete the folder/,
    );
    assert.ok(!existsSync(join(folder, 'identity.json')));
  });
});

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
