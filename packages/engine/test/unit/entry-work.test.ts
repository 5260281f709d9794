import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createStateMachine, latestFeatureLevel, limitsWithoutLog } from '@holdfast/state';
import type {
  Applied,
  Command,
  CommandResult,
  ResourceName,
  SessionId,
  StateMachine,
} from '@holdfast/state';
import type { Batch } from '../../src/batch.ts';
import { maxWorkPerBatch } from '../../src/bounds.ts';
import { ClusterClock } from '../../src/cluster-clock.ts';
import { CommandQueue } from '../../src/command-queue.ts';
import type { ProposalOutcome } from '../../src/proposals.ts';
import type { Replica } from '../../src/replica.ts';
import { StillClock } from './still-clock.ts';

const sessionId = 's' as SessionId;
const name = 'x' as ResourceName;
const times = <T>(count: number, make: (number: number) => T): T[] =>
  Array.from({ length: count }, (_, number) => make(number));

/** A state machine of the latest level, and what it has applied. */
class Node {
  readonly state: StateMachine = createStateMachine({ ...limitsWithoutLog, maxWorkPerEntry: 1000 });
  readonly #proposed: {
    readonly batch: Batch;
    readonly end: (outcome: ProposalOutcome) => void;
  }[] = [];

  constructor(...commands: readonly Command[]) {
    this.apply({ type: 'raise_feature_level', level: latestFeatureLevel });
    this.apply({
      type: 'create_session',
      sessionId,
      clientId: 'tester',
      timeoutMs: 1000,
      lockDelayMs: 0,
      createdAtMs: 0,
    });
    for (const command of commands) this.apply(command);
  }

  apply(...commands: readonly Command[]): Applied {
    return this.state.apply({
      index: this.state.index + 1,
      time: 0,
      commands: commands.map((command) => ({ identity: 'anonymous', command })),
    });
  }

  readonly room = { refusalOf: (): undefined => undefined };

  propose(batch: Batch, end: (outcome: ProposalOutcome) => void): unknown {
    this.#proposed.push({ batch, end });
    return { ok: true, index: 1, term: 1 };
  }

  /** All of them in one turn: the entries that they become. */
  async entriesOf(commands: readonly Command[]): Promise<readonly Applied[]> {
    const queue = new CommandQueue(
      this as unknown as Replica,
      new StillClock(),
      new ClusterClock(),
    );
    const entries: Applied[] = [];
    let answered = 0;
    for (const command of commands)
      queue.submit(
        { identity: 'anonymous', command },
        () => (answered += 1),
        (error) => assert.fail(error),
      );
    const endOfTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    await endOfTurn();
    for (let next = this.#proposed.shift(); next !== undefined; next = this.#proposed.shift()) {
      const applied = this.apply(...next.batch.commands.map(({ command }) => command));
      entries.push(applied);
      next.end({ type: 'applied', index: 1, applied });
      await endOfTurn();
    }
    assert.equal(answered, commands.length);
    return entries;
  }
}

const sizesOf = (entries: readonly Applied[]): readonly number[] =>
  entries.map(({ results }) => results.length);

/** Of each entry: what its commands told that they did. */
const doneIn = (
  entries: readonly Applied[],
  done: (result: CommandResult) => number,
): readonly number[] =>
  entries.map(({ results }) => results.reduce((sum, result) => sum + done(result), 0));

const moved = (result: CommandResult): number =>
  result.ok && result.type === 'queue_moved' ? result.count : 0;
const released = (result: CommandResult): number =>
  result.ok && result.type === 'forced' ? result.releasedCount : 0;
const taken = (result: CommandResult): number =>
  result.ok && result.type === 'queue_taken' ? result.deliveries.length : 0;

const push = (count: number, maxDeliveries = 10): Command => ({
  type: 'queue_push',
  name,
  messages: times(count, (number) => ({ key: `k${String(number)}`, payload: 1, maxDeliveries })),
});
const permits = (requestId: number, count: number, waitMs: number): Command => ({
  type: 'acquire_permits',
  sessionId,
  requestId,
  name,
  permits: count,
  limit: 4000,
  waitMs,
  acquiredAtMs: 0,
});

