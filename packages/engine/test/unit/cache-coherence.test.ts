/**
 * Directory and lines together, in a network that delays, reorders and loses, with clocks that run at different rates, pauses,
 * restarts of nodes and changes of the leader: what a node answers from its memory is what the key has at that moment.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cacheLeaseMs, grantorLeaseMs, Lines } from '@holdfast/protocol/cache';
import type { FetchAnswer } from '@holdfast/protocol/cache';
import { Delays } from '../../src/cache/delays.ts';
import { defaultBounds, Directory } from '../../src/cache/directory.ts';
import { bytesPerMessage, keysPerMessage } from '../../src/cache/sharer.ts';
import type { Sharer } from '../../src/cache/sharer.ts';
import { FewLines } from './line-store.ts';

type Version = number | undefined;
const leaderLeaseMs = grantorLeaseMs(cacheLeaseMs);
const newLines = (process: string): Lines<Version> =>
  new Lines(process, new FewLines<Version>(100), 2);

/** Numbers from a seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Value {
  readonly version: number;
  /** True time at which it ends. */
  readonly endsMs: number;
}

const keys = ['a', 'b', 'c', 'd'] as const;

class Leader {
  readonly term: number;
  readonly rate: number;
  readonly directory: Directory;
  /** While it leads what is in force; after that what it had then. */
  values: ReadonlyMap<string, Value>;
  readonly writing = new Set<string>();
  leads = true;

  constructor(
    term: number,
    rate: number,
    nowMs: number,
    values: ReadonlyMap<string, Value>,
    maxKeys: number,
  ) {
    this.term = term;
    this.rate = rate;
    this.values = values;
    this.directory = new Directory(term, nowMs * rate, {
      ...defaultBounds,
      maxKeys,
      maxSharers: 40,
    });
  }
}

