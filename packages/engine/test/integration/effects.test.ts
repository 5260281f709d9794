/** Codes of a cluster that say that nothing was done, with real disks and sockets: nothing of them is in any log. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import type { ErrorCode } from '@holdfast/protocol';
import type { MemberId } from '@holdfast/raft';
import type { ResourceName, SessionId } from '@holdfast/state';
import { Administration } from '../../src/administration.ts';
import type { Engine } from '../../src/index.ts';
import type { LeaderRoute } from '../../src/leader-route.ts';
import type { Replica } from '../../src/replica.ts';
import { silentLog, startTestCluster, statusReached } from '../cluster.ts';
import type { TestCluster } from '../cluster.ts';
import { StillClock } from '../unit/still-clock.ts';

const asker = { identity: 'anonymous' };
const sessionId = 's' as SessionId;

const isCode =
  (code: ErrorCode) =>
  (error: unknown): boolean =>
    error instanceof HoldfastError && error.code === code;

const createSession = (engine: Engine): Promise<unknown> =>
  engine.submit(
    {
      type: 'create_session',
      sessionId,
      clientId: 'c',
      timeoutMs: 60_000,
      lockDelayMs: 0,
      createdAtMs: 0,
    },
    asker,
  );

async function within<T>(
  ids: readonly string[],
  options: Parameters<typeof startTestCluster>[1],
  body: (cluster: TestCluster) => Promise<T>,
): Promise<T> {
  const cluster = await startTestCluster(ids, options);
  try {
    return await body(cluster);
  } finally {
    await cluster.close();
  }
}

/** Refused, and neither the log nor the members are others than before. */
async function assertNothingDone(
  engine: Engine,
  code: ErrorCode,
  ask: () => Promise<unknown>,
): Promise<void> {
  const before = engine.status();
  await assert.rejects(ask(), isCode(code));
  const after = engine.status();
  assert.equal(after.lastIndex, before.lastIndex, `${code}: something was logged`);
  assert.deepEqual(
    after.members.map(({ id, role }) => [id, role]),
    before.members.map(({ id, role }) => [id, role]),
  );
}

describe('A cluster that refuses with a code that says that nothing was done', () => {
  it('has logged nothing of what an older member cannot read (not_supported_yet)', () =>
    within(['a'], { supportedFeatureLevel: 1 }, async (cluster) => {
      const engine = await cluster.leader();
      await createSession(engine);
      const name = 'k' as ResourceName;
      await assertNothingDone(engine, 'not_supported_yet', () =>
        engine.submit({ type: 'cache_set', name, value: 1 }, asker),
      );
    }));

  it('has changed no member (learner_not_ready, member_exists, member_not_found)', () =>
    within(['a'], { extraIds: ['d'] }, async (cluster) => {
      const engine = await cluster.leader();
      await statusReached([engine], () => engine.status().featureLevel > 1);
      const address = `127.0.0.1:${String(cluster.ports.get('d'))}`;
      await engine.addMember('d', address);
      await assertNothingDone(engine, 'learner_not_ready', () => engine.promoteMember('d'));
      await assertNothingDone(engine, 'member_exists', () => engine.addMember('d', address));
      for (const ask of [
        () => engine.removeMember('nobody'),
        () => engine.promoteMember('nobody'),
        () => engine.transferLeadership('nobody'),
      ])
        await assertNothingDone(engine, 'member_not_found', ask);
    }));

  it('executes nothing when its members are back (no_quorum)', () =>
    within(['a', 'b'], {}, async (cluster) => {
      await createSession(await cluster.leader());
      const name = 'x' as ResourceName;
      await cluster.engines.get('b')?.close();
      cluster.engines.delete('b');
      const left = cluster.engines.get('a') ?? assert.fail();
      await statusReached([left], () => left.status().leader === null);
      await assertNothingDone(left, 'no_quorum', () =>
        left.submit(
          {
            type: 'acquire',
            sessionId,
            name,
            requestId: 1,
            mode: 'exclusive',
            waitMs: 0,
            acquiredAtMs: 0,
          },
          { ...asker, timeoutMs: 200 },
        ),
      );
      await cluster.start('b');
      const leader = await cluster.leader();
      const { view } = await leader.query({ type: 'lock', name }, 'linearizable', asker);
      assert.deepEqual([view?.holders, view?.waiters], [[], []]);
    }));
});

describe('A change of the members behind one that is not committed in time', () => {
  /** Asks where what is in the log has been applied up to here, and another change is under way or not. */
  async function refused(applied: number): Promise<readonly object[]> {
    const proposed: object[] = [];
    const members = [
      { id: 'a', address: 'a:1', role: 'voter' },
      { id: 'b', address: 'b:1', role: 'learner' },
    ];
    const clock = new StillClock();
    const administration = new Administration({
      nodeId: 'a' as MemberId,
      clock,
      log: silentLog,
      replica: {
        status: () => ({ membership: { members }, membershipIndex: 7, applied }),
        changeMembership: (change: object) => {
          const isRefused = applied === 7;
          if (!isRefused) proposed.push(change);
          return isRefused
            ? { ok: false, reason: 'change_in_progress' }
            : { ok: true, index: 8, term: 1 };
        },
      } as unknown as Replica,
      route: {} as unknown as LeaderRoute,
      reachable: true,
    });
    const call = { type: 'remove_member', id: 'b', identity: 'ann' } as const;
    const outcome = administration.execute(call, clock.now() + 1000);
    const isRefused = assert.rejects(outcome, isCode('membership_change_in_progress'));
    for (let turn = 0; turn < 300; turn++) {
      clock.pass(10);
      await Promise.resolve();
    }
    await isRefused;
    return proposed;
  }

  it('is not proposed (membership_change_in_progress)', async () => {
    assert.deepEqual(await refused(6), []);
    assert.deepEqual(await refused(7), []);
  });
});
