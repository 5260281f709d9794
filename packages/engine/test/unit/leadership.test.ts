import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Status } from '@holdfast/raft';
import { createStateMachine, initialLimits } from '@holdfast/state';
import type { Applied, Command, ResourceName, SessionId } from '@holdfast/state';
import { ClusterClock } from '../../src/cluster-clock.ts';
import type { CommandQueue } from '../../src/command-queue.ts';
import { Interrupted } from '../../src/interrupted.ts';
import { Leadership } from '../../src/leadership.ts';
import type { Replica } from '../../src/replica.ts';
import { StillClock } from './still-clock.ts';

const sessionId = 'session-1' as SessionId;
const leads: Pick<Status, 'role' | 'term' | 'ready'> = { role: 'leader', term: 1, ready: true };

const creating = (id: SessionId): Command => ({
  type: 'create_session',
  sessionId: id,
  clientId: 'tester',
  timeoutMs: 1000,
  lockDelayMs: 0,
  createdAtMs: 0,
});

/** A leader with one session, whose proofs the test decides. */
function leadWithSession(): {
  leadership: Leadership;
  clock: StillClock;
  proofs: { prove: () => void; refuse: () => void }[];
  expired: string[];
} {
  const state = createStateMachine();
  state.apply({
    index: 1,
    time: 0,
    commands: [
      {
        identity: 'anonymous',
        command: creating(sessionId),
      },
    ],
  });
  const proofs: { prove: () => void; refuse: () => void }[] = [];
  const prove = (): Promise<void> =>
    new Promise((resolve, reject) => {
      proofs.push({ prove: resolve, refuse: () => reject(new Error('not the leader')) });
    });
  const expired: string[] = [];
  const submit: CommandQueue['submit'] = ({ command }) => {
    if (command.type === 'expire_session') expired.push(command.sessionId);
  };
  const clock = new StillClock();
  const leadership = new Leadership({
    clock,
    clusterClock: new ClusterClock(),
    // What a leadership needs of them, and no more.
    replica: { state, prove } as unknown as Replica,
    queue: { submit, interrupt: () => undefined } as unknown as CommandQueue,
    limits: initialLimits,
  });
  leadership.onStatus(leads as Status);
  return { leadership, clock, proofs, expired };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('A leadership', () => {
  it('answers a keepalive, and renews the lease, only after a proof begun after it came (E1)', async () => {
    const { leadership, clock, proofs, expired } = leadWithSession();
    clock.pass(900);
    let answered = false;
    const answer = leadership.keepAlive(sessionId).then((result) => {
      answered = true;
      return result;
    });
    await turn();
    assert.equal(answered, false);
    assert.equal(proofs.length, 1);
    proofs[0]?.prove();
    assert.deepEqual(await answer, { ok: true, timeoutMs: 1000 });
    clock.pass(900);
    leadership.onTick();
    assert.deepEqual(expired, []);
    clock.pass(101);
    leadership.onTick();
    assert.deepEqual(expired, [sessionId]);
  });

  it('that cannot be proven answers no keepalive and renews nothing (E1)', async () => {
    const { leadership, clock, proofs, expired } = leadWithSession();
    clock.pass(900);
    const answer = leadership.keepAlive(sessionId);
    await turn();
    proofs[0]?.refuse();
    await assert.rejects(answer, Interrupted);
    clock.pass(101);
    leadership.onTick();
    assert.deepEqual(expired, [sessionId]);
  });

  it('answers no read before a proof', async () => {
    const { leadership, proofs } = leadWithSession();
    let answered = false;
    const answer = leadership.query({ type: 'stats' }).then(() => (answered = true));
    await turn();
    assert.equal(answered, false);
    proofs[0]?.prove();
    await answer;
  });

  it('gives every session its full timeout again when it begins (L2)', async () => {
    const { leadership, clock, expired } = leadWithSession();
    clock.pass(900);
    leadership.onStatus({ ...leads, role: 'follower', ready: false } as Status);
    leadership.onStatus({ ...leads, term: 2 } as Status);
    clock.pass(900);
    leadership.onTick();
    assert.deepEqual(expired, []);
    clock.pass(101);
    leadership.onTick();
    assert.deepEqual(expired, [sessionId]);
  });

  it('begins the leases of many sessions in several turns, and a keepalive does not wait for its own (E3)', async () => {
    const state = createStateMachine();
    const names = Array.from({ length: 12_000 }, (_, number) => `s${String(number)}` as SessionId);
    const commands = names.map((one) => ({ identity: 'anonymous', command: creating(one) }));
    state.apply({ index: 1, time: 0, commands });
    const turns: (() => void)[] = [];
    const clock = new StillClock();
    clock.endOfTurn = (callback) => void turns.push(callback);
    const expired: string[] = [];
    const leadership = new Leadership({
      clock,
      clusterClock: new ClusterClock(),
      replica: { state, prove: () => Promise.resolve() } as unknown as Replica,
      queue: {
        submit: ({ command }: Parameters<CommandQueue['submit']>[0]) => {
          if (command.type === 'expire_session') expired.push(command.sessionId);
        },
        interrupt: () => undefined,
      } as unknown as CommandQueue,
      limits: initialLimits,
    });
    leadership.onStatus(leads as Status);
    assert.equal(leadership.leases.size, 5000);
    const last = names.at(-1) ?? sessionId;
    const answer = leadership.keepAlive(last);
    turns.pop()?.();
    assert.deepEqual(await answer, { ok: true, timeoutMs: 1000 });
    while (turns.length > 0) turns.pop()?.();
    assert.equal(leadership.leases.size, names.length);
    clock.pass(1001);
    leadership.onTick();
    assert.equal(expired.length, 500);
  });

  it('puts its limits in force as it begins, before any other command (LIMIT-2)', () => {
    const state = createStateMachine();
    const limits = { ...initialLimits, maxHoldsPerResource: 10_000, maxWorkPerEntry: 1000 };
    const submitted: Command[] = [];
    const leadership = new Leadership({
      clock: new StillClock(),
      clusterClock: new ClusterClock(),
      replica: { state } as unknown as Replica,
      queue: {
        submit: ({ command }: Parameters<CommandQueue['submit']>[0]) => submitted.push(command),
        interrupt: () => undefined,
      } as unknown as CommandQueue,
      limits,
    });
    leadership.onStatus(leads as Status);
    assert.deepEqual(submitted, [{ type: 'set_limits', limits }]);
    leadership.onTick();
    assert.equal(submitted.length, 1, 'once, until that is applied');
  });

  it('goes on at once with what did not fit into an entry, one entry at a time (E2)', async () => {
    const state = createStateMachine({ ...initialLimits, maxWorkPerEntry: 1 });
    let index = 0;
    const apply = (...commands: readonly Command[]): Applied =>
      state.apply({
        index: (index += 1),
        time: 0,
        commands: commands.map((command) => ({ identity: 'anonymous', command })),
      });
    apply(creating(sessionId));
    for (const name of ['x', 'y', 'z'] as ResourceName[])
      apply({
        type: 'acquire',
        sessionId,
        requestId: name,
        name,
        mode: 'exclusive',
        waitMs: 0,
        acquiredAtMs: 0,
      });
    const submitted: { readonly type: string; readonly resolve: () => void }[] = [];
    const leadership = new Leadership({
      clock: new StillClock(),
      clusterClock: new ClusterClock(),
      replica: { state } as unknown as Replica,
      queue: {
        submit: ({ command }: Parameters<CommandQueue['submit']>[0], resolve: () => void) =>
          submitted.push({ type: command.type, resolve }),
        interrupt: () => undefined,
      } as unknown as CommandQueue,
      limits: state.limits,
    });
    leadership.onStatus(leads as Status);
    const end: Command = { type: 'end_session', sessionId };
    const batch = { time: 0, commands: [{ identity: 'anonymous', command: end }] };
    leadership.onApplied(batch, apply(end).events);
    leadership.onApplied({ time: 0, commands: [] }, []);
    let entries = 0;
    for (let next = submitted.pop(); next !== undefined; next = submitted.pop()) {
      assert.deepEqual([next.type, submitted.length], ['advance', 0], 'one in flight');
      leadership.onApplied({ time: 0, commands: [] }, apply({ type: 'advance' }).events);
      next.resolve();
      await turn();
      entries += 1;
    }
    assert.equal(entries, 2);
    assert.equal(state.stats().heldLocks, 0);
  });
});
