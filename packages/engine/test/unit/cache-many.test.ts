/** Very many who have lines of the same key, or of very many: what one read, acknowledgement or departure looks at (SHARER-9). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cacheLeaseMs, grantorLeaseMs } from '@holdfast/protocol/cache';
import { ClientMemories } from '../../src/cache/client-memories.ts';
import type { ToldClient } from '../../src/cache/client-memories.ts';
import { defaultBounds, Directory } from '../../src/cache/directory.ts';
import type { Sharer } from '../../src/cache/sharer.ts';

const leaderLeaseMs = grantorLeaseMs(cacheLeaseMs);
const many = 1000;

/** Counts how often it is asked whether sharers are over. */
class Looks {
  count = 0;

  watch(sharers: Iterable<Sharer>): void {
    for (const sharer of sharers) {
      let { expiresMs } = sharer;
      Object.defineProperty(sharer, 'expiresMs', {
        get: () => {
          this.count += 1;
          return expiresMs;
        },
        set: (ms: number) => {
          expiresMs = ms;
        },
      });
    }
  }
}

class HandClock {
  nowMs = 0;
  readonly timers = new Set<() => void>();
  now = (): number => this.nowMs;
  endOfTurn = (callback: () => void): void => callback();
  after = (_delayMs: number, callback: () => void): (() => void) => {
    this.timers.add(callback);
    return () => this.timers.delete(callback);
  };
}

describe('a key of which very many have lines', () => {
  const directoryOfMany = (): { directory: Directory; looks: Looks } => {
    const directory = new Directory(1, -leaderLeaseMs, { ...defaultBounds, maxSharers: many });
    for (let at = 0; at < many; at++) directory.read(`n${String(at)}`, 'e', 'k', 0);
    const looks = new Looks();
    looks.watch(directory.sharers);
    return { directory, looks };
  };

  test('given a write of it, then each acknowledgement looks at few of the others', () => {
    const { directory, looks } = directoryOfMany();
    directory.beginWrite('k', 0);
    looks.count = 0;
    for (const sharer of directory.sharers) {
      assert.equal(directory.isClear('k', 0), false);
      directory.acknowledged(sharer, ['k'], 0);
    }
    assert.equal(directory.isClear('k', 0), true);
    assert.ok(looks.count <= 3 * many, `${String(looks.count)} looks`);
  });

  test('given reads of it, then each looks at a bounded number of the others, and those that are over do not stay', () => {
    const { directory, looks } = directoryOfMany();
    looks.count = 0;
    directory.read('n0', 'e', 'k', leaderLeaseMs - 1);
    assert.ok(looks.count <= 250, `${String(looks.count)} looks`);
    // When all others are over, and nobody else has a line of it
    const nowMs = leaderLeaseMs + 1;
    for (let reads = 0; reads < many / 100; reads++) directory.read('n0', 'e', 'k', nowMs);
    const grant = directory.read('n0', 'e', 'k', nowMs);
    assert.equal(grant === 'over' ? grant : grant.line, 'exclusive');
  });
});

describe('a directory that is full', () => {
  test('given keys whose holders are all over, then one read ends a bounded number of them', () => {
    const directory = new Directory(1, -leaderLeaseMs, { ...defaultBounds, maxKeys: many });
    for (let at = 0; at < many; at++) directory.read('n', 'e', `k${String(at)}`, 0);
    directory.read('n', 'f', 'another', leaderLeaseMs + 1);
    assert.ok(directory.keyCount < many, 'it makes room');
    assert.ok(directory.keyCount >= many - 200, `${String(directory.keyCount)} keys are left`);
  });

  test('given keys that wait to be written before all others, then others make room', () => {
    const directory = new Directory(1, -leaderLeaseMs, { ...defaultBounds, maxKeys: many });
    for (let at = 0; at < many; at++) directory.read('n', 'e', `k${String(at)}`, 0);
    for (let at = 0; at < 300; at++) directory.beginWrite(`k${String(at)}`, 0);
    for (let reads = 0; reads < 2; reads++) directory.read('n', 'f', 'another', leaderLeaseMs + 1);
    assert.ok(directory.keyCount < many);
  });
});

describe('the memories of very many clients of a node', () => {
  interface Opened {
    readonly id: string;
    readonly told: ToldClient[];
  }
  const line = { isKept: true, leaseLeftMs: 2000, term: 1 };
  const opened = (memories: ClientMemories, count: number): readonly Opened[] =>
    Array.from({ length: count }, (_, at) => {
      const told: ToldClient[] = [];
      return { id: memories.open((one) => told.push(one), `c${String(at)}`), told };
    });
  const keys = Array.from({ length: 50 }, (_, at) => `k${String(at)}`);

  test('given invalidations that wait for all of them, then each that leaves looks at few of the others', async () => {
    const memories = new ClientMemories(new HandClock());
    const clients = opened(memories, 200);
    for (const { id } of clients) for (const key of keys) memories.read(id, 'm', key, line);
    const dropped = memories.invalidate(keys);
    const left = memories.dropAll();
    const looks = new Looks();
    looks.watch(memories.sharers);
    for (const { id } of clients) memories.left(id, 'm');
    await Promise.all([dropped, left]);
    // Each of the keys of each client once or twice: not again for each client.
    assert.ok(looks.count <= 4 * clients.length * keys.length, `${String(looks.count)} looks`);
  });

  test('given a key that is written again and again, then no timer of a former write stays', async () => {
    const clock = new HandClock();
    const memories = new ClientMemories(clock);
    const [client] = opened(memories, 1);
    assert.ok(client !== undefined);
    for (let writes = 0; writes < 20; writes++) {
      memories.read(client.id, 'm', 'k', line);
      const dropped = memories.invalidate(['k']);
      assert.ok(dropped !== undefined);
      for (const { memoryId, seq } of client.told.splice(0))
        memories.acknowledged(client.id, memoryId, seq);
      await dropped;
    }
    assert.equal(clock.timers.size, 0);
  });
});
