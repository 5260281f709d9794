import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError } from '@holdfast/protocol';
import { createStateMachine, initialLimits } from '@holdfast/state';
import type { Command, ResourceName, SessionId } from '@holdfast/state';
import { ClusterClock } from '../../src/cluster-clock.ts';
import type { CommandQueue } from '../../src/command-queue.ts';
import { createRaftEngine } from '../../src/index.ts';
import { LeaderDuties } from '../../src/leadership.ts';
import type { Replica } from '../../src/replica.ts';
import type { Query } from '../../src/types.ts';
import { oneNode } from '../one-node.ts';
import { StillClock } from './still-clock.ts';

const caller = { identity: 'ann', isAdministrator: true } as const;
const sessionId = 'session-1' as SessionId;
const name = 'x' as ResourceName;
const endsAfterMs = 60_000;

const terms = { maxHoldMs: endsAfterMs };
const asked = { sessionId, waitMs: 0, acquiredAtMs: 0, terms };
/** Each of them leaves something that has an age or a remaining time. */
const made: readonly Command[] = [
  {
    type: 'create_session',
    sessionId,
    clientId: 'ann',
    timeoutMs: 600_000,
    lockDelayMs: 0,
    createdAtMs: 0,
  },
  { type: 'acquire', name, mode: 'exclusive', requestId: '1', ...asked },
  { type: 'acquire_permits', name, permits: 1, limit: 2, requestId: '2', ...asked },
  { type: 'cache_set', name, value: '1', ttlMs: endsAfterMs },
  {
    type: 'queue_push',
    name,
    messages: [
      { key: 'dead', payload: 1, maxDeliveries: 1 },
      { key: 'taken', payload: 2 },
      { key: 'taken', payload: 3 },
    ],
  },
  { type: 'queue_pop', name, count: 2, visibilityMs: endsAfterMs },
];

const isNotYet = (answer: unknown): boolean =>
  answer instanceof HoldfastError && answer.code === 'not_supported_yet';

/** A node that follows: what it knows of the time is what it applied. */
function follower() {
  const state = createStateMachine({ ...initialLimits });
  const clock = new StillClock();
  const leadership = new LeaderDuties({
    clock,
    clusterClock: new ClusterClock(),
    // What a leadership needs of them where it follows, and no more.
    replica: { state } as unknown as Replica,
    queue: {} as unknown as CommandQueue,
    limits: initialLimits,
  });
  const apply = (...commands: readonly Command[]): void => {
    const batch = {
      time: 1000,
      commands: commands.map((command) => ({ identity: 'ann', command })),
    };
    const { results, events } = state.apply({ index: state.index + 1, ...batch });
    for (const result of results) assert.ok(result.ok, JSON.stringify(result));
    leadership.onApplied(batch, events);
  };
  apply(...made);
  const dead = state.queues.show(name)?.counts.inFlight;
  assert.equal(dead, 2);
  const ask = (query: Query) => {
    const answer = leadership.queryHere(query, caller);
    assert.ok(!(answer instanceof Promise), 'it takes no time');
    return answer;
  };
  return { clock, ask };
}

describe('What a node tells without a proof while nothing is logged', () => {
  it('has ages that grow, and remaining times that shrink', () => {
    const { clock, ask } = follower();
    const told = () => {
      const queue = ask({ type: 'queue', name });
      const queues = ask({ type: 'queues', wanted: { prefix: '', limit: 10 } });
      const blocked = ask({ type: 'blocked_keys', name, limit: 10 });
      const lock = ask({ type: 'lock', name });
      const semaphore = ask({ type: 'semaphore', name });
      const cache = ask({ type: 'cache', name });
      const locks = ask({ type: 'list', kind: 'lock', wanted: { prefix: '', limit: 10 } });
      assert.ok(queue.type === 'queue' && queues.type === 'queues');
      assert.ok(blocked.type === 'blocked_keys' && lock.type === 'lock');
      assert.ok(semaphore.type === 'semaphore' && cache.type === 'cache');
      assert.ok(locks.type === 'list' && locks.listed.kind === 'lock');
      return {
        queue: queue.view?.oldestAgeMs,
        queues: queues.page.queues[0]?.oldestAgeMs,
        blocked: blocked.page?.keys[0]?.endsInMs,
        lock: lock.view.holders[0]?.endsInMs,
        semaphore: semaphore.view?.holders[0]?.endsInMs,
        cache: cache.view?.expiresInMs,
        listed: locks.listed.rows[0]?.holders[0]?.endsInMs,
      };
    };
    const left = (ms: number) => ({
      blocked: ms,
      lock: ms,
      semaphore: ms,
      cache: ms,
      listed: ms,
    });
    assert.deepEqual(told(), { queue: 0, queues: 0, ...left(endsAfterMs) });
    clock.pass(45_000);
    assert.deepEqual(told(), { queue: 45_000, queues: 45_000, ...left(15_000) });
    clock.pass(45_000);
    assert.deepEqual(told(), { queue: 90_000, queues: 90_000, ...left(0) });
  });

  it(
    'has the age of a message that nobody takes, asked of a node as its metrics ask',
    { timeout: 20_000 },
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'holdfast-ages-'));
      const engine = await createRaftEngine(oneNode(folder));
      try {
        const push = { type: 'queue_push', name, messages: [{ key: 'k', payload: 1 }] } as const;
        // A new cluster has queues once its feature level is the latest.
        for (;;) {
          const answer = await engine
            .submit(push, { identity: 'ann' })
            .catch((error: unknown) => error);
          if (!isNotYet(answer)) break;
          await sleep(20);
        }
        const oldest = async () => {
          const query = { type: 'queues', wanted: { prefix: '', limit: 10 } } as const;
          const { page } = await engine.query(query, 'stale', { identity: 'metrics' });
          return page.queues[0]?.oldestAgeMs ?? 0;
        };
        const before = await oldest();
        while ((await oldest()) < before + 299) await sleep(20);
      } finally {
        await engine.close();
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
});
