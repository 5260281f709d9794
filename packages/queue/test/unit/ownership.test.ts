/** Owners of partitions with a real log, and answers that are lost, clocks that jump and a Redis that is silent. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { createRaftEngine } from '@holdfast/engine';
import type { Engine } from '@holdfast/engine';
import { systemClock } from '@holdfast/engine/parts';
import { HoldfastError } from '@holdfast/protocol';
import type { Command, SessionId } from '@holdfast/state';
import { leaderOf, silentLog } from '../../../engine/test/cluster.ts';
import { oneNode } from '../../../engine/test/one-node.ts';
import { assertSoon, untilSo } from '../../../checker/src/waits.ts';
import { ownersOf } from '../../src/owners.ts';
import { lockOfNode, lockOfPartition, readLocks } from '../../src/redis/lock-view.ts';
import { Ownership } from '../../src/redis/ownership.ts';

const partitions = Array.from({ length: 64 }, (_, partition) => partition);
const names = new Set<string>(partitions.map(lockOfPartition));
const isOfPartition = (command: Command): boolean =>
  command.type === 'acquire' && names.has(command.name);
const lost = (): HoldfastError => new HoldfastError('outcome_unknown', 'The answer was lost.');

interface World {
  /** Before a command is executed. */
  readonly meets?: (command: Command) => void;
  /** After it. */
  readonly answers?: (command: Command) => Promise<void> | void;
}

