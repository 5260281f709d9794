import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Status } from '@holdfast/raft';
import { createStateMachine, initialLimits } from '@holdfast/state';
import type { SessionId } from '@holdfast/state';
import { ClusterClock } from '../../src/cluster-clock.ts';
import type { CommandQueue } from '../../src/command-queue.ts';
import { Interrupted } from '../../src/interrupted.ts';
import { Leadership } from '../../src/leadership.ts';
import type { Replica } from '../../src/replica.ts';
import { StillClock } from './still-clock.ts';

const sessionId = 'session-1' as SessionId;
const leads: Pick<Status, 'role' | 'term' | 'ready'> = { role: 'leader', term: 1, ready: true };

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
        command: {
          type: 'create_session',
          sessionId,
          clientId: 'tester',
          timeoutMs: 1000,
          lockDelayMs: 0,
          createdAtMs: 0,
        },
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
});