describe('An entry of commands that do much', () => {
  it('has 64 plain ones', async () => {
    const acquire = (number: number): Command => ({
      type: 'acquire',
      sessionId,
      requestId: number,
      name: `l${String(number)}` as ResourceName,
      mode: 'exclusive',
      waitMs: 0,
      acquiredAtMs: 0,
    });
    assert.deepEqual(
      sizesOf(await new Node().entriesOf(times(300, acquire))),
      [64, 64, 64, 64, 44],
    );
  });

  it('ends no more messages than its work is, however many purges come in one turn', async () => {
    const node = new Node(push(3000));
    const purge: Command = {
      type: 'queue_purge',
      name,
      part: 'messages',
      through: Number.MAX_SAFE_INTEGER,
      count: 1000,
    };
    const entries = await node.entriesOf(times(256, () => purge));
    const done = doneIn(entries, moved);
    assert.deepEqual(done.slice(0, 3), [1000, 1000, 1000]);
    assert.ok(done.slice(3).every((count) => count === 0));
    assert.deepEqual(sizesOf(entries), [1, 1, 1, 1, 1, 1, 1, 1, 64, 64, 64, 56]);
  });

  it('makes no more dead letters live again than that', async () => {
    const node = new Node(push(2000, 1));
    const { results } = node.apply({ type: 'queue_pop', name, count: 2000, visibilityMs: 10_000 });
    const [popped] = results;
    assert.ok(popped?.ok === true && popped.type === 'queue_taken');
    const nacks = popped.deliveries.map(({ id: messageId, delivery, fenceToken }): Command => ({
      type: 'queue_nack',
      name,
      receipt: { messageId, delivery, fenceToken },
    }));
    node.apply(...nacks);
    const redrive: Command = { type: 'queue_redrive', name, count: 1000 };
    const entries = await node.entriesOf(times(256, () => redrive));
    const done = doneIn(entries, moved);
    assert.deepEqual(done.slice(0, 2), [1000, 1000]);
    assert.ok(done.slice(2).every((count) => count === 0));
  });

  it('delivers no more messages than that, and pops of an empty queue share it', async () => {
    const node = new Node(push(5000));
    const pop: Command = { type: 'queue_pop', name, count: 100, visibilityMs: 10_000 };
    const entries = await node.entriesOf(times(256, () => pop));
    assert.equal(Math.max(...doneIn(entries, taken)), 1000);
    assert.equal(Math.max(...sizesOf(entries.slice(0, 5))), 10);
    const ofAnEmptyQueue = sizesOf(await node.entriesOf(times(256, () => pop)));
    assert.deepEqual(ofAnEmptyQueue, [64, 64, 64, 64]);
  });

  it('takes no more messages in than that', async () => {
    const entries = await new Node().entriesOf(times(40, () => push(100)));
    assert.deepEqual(sizesOf(entries), [10, 10, 10, 10]);
  });

  it('ends no more holds than that by force', async () => {
    const node = new Node(...times(3000, (requestId) => permits(requestId, 1, 0)));
    const force = { type: 'force_release', kind: 'semaphore', name, reason: '' } as const;
    const parts = await node.entriesOf(times(256, () => ({ ...force, count: 1000 })));
    assert.deepEqual(doneIn(parts, released).slice(0, 3), [1000, 1000, 1000]);
    assert.deepEqual(sizesOf(parts), [1, 1, 1, 1, 1, 1, 1, 1, 64, 64, 64, 56]);
  });

  it('resizes one semaphore that so many wait for', async () => {
    const node = new Node(...times(601, (requestId) => permits(requestId, 4000, 10_000)));
    const resize: Command = { type: 'resize_semaphore', name, limit: 4000 };
    const entries = await node.entriesOf(times(8, () => resize));
    assert.deepEqual(
      sizesOf(entries),
      times(8, () => 1),
    );
  });

  it('changes no more roles than bindings can be gone through in it', async () => {
    const rule = { verb: 'admin' } as const;
    const grant = (role: number): Command => ({
      type: 'auth_grant',
      role: `r${String(role)}`,
      rule,
    });
    const node = new Node(
      grant(0),
      ...times(2000, (number): Command => ({
        type: 'auth_bind',
        identity: `i${String(number)}`,
        role: 'r0',
      })),
    );
    const changes = times(30, (role): readonly Command[] => [
      grant(role + 1),
      { type: 'auth_withdraw', role: `r${String(role + 1)}`, rule },
      { type: 'auth_delete_role', role: `r${String(role + 1)}` },
    ]).flat();
    assert.deepEqual(
      sizesOf(await node.entriesOf(changes)),
      times(18, () => 5),
    );
  });

  it('wants no more resources together, and cancels no more', async () => {
    const wanted = times(64, (number) => ({
      kind: 'semaphore' as const,
      name: `p${String(number)}` as ResourceName,
      permits: 1,
      limit: 100,
    }));
    const node = new Node();
    const all = times(64, (requestId): Command => ({
      type: 'acquire_many',
      sessionId,
      requestId,
      wanted,
      waitMs: 0,
      acquiredAtMs: 0,
    }));
    assert.deepEqual(sizesOf(await node.entriesOf(all)), [16, 16, 16, 16]);
    const cancels = times(64, (requestId): Command => ({
      type: 'abandon',
      kind: 'many',
      sessionId,
      name: 'p0' as ResourceName,
      requestId,
    }));
    assert.deepEqual(sizesOf(await node.entriesOf(cancels)), [16, 16, 16, 16]);
  });

  describe('that may pass many who wait', () => {
    const ask = { name, acquiredAtMs: 0 } as const;
    const semaphore = { type: 'acquire_permits', ...ask, limit: 10 } as const;
    const lock = { type: 'acquire', ...ask, mode: 'exclusive' } as const;
    const campaign = { type: 'campaign', ...ask } as const;
    const others = 'others' as SessionId;
    const holder = { sessionId: 'holder' as SessionId, requestId: 1, waitMs: 0 };
    const wait = { sessionId: others, waitMs: 10_000, terms: { independent: true } };
    const urgent = { priority: 1, independent: true };

    /** After these come those who wait: 2,000 with the first of them. */
    function longQueue(asked: (requestId: number) => Command, ...before: Command[]): Node {
      const node = new Node();
      const facts = { clientId: 'tester', timeoutMs: 1000, lockDelayMs: 0, createdAtMs: 0 };
      for (const id of [others, holder.sessionId])
        node.apply({ type: 'create_session', sessionId: id, ...facts });
      for (const command of before) node.apply(command);
      for (let requestId = 1; requestId < 2000; requestId++) node.apply(asked(requestId));
      return node;
    }

    it('looks at no more waiters for permits than that', async () => {
      const node = longQueue(
        (requestId) => ({ ...semaphore, ...wait, requestId, permits: 5 }),
        { ...semaphore, ...holder, permits: 5 },
        { ...semaphore, ...wait, requestId: 2000, permits: 10, terms: urgent },
      );
      const one = { ...semaphore, sessionId, permits: 1, waitMs: 0 };
      const asking = times(64, (requestId) => ({ ...one, requestId, terms: urgent }));
      assert.deepEqual(sizesOf(await node.entriesOf(asking)), [51, 13]);
      const plain = times(64, (requestId) => ({ ...one, requestId: 100 + requestId }));
      assert.deepEqual(sizesOf(await node.entriesOf(plain)), [64]);
    });

    it('looks at no more waiters for locks and elections than that', async () => {
      for (const one of [lock, campaign]) {
        const asked = (requestId: number): Command => ({ ...one, ...wait, requestId });
        const first: Command = { ...one, ...wait, requestId: 2000, terms: urgent };
        const node = longQueue(asked, { ...one, ...holder }, first);
        const more = { ...one, sessionId, waitMs: 0, terms: urgent };
        const asking = times(64, (requestId): Command => ({ ...more, requestId }));
        assert.deepEqual(sizesOf(await node.entriesOf(asking)), [51, 13], one.type);
      }
    });

    it('looks at no more waits of one holder than that', async () => {
      const reading = { ...lock, mode: 'shared', waitMs: 0 } as const;
      const node = longQueue(
        (requestId) => ({ ...lock, ...wait, requestId }),
        { ...reading, ...holder },
        { ...reading, sessionId: others, requestId: 2001 },
        { ...lock, ...wait, requestId: 2000 },
      );
      const one = { ...lock, sessionId: others, waitMs: 0 };
      const upgrades = times(64, (number) => ({ ...one, requestId: 3000 + number }));
      assert.deepEqual(sizesOf(await node.entriesOf(upgrades)), [51, 13]);
      const wanted = [{ kind: 'lock', name, mode: 'exclusive' }] as const;
      const many = times(64, (number): Command => ({
        type: 'acquire_many',
        sessionId: others,
        requestId: 4000 + number,
        wanted,
        waitMs: 0,
        acquiredAtMs: 0,
      }));
      assert.deepEqual(sizesOf(await node.entriesOf(many)), [48, 16]);
    });
  });

  it('ends sessions that are inside no more barriers than that', async () => {
    const node = new Node();
    const ends = times(4, (number): Command => {
      const id = `b${String(number)}` as SessionId;
      node.apply({
        type: 'create_session',
        sessionId: id,
        clientId: 'tester',
        timeoutMs: 1000,
        lockDelayMs: 0,
        createdAtMs: 0,
      });
      for (let barrier = 0; barrier < 500; barrier++)
        node.apply({
          type: 'enter_barrier',
          sessionId: id,
          requestId: barrier,
          name: `b${String(barrier)}` as ResourceName,
          parties: 10,
        });
      return { type: 'end_session', sessionId: id };
    });
    assert.deepEqual(sizesOf(await node.entriesOf(ends)), [2, 2]);
  });

  it('has one command that does more than all that alone', async () => {
    const node = new Node(...times(3000, (requestId) => permits(requestId, 1, 0)));
    const force: Command = { type: 'force_release', kind: 'semaphore', name, reason: '' };
    const none: Command = { ...force, name: 'none' as ResourceName };
    assert.ok(node.state.workOf(force) > maxWorkPerBatch);
    assert.deepEqual(sizesOf(await node.entriesOf([none, force, none])), [1, 1, 1]);
  });
});
