import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import type { CommandResult, ResourceName, SessionId } from '@holdfast/state';
import type { Engine } from '../../src/index.ts';
import { leaderOf, startTestCluster, statusReached } from '../cluster.ts';
import type { TestCluster } from '../cluster.ts';

const anonymous = { identity: 'anonymous' };

async function createSession(engine: Engine, timeoutMs = 30_000): Promise<SessionId> {
  const sessionId = randomUUID() as SessionId;
  const result = await engine.submit(
    {
      type: 'create_session',
      sessionId,
      clientId: 'tester',
      timeoutMs,
      lockDelayMs: 0,
      createdAtMs: 0,
    },
    anonymous,
  );
  assert.equal(result.ok, true);
  return sessionId;
}

function acquire(
  engine: Engine,
  sessionId: SessionId,
  name: string,
  waitMs = 0,
  signal?: AbortSignal,
): Promise<CommandResult> {
  return engine.submit(
    {
      type: 'acquire',
      sessionId,
      requestId: randomUUID(),
      name: name as ResourceName,
      mode: 'exclusive',
      waitMs,
      acquiredAtMs: 0,
    },
    { ...anonymous, ...(signal === undefined ? {} : { signal }) },
  );
}

const release = (engine: Engine, sessionId: SessionId, name: string): Promise<CommandResult> =>
  engine.submit(
    { type: 'release', sessionId, name: name as ResourceName, requestId: randomUUID() },
    anonymous,
  );

function token(result: CommandResult): number {
  assert.ok(result.ok && result.type === 'granted', JSON.stringify(result));
  return result.fenceToken;
}

async function waiterCount(engine: Engine, name: string): Promise<number> {
  const answer = await engine.query({ type: 'lock', name }, 'linearizable', anonymous);
  assert.equal(answer.type, 'lock');
  return answer.view.waiterCount;
}

describe('The limits', () => {
  it('on members that are configured differently, the limits of the leader are in force on all', async () => {
    const maxSessions = new Map([
      ['a', 3],
      ['b', 4],
      ['c', 5],
    ]);
    const cluster = await startTestCluster(['a', 'b', 'c'], {
      limitsOf: (id) => ({ maxSessions: maxSessions.get(id) ?? 0 }),
    });
    try {
      const leader = await cluster.leader();
      const other = [...cluster.engines.values()].find((engine) => engine !== leader);
      assert.ok(other !== undefined);
      // The no-op of the term, and the limits.
      while (leader.status().appliedIndex < 2)
        await leader.query({ type: 'stats' }, 'linearizable', anonymous);
      const limit = maxSessions.get(leader.status().nodeId) ?? 0;
      for (let count = 0; count < limit; count++) await createSession(other);
      await assert.rejects(createSession(other), { code: 'ERR_ASSERTION' });
    } finally {
      await cluster.close();
    }
  });
});

