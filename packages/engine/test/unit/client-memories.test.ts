/**
 * Clients that keep what a node grants them, on clocks that are moved by hand: what the node acknowledges to its leader, and
 * when.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cacheLeaseMs, clientLeaseMs, grantorLeaseMs, Lines } from '@holdfast/protocol/cache';
import { createStateMachine } from '@holdfast/state';
import type { Command, ResourceName } from '@holdfast/state';
import type { Status } from '@holdfast/raft';
import { CacheCoherence } from '../../src/cache/coherence.ts';
import { longestOwedMs } from '../../src/cache/sharer.ts';
import type { ToldClient } from '../../src/cache/client-memories.ts';
import type { CacheClient } from '../../src/cache/statistics.ts';
import type { Clock } from '../../src/clock.ts';
import { FewLines } from './line-store.ts';

const leaderLeaseMs = grantorLeaseMs(cacheLeaseMs);
const caller = { identity: 'test' };
const nodeClientLeaseMs = grantorLeaseMs(clientLeaseMs);
const membership = { members: [{ id: 'leader' }, { id: 'node' }] };
const leads = {
  role: 'leader',
  ready: true,
  term: 1,
  membership,
  membershipIndex: 1,
  commit: 1,
} as unknown as Status;

class HandClock implements Clock {
  nowMs = 10_000;
  timers: (() => void)[] = [];
  now = (): number => this.nowMs;
  bootNow = (): number => this.nowMs;
  wallNow = (): number => 0;
  after = (_delayMs: number, callback: () => void): (() => void) => {
    this.timers.push(callback);
    return () => undefined;
  };
  endOfTurn = (callback: () => void): void => callback();
  fire(): void {
    const due = this.timers;
    this.timers = [];
    for (const callback of due) callback();
  }
}

/** All that promises that are settled bring about. */
const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** What a client does with what it is granted and told. */
class Client {
  readonly lines: Lines<string>;
  readonly told: ToldClient[] = [];
  readonly node: CacheClient;
  readonly clock: HandClock;

  constructor(name: string, coherence: CacheCoherence, clock: HandClock) {
    this.clock = clock;
    this.lines = new Lines(name, new FewLines<string>(9), 0);
    this.node = coherence.openClient((told) => this.told.push(told), name);
  }

  async read(key = 'k'): Promise<string> {
    const kept = this.lines.read(key, this.clock.nowMs);
    if (kept !== undefined) return `${kept.value} kept`;
    const fetch = this.lines.beginFetch(key, this.clock.nowMs);
    const { view, term, grant } = await this.node.read(key, fetch.memoryId, caller);
    const value = view?.value ?? 'nothing';
    const granted = { term, grant, value, expiresInMs: view?.expiresInMs };
    const state = this.lines.endFetch(fetch, granted, false, this.clock.nowMs);
    return `${value} ${state}`;
  }

  /** Drops what it was told to, and says so. */
  obey(): void {
    for (const { memoryId, seq, keys, all } of this.told.splice(0)) {
      if (all === true) {
        if (memoryId === this.lines.memoryId) this.lines.drop();
        this.node.dropped(memoryId, undefined);
      } else if (this.lines.invalidate({ term: 0, memoryId, seq, keys, shared: [] }))
        this.node.dropped(memoryId, seq);
    }
  }
}

class World {
  readonly clock = new HandClock();
  readonly machine = createStateMachine();
  readonly leader: CacheCoherence;
  readonly node: CacheCoherence;
  /** What the leader tells does not arrive. */
  isDeaf = false;

  constructor() {
    this.leader = this.#coherence('leader');
    this.node = this.#coherence('node');
    this.write(1);
    this.leader.onStatus(leads);
    this.clock.nowMs += leaderLeaseMs;
  }

  #coherence(nodeId: string): CacheCoherence {
    return new CacheCoherence({
      nodeId,
      process: nodeId,
      clock: this.clock,
      state: () => this.machine,
      clusterTime: () => this.machine.time,
      prove: () => Promise.resolve(),
      status: () => leads,
      askEarlier: (_node, term) => this.node.onNewLeader(term),
      tell: async (_node, told) => {
        if (this.isDeaf) throw new Error('cut off');
        return this.node.onInvalidation(told);
      },
      ask: (key, memoryId) => this.leader.readHere(nodeId, key, memoryId),
    });
  }

  write(value: number, key = 'k'): void {
    this.machine.apply({
      index: this.machine.index + 1,
      time: 0,
      commands: [
        { identity: 'test', command: { type: 'cache_set', name: key as ResourceName, value } },
      ],
    });
  }

  change(...commands: readonly Command[]): void {
    const index = this.machine.index + 1;
    const envelopes = commands.map((command) => ({ identity: 'root', command }));
    const { results } = this.machine.apply({ index, time: 0, commands: envelopes });
    assert.ok(results.every(({ ok }) => ok));
  }

  /** Whether a write has been let through. */
  begin(key = 'k'): { isLetThrough: boolean } {
    const write = { isLetThrough: false };
    assert.ok(this.leader.gate.begin(key, () => (write.isLetThrough = true)));
    return write;
  }

  client = (name: string): Client => new Client(name, this.node, this.clock);

  /** Time passes, and nothing else than timers happens. */
  async pass(ms: number): Promise<void> {
    this.clock.nowMs += ms;
    this.clock.fire();
    await settled();
  }
}