class World {
  nowMs = 0;
  hits = 0;
  writes = 0;
  readonly #random: () => number;
  readonly #queue: { atMs: number; act: () => void }[] = [];
  readonly #values = new Map<string, Value>();
  #nodes: {
    readonly name: string;
    readonly rate: number;
    lines: Lines<Version>;
    process: number;
    cutUntilMs: number;
  }[];
  #leader: Leader;
  #versions = 0;
  /** In a third of the runs too few. */
  readonly #maxKeys: number;

  constructor(seed: number) {
    this.#random = randomFrom(seed);
    this.#maxKeys = seed % 3 === 0 ? 3 : 100;
    this.#nodes = ['n1', 'n2', 'n3'].map((name) => {
      return {
        name,
        rate: this.#between(0.97, 1.03),
        lines: newLines(`${name}/0`),
        process: 0,
        cutUntilMs: 0,
      };
    });
    this.#leader = new Leader(1, 1, 0, this.#values, this.#maxKeys);
  }

  run(untilMs: number): void {
    this.#later(0, () => this.#act());
    while (this.nowMs < untilMs) {
      const next = this.#queue.pop();
      if (next === undefined) return;
      this.nowMs = next.atMs;
      next.act();
    }
  }

  #between = (low: number, high: number): number => low + this.#random() * (high - low);
  /** With this probability. */
  #isSo = (share: number): boolean => this.#random() < share;
  #one = <T>(list: readonly T[]): T => list[Math.floor(this.#random() * list.length)] as T;
  #later(delayMs: number, act: () => void): void {
    const atMs = this.nowMs + delayMs;
    // The earliest last.
    let [low, high] = [0, this.#queue.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#queue[middle]?.atMs ?? 0) > atMs) low = middle + 1;
      else high = middle;
    }
    this.#queue.splice(low, 0, { atMs, act });
  }

  /** Most are fast; some are late, as those to and from a process that is paused. */
  #network({ cutUntilMs }: { readonly cutUntilMs: number }, act: () => void): void {
    if (this.nowMs < cutUntilMs || this.#isSo(0.05)) return;
    this.#later(
      this.#isSo(0.15) ? this.#between(0, 2.5 * cacheLeaseMs) : this.#between(0, 30),
      act,
    );
  }

  #current(key: string): Value | undefined {
    const value = this.#values.get(key);
    if (value !== undefined && value.endsMs <= this.nowMs) this.#values.delete(key);
    return this.#values.get(key);
  }

  #act(): void {
    this.#later(this.#between(1, 20), () => this.#act());
    const key = this.#one(keys);
    if (this.#isSo(0.0015)) this.#changeLeader();
    else if (this.#isSo(0.0014)) this.#restart();
    else if (this.#isSo(0.002)) this.#one(this.#nodes).lines.drop();
    else if (this.#isSo(0.006))
      this.#one(this.#nodes).cutUntilMs = this.nowMs + this.#between(0, 3 * cacheLeaseMs);
    else if (this.#isSo(0.06)) this.#write(this.#leader, key);
    else this.#read(key);
    const { directory, rate } = this.#leader;
    directory.onTick(this.nowMs * rate);
    this.#tell(this.#leader);
  }

  #changeLeader(): void {
    this.#leader.leads = false;
    this.#leader.values = new Map(this.#values);
    const { term } = this.#leader;
    this.#leader = new Leader(
      term + 1,
      this.#between(0.97, 1.03),
      this.nowMs,
      this.#values,
      this.#maxKeys,
    );
  }

  #restart(): void {
    const node = this.#one(this.#nodes);
    node.process += 1;
    node.lines = newLines(`${node.name}/${String(node.process)}`);
  }

  #read(asked: string): void {
    const node = this.#one(this.#nodes);
    const { lines, rate } = node;
    // Who is cut off reads one key alone: a read of another one would have it notice.
    const key = this.nowMs < node.cutUntilMs ? keys[0] : asked;
    const line = lines.read(key, this.nowMs * rate);
    if (line !== undefined) {
      this.hits += 1;
      assert.equal(
        line.value,
        this.#current(key)?.version,
        `${node.name} answers ${key} at ${String(this.nowMs)}`,
      );
      return;
    }
    const fetch = lines.beginFetch(key, this.nowMs * rate);
    const leader = this.#leader;
    this.#network(node, () => {
      if (!leader.leads) return; // No proof of leadership.
      // Between the proof and the answer it may be paused, and another one lead.
      const answer = (): void => {
        const granted = this.#answer(leader, node.name, fetch.memoryId, key);
        this.#network(node, () => {
          if (node.lines === lines) lines.endFetch(fetch, granted, false, this.nowMs * rate);
        });
      };
      if (this.#isSo(0.1)) this.#later(this.#between(0, 2 * cacheLeaseMs), answer);
      else answer();
    });
  }

  #answer(leader: Leader, node: string, memoryId: string, key: string): FetchAnswer<Version> {
    if (leader.leads) this.#current(key);
    const value = leader.values.get(key);
    const left = value === undefined ? 0 : (value.endsMs - this.nowMs) * leader.rate;
    const grant = leader.directory.read(node, memoryId, key, this.nowMs * leader.rate);
    const isThere = value !== undefined && left > 0;
    const expiresInMs = isThere && Number.isFinite(left) ? left : undefined;
    return { term: leader.term, value: isThere ? value.version : undefined, expiresInMs, grant };
  }

  #write(leader: Leader, key: string): void {
    if (leader.writing.has(key)) return;
    leader.writing.add(key);
    leader.directory.beginWrite(key, this.nowMs * leader.rate);
    this.#tell(leader);
    this.#goOnWriting(leader, key);
  }

  #goOnWriting(leader: Leader, key: string): void {
    if (!leader.leads) return; // It was not begun.
    if (!leader.directory.isClear(key, this.nowMs * leader.rate)) {
      this.#later(5, () => this.#goOnWriting(leader, key));
      return;
    }
    this.#later(this.#between(0, 50), () => {
      if (!leader.leads) return; // Lost with its leader.
      this.writes += 1;
      this.#versions += 1;
      const endsMs = this.#isSo(0.3) ? this.nowMs + this.#between(10, 3000) : Infinity;
      if (this.#isSo(0.2)) this.#values.delete(key);
      else this.#values.set(key, { version: this.#versions, endsMs });
      leader.directory.endWrite(key);
      leader.writing.delete(key);
    });
  }

  #tell(leader: Leader): void {
    if (!leader.leads) return;
    for (const sharer of leader.directory.toTell(this.nowMs * leader.rate))
      this.#send(leader, sharer);
  }

  #send({ directory, rate }: Leader, sharer: Sharer): void {
    const told = directory.take(sharer);
    let isSettled = false;
    const settle = (isDropped: boolean): void => {
      if (isSettled) return;
      isSettled = true;
      if (isDropped) directory.acknowledged(sharer, told.keys, this.nowMs * rate);
      else directory.notTold(sharer, told.keys, told.seq);
    };
    const node = this.#nodes.find(({ name }) => name === sharer.node);
    if (node === undefined) return;
    this.#network(node, () => {
      const isDropped = node.lines.invalidate(told);
      this.#network(node, () => settle(isDropped));
    });
    this.#later(500, () => settle(false));
  }
}

