import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Status } from '@holdfast/raft';
import { createStateMachine } from '@holdfast/state';
import type { Command, CommandResult, Envelope, ResourceName, SessionId } from '@holdfast/state';
import type { CommandQueue } from '../../src/command-queue.ts';
import { Interrupted } from '../../src/interrupted.ts';
import { LeaderRoute } from '../../src/leader-route.ts';
import { Stamps } from '../../src/stamps.ts';
import { Submissions } from '../../src/submissions.ts';
import type { Transport } from '../../src/transport/types.ts';
import { cancelCommandOf, copiesLiveMs } from '../../src/waits.ts';
import { StillClock } from './still-clock.ts';

const options = { identity: 'anonymous' };

/** A node that leads, on a log whose time a test moves. */
class Node {
  readonly state = createStateMachine();
  readonly clock = new StillClock();
  /** What was logged, and in what way this node lost the leadership over it. */
  readonly logged: Envelope[] = [];
  readonly losses: Interrupted[] = [];
  timeMs = 1000;
  readonly submissions: Submissions;

  constructor() {
    const status = { role: 'leader', leader: 'a', ready: true } as unknown as Status;
    const route = new LeaderRoute(this.clock, {} as Transport, status);
    const stamps = new Stamps(() => this.state);
    const queue = {
      submit: (
        envelope: Envelope,
        done: (result: CommandResult) => void,
        lost: (error: Error) => void,
      ) => {
        const loss = this.losses.shift();
        this.logged.push(envelope);
        if (loss === undefined) done(this.apply(envelope));
        else {
          lost(loss);
          queueMicrotask(() => route.wake());
        }
      },
    } as unknown as CommandQueue;
    const log = { info() {}, warn() {}, error() {} };
    const payloads = { taken: () => assert.fail('Nothing is taken here.') };
    this.submissions = new Submissions({ clock: this.clock, log, queue, route, stamps, payloads });
  }

  apply(envelope: Envelope): CommandResult {
    const entry = { index: this.state.index + 1, time: this.timeMs, commands: [envelope] };
    const [result] = this.state.apply(entry).results;
    assert.ok(result !== undefined);
    return result;
  }

  submit(command: Command): Promise<CommandResult> {
    return this.submissions.submit(command, options);
  }
}

const acquire = (session: string, waitMs = 0): Command => ({
  type: 'acquire',
  sessionId: session as SessionId,
  requestId: 'r',
  name: 'job' as ResourceName,
  mode: 'exclusive',
  waitMs,
  acquiredAtMs: 0,
  ownSession: { clientId: 'c', timeoutMs: 30_000, lockDelayMs: 0 },
});
const create: Command = {
  type: 'create_session',
  sessionId: 's' as SessionId,
  clientId: 'c',
  timeoutMs: 30_000,
  lockDelayMs: 0,
  createdAtMs: 0,
};

const stampOf = ({ command }: Envelope): unknown =>
  command.type === 'create_session'
    ? command.stamp
    : 'ownSession' in command
      ? command.ownSession?.stamp
      : undefined;

describe('A request that makes a session', () => {
  it('is stamped with a time that the log has reached, and with how long its copies may live', async () => {
    const node = new Node();
    await node.submit({ ...create, sessionId: 'first' as SessionId });
    node.clock.pass(5000); // The node's own clock is not asked.
    node.timeMs = 2000;
    await node.submit(create);
    await node.submit(acquire('own', 700));
    assert.deepEqual(node.logged.map(stampOf).slice(1), [
      { madeAtMs: 1000, liveMs: copiesLiveMs },
      { madeAtMs: 2000, liveMs: copiesLiveMs + 700 },
    ]);
  });

  it('is stamped anew and executed where the log had been paused for an hour', async () => {
    for (const command of [create, acquire('own')]) {
      const node = new Node();
      await node.submit({ ...create, sessionId: 'first' as SessionId });
      node.timeMs += 3_600_000;
      assert.ok((await node.submit(command)).ok);
      assert.equal(node.logged.length, 3, 'one that was too old, and one that was not');
      const [, old] = node.logged;
      assert.ok(old !== undefined);
      node.apply({
        identity: 'anonymous',
        command: { type: 'end_session', sessionId: 's' as SessionId },
      });
      node.apply({
        identity: 'anonymous',
        command: { type: 'end_session', sessionId: 'own' as SessionId },
      });
      assert.equal(node.apply(old).ok, false, 'the copy with the old stamp is refused');
    }
  });

  it('carries one stamp in all copies, so that one that comes late is not executed', async () => {
    const node = new Node();
    await node.submit(create);
    node.timeMs = 5000;
    node.losses.push(new Interrupted(true, 'the leader was lost'));
    const granted = await node.submit(acquire('own'));
    assert.ok(granted.ok && granted.type === 'granted');
    const [, first, second] = node.logged;
    assert.ok(first !== undefined && second !== undefined);
    assert.deepEqual(stampOf(first), stampOf(second));
    const end: Command = { type: 'end_session', sessionId: 'own' as SessionId };
    node.apply({ identity: 'anonymous', command: end });
    for (const timeMs of [6000, 1000 + copiesLiveMs + 1]) {
      node.timeMs = timeMs;
      assert.equal(node.apply(first).ok, false);
      assert.equal(node.state.show('lock', 'job' as ResourceName).holderCount, 0);
    }
  });

  it('that was cancelled is remembered for as long as its copies live', () => {
    const command = cancelCommandOf(acquire('own', 700));
    assert.equal(command?.liveMs, copiesLiveMs + 700);
    const { ownSession: _ownSession, ...plain } = acquire('own', 700) as Extract<
      Command,
      { type: 'acquire' }
    >;
    assert.equal(cancelCommandOf(plain)?.liveMs, undefined);
  });
});

describe('A request whose id has no order', () => {
  const named = (requestId: string): Command => ({
    type: 'acquire',
    sessionId: 's' as SessionId,
    requestId,
    name: 'job' as ResourceName,
    mode: 'exclusive',
    waitMs: 0,
    acquiredAtMs: 0,
  });

  it('tells in all copies how far its node was when it was asked (STAMP-4)', async () => {
    const node = new Node();
    await node.submit(create);
    const askedAt = node.state.index;
    node.losses.push(new Interrupted(true, 'the leader was lost'));
    const uuid = '0b8f1b76-9d5c-4f0e-9a59-000000000001';
    const answer = node.submit(named(uuid));
    node.apply({ identity: 'anonymous', command: { type: 'advance' } });
    assert.ok((await answer).ok);
    await node.submit(named('0b8f1b76-9d5c-4f0e-9a59-000000000001-1k'));
    const told = node.logged.map((envelope) => envelope.askedAt);
    assert.deepEqual(told, [undefined, askedAt, askedAt, undefined]);
  });
});