describe('the memories of the clients of a node', () => {
  test('given lines of clients, then a write is let through when each has acknowledged that it dropped its line', async () => {
    const world = new World();
    const [one, other] = [world.client('one'), world.client('other')];
    assert.deepEqual([await one.read(), await other.read()], ['1 exclusive', '1 shared']);
    assert.equal(await one.read(), '1 kept');
    const write = world.begin();
    await settled();
    assert.equal(write.isLetThrough, false);
    one.obey();
    await settled();
    assert.equal(write.isLetThrough, false, 'the other one still has it');
    assert.equal(world.node.statistics.pendingInvalidations, 1);
    assert.equal(await one.read(), '1 invalid', 'it is given to nobody meanwhile');
    other.obey();
    await settled();
    assert.equal(write.isLetThrough, true);
    assert.equal(await one.read(), '1 invalid', 'nor while it is on its way into the log');
    world.write(2);
    world.leader.gate.end('k');
    assert.equal(await one.read(), '2 exclusive');
  });

  test('given an acknowledgement that was meant for another node, then it drops nothing here, though it has the same number (MEMORY-8)', async () => {
    const world = new World();
    const client = world.client('moved');
    await client.read();
    const write = world.begin();
    await settled();
    const [told] = client.told;
    assert.ok(told !== undefined);
    for (const memoryId of ['moved#0@1', 'moved#1', 'another#1@1']) {
      client.node.dropped(memoryId, told.seq);
      await settled();
      assert.equal(write.isLetThrough, false, memoryId);
    }
    assert.equal(client.lines.read('k', world.clock.nowMs)?.value, '1', 'it has its line still');
    client.obey();
    await settled();
    assert.equal(write.isLetThrough, true);
  });

  test('given a client that is silent, then a write waits until its lease has run out, and no longer', async () => {
    const world = new World();
    const client = world.client('silent');
    await client.read();
    await world.pass(300);
    const write = world.begin();
    for (let passedMs = 0; passedMs < nodeClientLeaseMs - 300; passedMs += 100) {
      const kept = client.lines.read('k', world.clock.nowMs);
      assert.ok(!write.isLetThrough || kept === undefined);
      await world.pass(100);
    }
    await world.pass(100);
    assert.equal(write.isLetThrough, true);
    assert.equal(client.lines.read('k', world.clock.nowMs), undefined);
  });

  test('given a client that is silent, then the lease of its node lives on, and what others had is written at once (MEMORY-7, SHARER-7)', async () => {
    const world = new World();
    const [silent, other] = [world.client('silent'), world.client('other')];
    await silent.read();
    await other.read('b');
    await world.node.read('mine', caller);
    const writes = [world.begin(), world.begin('b')];
    await settled();
    other.obey();
    await world.pass(30);
    assert.deepEqual([writes[0]?.isLetThrough, writes[1]?.isLetThrough], [false, true]);
    const { drops } = world.node.statistics;
    let waitedMs = 30;
    for (; waitedMs < 2 * leaderLeaseMs; waitedMs += 50) {
      await world.pass(50);
      // Whatever asks has its answer from memory: its node reads on as before.
      const { hit } = await world.node.read('mine', caller);
      assert.equal(hit, true, `after ${String(waitedMs)} ms`);
      if (writes[0]?.isLetThrough !== true)
        await silent.node.read('mine', silent.lines.memoryId, caller);
    }
    assert.equal(writes[0]?.isLetThrough, true);
    assert.equal(world.node.statistics.drops, drops);
    const [late] = world.node.statistics.clientDelays;
    assert.deepEqual([late?.name.startsWith('silent'), late?.lapsed], [true, 1]);
    assert.ok((late?.ms ?? 0) <= longestOwedMs + nodeClientLeaseMs + 100, String(late?.ms));
  });

  test('given one silent client after the other, then the lease of their node lives on nevertheless (SHARER-7)', async () => {
    const world = new World();
    await world.node.read('mine', caller);
    // It has them, so that nothing but its lease needs the leader.
    for (let number = 0; number < 40; number++)
      await world.node.read(`key ${String(number)}`, caller);
    const { drops } = world.node.statistics;
    for (let number = 0; number < 40; number++) {
      const key = `key ${String(number)}`;
      await world.client(`silent ${String(number)}`).read(key);
      world.begin(key);
      await world.pass(100);
      assert.equal((await world.node.read('mine', caller)).hit, true, String(number));
    }
    assert.equal(world.node.statistics.drops, drops);
  });

  test('given a new leader, then a node says that nothing is left when its clients have said so or their leases are over (MEMORY-6)', async () => {
    const world = new World();
    const [one, silent] = [world.client('one'), world.client('silent')];
    await one.read();
    await silent.read('b');
    let isDropped = false;
    void world.node.onNewLeader(2).then((dropped) => (isDropped = dropped));
    assert.equal(await world.node.onNewLeader(1), false, 'another one leads');
    await settled();
    one.obey();
    assert.equal(one.lines.read('k', world.clock.nowMs), undefined);
    await settled();
    assert.equal(isDropped, false, 'the other one has its line still');
    assert.ok(silent.lines.read('b', world.clock.nowMs) !== undefined);
    world.clock.nowMs += nodeClientLeaseMs;
    world.node.onTick();
    await settled();
    assert.equal(isDropped, true);
    assert.equal(silent.lines.read('b', world.clock.nowMs), undefined);
    assert.equal(
      await one.read(),
      '1 invalid',
      'the leader before grants nothing any more (LINE-8)',
    );
  });

  test('given a node whose lease is nearly over, then what it grants is over before', async () => {
    const world = new World();
    const client = world.client('late');
    await world.node.read('k', caller);
    world.clock.nowMs += cacheLeaseMs - 2;
    const read = client.read();
    assert.equal(await read, '1 exclusive');
    world.clock.nowMs += 2;
    assert.equal(client.lines.read('k', world.clock.nowMs), undefined);
  });

  test('given a node that has begun anew, then its clients drop what they had with its first answer', async () => {
    const world = new World();
    const client = world.client('kept');
    await client.read('a');
    world.node.onLeaderLost();
    assert.equal(await client.read('b'), 'nothing invalid');
    assert.equal(client.lines.read('a', world.clock.nowMs), undefined);
    assert.equal(
      await client.read('b'),
      'nothing shared',
      'under the memoryId before it may have it',
    );
  });

  test('given a client that may read something else than before, then what it had ends with the next answer, whatever else it reads', async () => {
    const world = new World();
    const client = world.client('kept');
    world.change({ type: 'auth_grant', role: 'reader', rule: { verb: 'cache_read' } });
    await client.read('secret');
    await client.read('other');
    world.change({ type: 'auth_bind', identity: caller.identity, role: 'reader' });
    world.clock.nowMs += clientLeaseMs / 2;
    const fetch = client.lines.beginFetch('other', world.clock.nowMs);
    const { view, ...lease } = await client.node.read('other', fetch.memoryId, caller);
    const answer = { ...lease, value: view?.value ?? 'nothing', expiresInMs: undefined };
    client.lines.endFetch(fetch, answer, false, world.clock.nowMs);
    assert.equal(client.lines.read('secret', world.clock.nowMs), undefined);
    assert.equal(await client.read('other'), 'nothing shared');
  });

  test('given an answer that an invalidation overtakes, then it is not kept', async () => {
    const world = new World();
    const client = world.client('overtaken');
    await client.read('other');
    const fetch = client.lines.beginFetch('k', world.clock.nowMs);
    const { grant, term } = await client.node.read('k', fetch.memoryId, caller);
    world.begin();
    client.obey();
    const answer = { term, grant, value: '1', expiresInMs: undefined };
    assert.equal(client.lines.endFetch(fetch, answer, false, world.clock.nowMs), 'invalid');
  });

  test('given a client that leaves, then nobody waits for it', async () => {
    const world = new World();
    const client = world.client('gone');
    await client.read();
    const { memoryId } = client.lines;
    client.lines.drop();
    client.node.dropped(memoryId, undefined);
    const write = world.begin();
    await settled();
    assert.equal(write.isLetThrough, true);
  });

  test('given a client that closes without a word, then its lease is waited for', async () => {
    const world = new World();
    const client = world.client('closed');
    await client.read();
    client.node.close();
    const write = world.begin();
    await settled();
    assert.equal(write.isLetThrough, false);
    await world.pass(nodeClientLeaseMs);
    await world.pass(100);
    assert.equal(write.isLetThrough, true);
  });

  test('given a node that reads on and is not reached, then it is granted no more time and the write goes on', async () => {
    const world = new World();
    await world.node.read('k', caller);
    world.isDeaf = true;
    const write = world.begin();
    let waitedMs = 0;
    while (!write.isLetThrough && waitedMs < 20_000) {
      await world.pass(100);
      await world.node.read('other', caller);
      waitedMs += 100;
    }
    assert.ok(waitedMs <= longestOwedMs + leaderLeaseMs + 200, String(waitedMs));
  });

  test('given sharers that come and go, then the leader forgets those whose leases are over', async () => {
    const world = new World();
    for (let memoryId = 0; memoryId < 40; memoryId++) {
      await world.node.read('k', caller);
      world.node.onLeaderLost();
    }
    assert.ok(world.leader.statistics.sharers >= 40);
    world.clock.nowMs += leaderLeaseMs;
    world.leader.onTick();
    assert.equal(world.leader.statistics.sharers, 0);
  });
});