describe('lines and their directory', () => {
  test('whatever the network, the clocks and leaders do, no line is older than its key', () => {
    const given = process.env['SEED'];
    const seeds =
      given === undefined ? Array.from({ length: 12 }, (_, seed) => seed) : [Number(given)];
    let [hits, writes] = [0, 0];
    for (const seed of seeds) {
      const world = new World(seed);
      try {
        world.run(40_000);
      } catch (error) {
        throw new Error(`SEED=${String(seed)}`, { cause: error });
      }
      hits += world.hits;
      writes += world.writes;
    }
    assert.ok(hits > 100 * seeds.length, String(hits));
    assert.ok(writes > 50 * seeds.length, String(writes));
  });
});

describe('the directory of a leader', () => {
  test('given a new leader, then no write is clear before the leases of earlier leaders have run out', () => {
    const directory = new Directory(2, 1000);
    directory.beginWrite('k', 1000);
    assert.equal(directory.isClear('k', 1000 + cacheLeaseMs), false);
    assert.equal(directory.isClear('k', 1000 + leaderLeaseMs), true);
    assert.equal(directory.clearAtMs('k'), 1000 + leaderLeaseMs);
  });

  test('given more keys than it may know, then one that falls out is invalidated before another is granted', () => {
    const directory = new Directory(1, -leaderLeaseMs, {
      ...defaultBounds,
      maxKeys: 2,
      maxSharers: 2,
    });
    const line = (key: string, memoryId = 'e'): string => {
      const grant = directory.read('n', memoryId, key, 0);
      return grant === 'over' ? grant : grant.line;
    };
    assert.deepEqual([line('a'), line('b'), line('c')], ['exclusive', 'exclusive', 'none']);
    assert.equal(line('a'), 'none', 'it is falling out');
    const [sharer] = directory.toTell(0);
    assert.ok(sharer !== undefined);
    const told = directory.take(sharer);
    assert.deepEqual(told.keys, ['a', 'b']);
    directory.acknowledged(sharer, told.keys, 0);
    assert.equal(directory.keyCount, 0);
    assert.equal(line('c'), 'exclusive');
    assert.deepEqual([line('c', 'f'), line('c', 'g')], ['shared', 'none'], 'too many sharers');
  });

  test('given one that has as many keys as it may, then its oldest makes room, and others keep theirs (SHARER-6)', () => {
    const directory = new Directory(1, -leaderLeaseMs, { ...defaultBounds, maxKeysEach: 2 });
    const line = (node: string, key: string): string => {
      const grant = directory.read(node, 'e', key, 0);
      return grant === 'over' ? grant : grant.line;
    };
    assert.deepEqual(
      [line('n', 'a'), line('m', 'a'), line('n', 'b')],
      ['exclusive', 'shared', 'exclusive'],
    );
    assert.deepEqual([line('n', 'c'), line('m', 'c')], ['none', 'exclusive']);
    const told = [...directory.toTell(0)].map((sharer) => ({ sharer, ...directory.take(sharer) }));
    const ofOne = told.filter(({ keys: some }) => some.length > 0);
    assert.deepEqual(
      ofOne.map(({ sharer: { node }, keys: some }) => [node, ...some]),
      [['n', 'a', 'b']],
    );
    assert.equal(line('n', 'a'), 'none', 'it is falling out');
    for (const { sharer, keys: some } of ofOne) directory.acknowledged(sharer, some, 0);
    assert.deepEqual(
      [line('n', 'c'), line('n', 'd'), line('m', 'a')],
      ['shared', 'exclusive', 'exclusive'],
    );
  });

  test('given one that begins anew again and again, then others are known nevertheless (SHARER-6)', () => {
    const bounds = { ...defaultBounds, maxSharers: 10, maxMemoriesEach: 3 };
    const directory = new Directory(1, -leaderLeaseMs, bounds);
    const line = (node: string, memoryId: number, nowMs = 0): string => {
      const grant = directory.read(node, String(memoryId), 'k', nowMs);
      return grant === 'over' ? grant : grant.line;
    };
    const lines = Array.from({ length: 20 }, (_, memoryId) => line('restless', memoryId));
    assert.equal(lines.filter((one) => one !== 'none').length, 3);
    assert.notEqual(line('calm', 1), 'none');
    directory.onTick(leaderLeaseMs);
    assert.notEqual(line('restless', 99, leaderLeaseMs), 'none', 'those before are over');
  });

  test('given many keys that others have as well, then it is told of them in messages of bounded size, what became invalid first (SHARER-8)', () => {
    const long = 'x'.repeat(1000);
    const many = Array.from({ length: 2500 }, (_, at) => `${String(at)} ${long}`);
    const directory = new Directory(1, -leaderLeaseMs);
    for (const key of many) for (const node of ['n', 'm']) directory.read(node, 'e', key, 0);
    const sharer = directory.sharer('n', 'e');
    assert.ok(sharer !== undefined);
    directory.beginWrite(many[2000] ?? '', 0);
    const [invalid, shared] = [new Set<string>(), new Set<string>()];
    for (let messages = 0; [...directory.toTell(0)].includes(sharer); messages += 1) {
      assert.ok(messages < 10);
      const told = directory.take(sharer);
      const all = [...told.keys, ...told.shared];
      assert.ok(all.length <= keysPerMessage);
      assert.ok(Buffer.byteLength(all.join('')) <= bytesPerMessage);
      assert.equal(told.keys.length, messages === 0 ? 1 : 0);
      for (const key of told.keys) invalid.add(key);
      for (const key of told.shared) shared.add(key);
    }
    assert.deepEqual([...invalid], [many[2000]]);
    assert.equal(shared.size, many.length - 1, 'each of them, but for the one that is gone');
  });

  test('given one that was slow to acknowledge, then it is known who delayed writes, and by how much', () => {
    const delays = new Delays();
    const directory = new Directory(1, -leaderLeaseMs, defaultBounds, delays);
    for (const node of ['slow', 'silent', 'quick']) directory.read(node, 'e', 'k', 0);
    directory.beginWrite('k', 0);
    const tell = (node: string, nowMs: number): void => {
      const sharer = directory.sharer(node, 'e');
      assert.ok(sharer !== undefined);
      directory.acknowledged(sharer, directory.take(sharer).keys, nowMs);
    };
    tell('quick', 3);
    tell('slow', 400);
    assert.equal(directory.isClear('k', leaderLeaseMs), true);
    assert.deepEqual(delays.list, [
      { name: 'silent', ms: leaderLeaseMs, count: 1, lapsed: 1 },
      { name: 'slow', ms: 400, count: 1, lapsed: 0 },
    ]);
  });

  test('given a sharer whose lease has run out, then it is granted nothing under its memory id', () => {
    const directory = new Directory(1, -leaderLeaseMs);
    directory.read('n', 'e', 'k', 0);
    assert.notEqual(directory.read('n', 'e', 'k', leaderLeaseMs - 1), 'over');
    assert.equal(directory.read('n', 'e', 'k', 2 * leaderLeaseMs), 'over');
  });
});