describe('The owner of partitions', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-ownership-'));
  let engine: Engine | undefined;
  before(async () => {
    engine = await createRaftEngine(oneNode(folder));
    await leaderOf([engine]);
  });
  after(async () => {
    await engine?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  class Node {
    readonly ownership: Ownership;
    readonly world: World;
    silentMs = 0;
    sleptMs = 0;
    isHeard = true;

    constructor(t: TestContext, nodeId: string, world: World = {}) {
      const real = engine ?? assert.fail();
      this.world = world;
      this.ownership = new Ownership({
        engine: {
          status: () => ({ ...real.status(), nodeId }),
          query: (query, consistency, options) => real.query(query, consistency, options),
          keepAlive: async (sessionId, options) => {
            if (!this.isHeard) throw new HoldfastError('no_quorum', 'Nobody is there.');
            return real.keepAlive(sessionId, options);
          },
          submit: async (command, options) => {
            world.meets?.(command);
            const result = await real.submit(command, options);
            await world.answers?.(command);
            return result;
          },
        },
        clock: {
          ...systemClock,
          bootNow: () => systemClock.bootNow() + this.sleptMs,
          after: (delayMs, callback) => systemClock.after(delayMs / 10, callback),
        },
        claim: () => Promise.resolve(true),
        silentMs: () => this.silentMs,
        log: silentLog,
      });
      t.after(() => this.ownership.close());
    }

    owns(wanted: readonly number[]): boolean {
      const { owned } = this.ownership;
      return owned.size === wanted.length && wanted.every((partition) => owned.has(partition));
    }
  }

  const ofNode = (id: string): readonly number[] => {
    const owners = ownersOf(['a', 'b']);
    return partitions.filter((partition) => owners[partition] === id);
  };

  it('serves those whose locks were granted to it without an answer (OWN-7)', async (t) => {
    const unanswered = new Set<string>();
    const node = new Node(t, 'a', {
      answers: (command) => {
        if (!isOfPartition(command) || !('name' in command) || unanswered.has(command.name)) return;
        unanswered.add(command.name);
        throw lost();
      },
    });
    node.ownership.start();
    await assertSoon(() => node.owns(partitions), { what: 'all are served' });
    assert.equal(unanswered.size, partitions.length);
  });

  it('gives back what it was granted without an answer and is of another node (OWN-7)', async (t) => {
    let other: Promise<Node> | undefined;
    const comes = async (): Promise<Node> => {
      const node = new Node(t, 'b');
      node.ownership.start();
      const isThere = async () =>
        (await readLocks(engine ?? assert.fail(), { identity: 'test' })).live.includes('b');
      await untilSo(isThere, { what: 'the other node lives' });
      return node;
    };
    const node = new Node(t, 'a', {
      answers: async (command) => {
        if (!isOfPartition(command)) return;
        const isFirst = other === undefined;
        await (other ??= comes());
        if (isFirst || node.ownership.owned.size === 0) throw lost();
      },
    });
    node.ownership.start();
    const another = await untilSo(() => other, { what: 'the other node begins' });
    await assertSoon(() => node.owns(ofNode('a')) && another.owns(ofNode('b')), {
      what: 'each serves its own',
    });
  });

  it('serves all others where the lock of one cannot be asked for (OWN-7)', async (t) => {
    const node = new Node(t, 'a', {
      meets: (command) => {
        if (command.type === 'acquire' && command.name === lockOfPartition(7)) throw lost();
      },
    });
    node.ownership.start();
    const others = partitions.filter((partition) => partition !== 7);
    await assertSoon(() => node.owns(others), { what: 'all others are served' });
  });

  it('serves nothing once its session may have ended while the machine slept (OWN-6)', async (t) => {
    const node = new Node(t, 'a');
    node.ownership.start();
    await untilSo(() => node.owns(partitions), { what: 'all are served' });
    const served = new Map(node.ownership.owned);
    assert.equal(node.ownership.areCurrent(served), true);
    node.isHeard = false;
    node.sleptMs = 5500;
    assert.equal(node.ownership.owned.size, 0);
    assert.equal(node.ownership.areCurrent(served), false);
    node.isHeard = true;
    await assertSoon(() => node.owns(partitions), { what: 'all are served again' });
  });

  it('ends a session of which it is not told whether it holds the lock of the node', async (t) => {
    const [made, ended]: SessionId[][] = [[], []];
    const node = new Node(t, 'a', {
      answers: (command) => {
        if (command.type === 'create_session') made?.push(command.sessionId);
        if (command.type === 'end_session') ended?.push(command.sessionId);
        const isOfNode = command.type === 'acquire' && command.name === lockOfNode('a');
        if (isOfNode && made?.length === 1) throw lost();
      },
    });
    node.ownership.start();
    await assertSoon(() => node.owns(partitions), { what: 'all are served' });
    assert.equal(made?.length, 2);
    assert.deepEqual(ended, made?.slice(0, 1));
  });

  it('begins anew where the lock of the node itself was lost (OWN-4)', async (t) => {
    const sessions: SessionId[] = [];
    const node = new Node(t, 'a', {
      meets: (command) => {
        if (command.type === 'create_session') sessions.push(command.sessionId);
      },
    });
    node.ownership.start();
    await untilSo(() => node.owns(partitions), { what: 'all are served' });
    const [sessionId] = sessions;
    assert.ok(engine !== undefined && sessionId !== undefined);
    const lock = { sessionId, name: lockOfNode('a') };
    await engine.submit({ type: 'release', ...lock }, { identity: 'test' });
    await assertSoon(() => sessions.length === 2 && node.owns(partitions), {
      what: 'all are served by another session',
    });
    const { live } = await readLocks(engine, { identity: 'test' });
    assert.deepEqual(live, ['a']);
  });

  it('loses a partition under the token alone that was refused, and claims it again', async (t) => {
    const node = new Node(t, 'a');
    node.ownership.start();
    await untilSo(() => node.owns(partitions), { what: 'all are served' });
    const token = node.ownership.owned.get(7) ?? assert.fail();
    node.ownership.lost(new Map([[7, token - 1]]));
    assert.ok(node.owns(partitions));
    node.ownership.lost(new Map([[7, token]]));
    assert.ok(node.owns(partitions.filter((partition) => partition !== 7)));
    await assertSoon(() => node.owns(partitions), { what: 'all are served again' });
  });

  it('leaves them to the other nodes while Redis does not answer it, and knows who has them (OWN-8)', async (t) => {
    const node = new Node(t, 'a');
    const other = new Node(t, 'b');
    node.silentMs = Number.POSITIVE_INFINITY;
    for (const { ownership } of [node, other]) ownership.start();
    const otherHasAll = (): boolean =>
      node.ownership.owned.size === 0 &&
      other.owns(partitions) &&
      partitions.every((partition) => node.ownership.holderOf(partition) === 'b');
    const eachHasItsOwn = (): boolean => node.owns(ofNode('a')) && other.owns(ofNode('b'));
    await assertSoon(otherHasAll, { what: 'it has nothing before Redis has answered' });
    node.silentMs = 0;
    await assertSoon(eachHasItsOwn, { what: 'it has its own once Redis answers' });
    node.silentMs = 5000;
    await assertSoon(otherHasAll, { what: 'the other node has them' });
    node.silentMs = 1000;
    await assertSoon(eachHasItsOwn, { what: 'each has its own again' });
  });
});