describe('An engine of three members', () => {
  let cluster: TestCluster;
  let leader: Engine;
  let follower: Engine;
  before(async () => {
    cluster = await startTestCluster(['a', 'b', 'c']);
    leader = await cluster.leader();
    follower = await statusReached(
      [...cluster.engines.values()],
      (engine) => engine !== leader && engine.status().leader === leader.status().nodeId,
    );
  });
  after(() => cluster.close());

  it('grants on any member, with tokens that rise', async () => {
    const session = await createSession(follower);
    const first = token(await acquire(leader, session, 'rise/1'));
    const second = token(await acquire(follower, session, 'rise/2'));
    assert.ok(second > first);
  });

  it('hands a lock to the waiter on another member when it is released', async () => {
    const holder = await createSession(leader);
    const waiter = await createSession(follower);
    const held = token(await acquire(leader, holder, 'hand-over'));
    const waiting = acquire(follower, waiter, 'hand-over', 10_000);
    while ((await waiterCount(leader, 'hand-over')) === 0);
    await release(follower, holder, 'hand-over');
    assert.ok(token(await waiting) > held);
  });

  it('serves a wait that ends in the very turn in which it begins', async () => {
    const holder = await createSession(leader);
    const waiter = await createSession(leader);
    await acquire(leader, holder, 'one-turn');
    const [waited] = await Promise.all([
      acquire(leader, waiter, 'one-turn', 10_000),
      release(leader, holder, 'one-turn'),
    ]);
    token(waited);
  });

  it('ends a wait at its deadline with wait_timeout', async () => {
    const holder = await createSession(leader);
    const waiter = await createSession(leader);
    await acquire(leader, holder, 'deadline');
    const result = await acquire(follower, waiter, 'deadline', 100);
    assert.ok(!result.ok);
    assert.equal(result.code, 'wait_timeout');
    assert.equal(await waiterCount(leader, 'deadline'), 0);
  });

  for (const side of ['leader', 'follower'] as const) {
    it(`cancels the wait of a caller that hangs up on the ${side}`, async () => {
      const engine = side === 'leader' ? leader : follower;
      const holder = await createSession(leader);
      const waiter = await createSession(leader);
      const name = `hang-up/${side}`;
      await acquire(leader, holder, name);
      const controller = new AbortController();
      const waiting = acquire(engine, waiter, name, 10_000, controller.signal);
      while ((await waiterCount(leader, name)) === 0);
      controller.abort();
      const result = await waiting;
      assert.ok(!result.ok);
      assert.equal(result.code, 'wait_abandoned');
      assert.equal(await waiterCount(leader, name), 0);
      await release(leader, holder, name);
      token(await acquire(leader, holder, name));
    });
  }

  it('gives back a grant whose caller left while it was on its way', async () => {
    const session = await createSession(leader);
    const controller = new AbortController();
    const racing = acquire(leader, session, 'late-winner', 0, controller.signal);
    controller.abort();
    const result = await racing;
    assert.ok(!result.ok);
    const other = await createSession(leader);
    token(await acquire(leader, other, 'late-winner', 5000));
  });

  it('keeps a session alive by keepalives and expires it without them', async () => {
    const kept = await createSession(leader, 600);
    const left = await createSession(leader, 600);
    token(await acquire(leader, left, 'expiring'));
    const waiting = acquire(leader, kept, 'expiring', 5000);
    const keeping = { now: true };
    const keeper = (async (): Promise<void> => {
      while (keeping.now) {
        const answer = await follower.keepAlive(kept, anonymous);
        assert.equal(answer.ok, true);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    })();
    token(await waiting);
    keeping.now = false;
    await keeper;
    const refused = await leader.keepAlive(left, anonymous);
    assert.ok(!refused.ok);
    assert.equal(refused.code, 'session_expired');
  });

  it('counts a command of the session as a sign of life', async () => {
    const session = await createSession(leader, 400);
    for (let round = 0; round < 8; round++) {
      token(await acquire(leader, session, `sign/${String(round)}`));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  });

  it('answers stale reads from the member itself', async () => {
    const session = await createSession(leader);
    const held = token(await acquire(leader, session, 'stale'));
    // The follower learns of the commit with the next append.
    for (;;) {
      const answer = await follower.query({ type: 'lock', name: 'stale' }, 'stale', anonymous);
      assert.equal(answer.type, 'lock');
      if (answer.view.holders[0]?.fenceToken === held) break;
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
});

describe('When the leader goes', () => {
  it('gracefully, a waiter on a follower keeps its place and is served by the next leader', async () => {
    const cluster = await startTestCluster(['a', 'b', 'c']);
    try {
      const leader = await cluster.leader();
      const others = [...cluster.engines.values()].filter((engine) => engine !== leader);
      const follower = others[0];
      assert.ok(follower !== undefined);
      const holder = await createSession(leader);
      const waiter = await createSession(leader);
      const held = token(await acquire(leader, holder, 'survives'));
      const waiting = acquire(follower, waiter, 'survives', 30_000);
      while ((await waiterCount(leader, 'survives')) === 0);
      cluster.engines.delete(leader.status().nodeId);
      await leader.close();
      const next = await leaderOf(others);
      assert.equal(await waiterCount(next, 'survives'), 1);
      await release(next, holder, 'survives');
      assert.ok(token(await waiting) > held);
    } finally {
      await cluster.close();
    }
  });

  it('a majority with it, calls end with an error in bounded time and grant nothing', async () => {
    const cluster = await startTestCluster(['a', 'b', 'c']);
    try {
      const leader = await cluster.leader();
      const session = await createSession(leader);
      const others = [...cluster.engines].filter(([, engine]) => engine !== leader);
      for (const [id, engine] of others) {
        cluster.engines.delete(id);
        await engine.close();
      }
      const attempt = leader.submit(
        {
          type: 'acquire',
          sessionId: session,
          requestId: 'lonely',
          name: 'lonely' as ResourceName,
          mode: 'exclusive',
          waitMs: 0,
          acquiredAtMs: 0,
        },
        { ...anonymous, timeoutMs: 1500 },
      );
      await assert.rejects(attempt, (error) => {
        assert.ok(error instanceof HoldfastError);
        return error.code === 'no_quorum' || error.code === 'outcome_unknown';
      });
      await assert.rejects(
        leader.keepAlive(session, { ...anonymous, timeoutMs: 300 }),
        HoldfastError,
      );
    } finally {
      await cluster.close();
    }
  });
});

describe('Membership and identity', () => {
  it('a new node joins as a learner, is promoted, and the cluster survives on it', async () => {
    const cluster = await startTestCluster(['a', 'b', 'c'], {
      extraIds: ['d'],
      snapshotLogBytes: 2000,
    });
    try {
      const leader = await cluster.leader();
      const session = await createSession(leader);
      for (let round = 0; round < 60; round++)
        token(await acquire(leader, session, `filler/${String(round)}`));
      const joined = await cluster.start('d', { join: true });
      const address = `127.0.0.1:${String(joinedPort(cluster, 'd'))}`;
      await leader.addMember('d', address);
      await statusReached([leader], (engine) =>
        engine.status().members.some((member) => member.id === 'd' && member.role === 'voter'),
      );
      await assert.rejects(leader.addMember('d', address), /member already/);
      await leader.removeMember(['a', 'b', 'c'].find((id) => id !== leader.status().nodeId) ?? '');
      assert.equal(leader.status().members.length, 3);
      await statusReached([joined], (engine) => engine.status().ready);
      token(await acquire(joined, session, 'after'));
    } finally {
      await cluster.close();
    }
  });

  it('a node that lost its folder is refused under its old id', async () => {
    const cluster = await startTestCluster(['a', 'b', 'c']);
    try {
      const leader = await cluster.leader();
      const victimId = ['a', 'b', 'c'].find((id) => id !== leader.status().nodeId) ?? '';
      await createSession(leader);
      await cluster.engines.get(victimId)?.close();
      cluster.engines.delete(victimId);
      rmSync(join(cluster.folder, victimId), { recursive: true });
      const wiped = await cluster.start(victimId);
      await assert.rejects(
        wiped.query({ type: 'stats' }, 'linearizable', { ...anonymous, timeoutMs: 1000 }),
        HoldfastError,
      );
      assert.equal(wiped.status().lastIndex, 0);
    } finally {
      await cluster.close();
    }
  });

  it('a folder of another node or cluster is refused with both names', async () => {
    const cluster = await startTestCluster(['a']);
    try {
      const folder = join(cluster.folder, 'a');
      await cluster.engines.get('a')?.close();
      cluster.engines.delete('a');
      await assert.rejects(cluster.start('a', { clusterId: 'other', folder }), /"test".*"other"/s);
    } finally {
      await cluster.close();
    }
  });
});

describe('A restart', () => {
  it('of all members loses nothing and repeats no token, across snapshots', async () => {
    const cluster = await startTestCluster(['a', 'b', 'c'], { snapshotLogBytes: 3000 });
    try {
      let leader = await cluster.leader();
      const session = await createSession(leader);
      let last = 0;
      for (let round = 0; round < 50; round++)
        last = token(await acquire(leader, session, `kept/${String(round)}`));
      await Promise.all([...cluster.engines.values()].map((engine) => engine.close()));
      cluster.engines.clear();
      await Promise.all(['a', 'b', 'c'].map((id) => cluster.start(id)));
      leader = await cluster.leader();
      const answer = await leader.query({ type: 'stats' }, 'linearizable', anonymous);
      assert.equal(answer.type, 'stats');
      assert.equal(answer.stats.heldLocks, 50);
      assert.ok(token(await acquire(leader, session, 'next')) > last);
    } finally {
      await cluster.close();
    }
  });
});

function joinedPort(cluster: TestCluster, id: string): number {
  return cluster.ports.get(id) ?? 0;
}
