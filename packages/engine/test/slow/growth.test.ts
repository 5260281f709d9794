/** A cluster that grows from one member to three and to five, and shrinks again to one, while it is used. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ResourceName, SessionId } from '@holdfast/state';
import type { Engine } from '../../src/index.ts';
import { leaderOf, startTestCluster, statusReached } from '../cluster.ts';
import type { TestCluster } from '../cluster.ts';

const caller = { identity: 'anonymous' };
const sessionId = '11111111-2222-4333-8444-555555555555' as SessionId;
const longestMs = 60_000;

class Grown {
  readonly #cluster: TestCluster;
  #latest = 0;
  #requests = 0;

  constructor(cluster: TestCluster) {
    this.#cluster = cluster;
  }

  get running(): readonly Engine[] {
    return [...this.#cluster.engines.values()];
  }

  /** Of those that run now. */
  leader(): Promise<Engine> {
    return leaderOf(this.running);
  }

  #requestId(): string {
    this.#requests += 1;
    return `99999999-0000-4000-8000-${String(this.#requests).padStart(12, '0')}`;
  }

  /** Whoever is asked: the session of the beginning is there, and tokens rise. */
  async works(asked: Engine): Promise<void> {
    const name = `step/${String(this.#requests)}` as ResourceName;
    const acquire = { type: 'acquire', sessionId, mode: 'exclusive', waitMs: 0 } as const;
    const granted = await asked.submit(
      { ...acquire, requestId: this.#requestId(), name, acquiredAtMs: 0 },
      caller,
    );
    assert.ok(granted.ok && granted.type === 'granted', JSON.stringify(granted));
    assert.ok(granted.fenceToken > this.#latest, 'tokens rise');
    this.#latest = granted.fenceToken;
  }

  async begin(): Promise<void> {
    const made = await (
      await this.leader()
    ).submit(
      {
        type: 'create_session',
        sessionId,
        clientId: 'grown',
        timeoutMs: 600_000,
        lockDelayMs: 0,
        createdAtMs: 0,
      },
      caller,
    );
    assert.ok(made.ok, JSON.stringify(made));
  }

  async join(id: string): Promise<void> {
    const joined = await this.#cluster.start(id, { join: true });
    const leader = await this.leader();
    await leader.addMember(id, `127.0.0.1:${String(this.#cluster.ports.get(id))}`);
    await statusReached(
      [leader],
      (engine) =>
        engine.status().members.some((member) => member.id === id && member.role === 'voter'),
      longestMs,
    );
    await statusReached([joined], (engine) => engine.status().ready, longestMs);
    await this.works(joined);
  }

  /** As a machine that is gone: nobody is told. */
  async stop(id: string): Promise<void> {
    await this.#cluster.engines.get(id)?.close();
    this.#cluster.engines.delete(id);
  }

  /** The leader itself is asked to remove the leader: it answers with the outcome, and another one leads. */
  async removeLeader(): Promise<void> {
    const leader = await this.leader();
    const { nodeId, members } = leader.status();
    await leader.removeMember(nodeId);
    await this.stop(nodeId);
    const next = await statusReached(
      this.running,
      (engine) => {
        const status = engine.status();
        return (
          status.ready &&
          status.leader === status.nodeId &&
          status.members.length === members.length - 1
        );
      },
      longestMs,
    );
    await this.works(next);
  }
}

describe('A cluster that grows from one to three to five', () => {
  it('works on each step, without any two of five, and after it has shrunk to one by removals of its leader', async () => {
    const cluster = await startTestCluster(['a'], { extraIds: ['b', 'c', 'd', 'e'] });
    try {
      const grown = new Grown(cluster);
      await grown.begin();
      await grown.works(await grown.leader());
      await grown.join('b');
      await grown.join('c');
      await grown.stop('a');
      await grown.works(await grown.leader());
      await cluster.start('a');
      await grown.join('d');
      await grown.join('e');
      const leader = await grown.leader();
      assert.equal(leader.status().members.length, 5);
      // Two are lost, the leader and another one: three of five are a majority.
      const leaderId = leader.status().nodeId;
      const lost = [leaderId, leaderId === 'b' ? 'c' : 'b'];
      for (const id of lost) await grown.stop(id);
      await grown.works(await grown.leader());
      for (const id of lost) await cluster.start(id);
      for (let left = 5; left > 1; left -= 1) await grown.removeLeader();
      const [last] = grown.running;
      assert.equal(grown.running.length, 1);
      assert.deepEqual(
        last?.status().members.map(({ id }) => id),
        [last?.status().nodeId],
      );
    } finally {
      await cluster.close();
    }
  });
});
