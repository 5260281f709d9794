import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { clientLeaseMs } from '@holdfast/protocol/cache';
import type { CacheDroppedBody, CacheKeepAnswer, CachePush, Json } from '@holdfast/protocol';
import { CacheMemory } from '../../src/cache-memory.ts';
import type { CacheConnection } from '../../src/cache-memory.ts';
import { CacheStore } from '../../src/cache-store.ts';
import { VirtualClock } from '../virtual-nodes.ts';

/** A node of which a test says what it grants. */
class Node {
  readonly values = new Map<string, Json>();
  readonly dropped: CacheDroppedBody[] = [];
  asked = 0;
  term = 1;
  seq = 0;
  line: CacheKeepAnswer['line'] = 'shared';
  leaseMs = clientLeaseMs;
  endsInSeconds: number | null = null;
  memoryId = '';
  /** Holds answers back until it resolves. */
  held: Promise<void> = Promise.resolve();
  received: (value: Json) => Json = (value) => structuredClone(value);
  #broken: () => void = () => undefined;
  #push: (push: CachePush) => void = () => undefined;

  readonly connection: CacheConnection = {
    cacheKeep: async ({ k, memory_id: memoryId }) => {
      this.asked += 1;
      this.memoryId = memoryId;
      const value = this.values.get(k);
      const answer = {
        key: k,
        found: value !== undefined,
        value: this.received(value ?? null),
        version: value === undefined ? 0 : 7,
        expires_in_seconds: this.endsInSeconds,
        node: 'n1',
        line: this.line,
        term: this.term,
        seq: (this.seq += 1),
        lease_ms: this.leaseMs,
      };
      await this.held;
      return answer;
    },
    cacheDropped: async (body) => {
      this.dropped.push(body);
      return { memory_id: body.memory_id };
    },
    onBroken: (listener) => {
      this.#broken = listener;
      return () => undefined;
    },
    pushes: {
      onCache: (listener) => {
        this.#push = listener;
      },
    },
  };

  break = (): void => this.#broken();
  /** Has it drop all that it has under this memory id. */
  tellAll = (memoryId: string): void =>
    this.#push({ memory_id: memoryId, seq: 0, keys: [], all: true });
  tell(...keys: string[]): void {
    this.#push({ memory_id: `${this.memoryId}@1`, seq: (this.seq += 1), keys });
  }
}

describe('The memory of a client', () => {
  let node: Node;
  let clock: VirtualClock;
  let memory: CacheMemory;
  beforeEach(() => {
    node = new Node();
    clock = new VirtualClock();
    memory = new CacheMemory(node.connection, clock, 'me', { maxKeys: 100, maxBytes: 100_000 });
    node.values.set('k', { name: 'Ada' });
  });
  const read = async (key = 'k'): Promise<Json | undefined> =>
    (await (memory.read(key, 1000) ?? memory.fetch(key, 1000)))?.value;

  it('answers again what it read, also that there is nothing, without asking', async () => {
    assert.deepEqual([await read(), await read('none')], [{ name: 'Ada' }, undefined]);
    assert.deepEqual([await read(), await read('none')], [{ name: 'Ada' }, undefined]);
    assert.equal(node.asked, 2);
    assert.deepEqual([memory.statistics.hits, memory.statistics.keys], [2, 2]);
  });

  it('answers nothing once the lease has run out by the clock, though no timer fires', async () => {
    await read();
    clock.nowMs += clientLeaseMs - 1;
    assert.ok(memory.read('k', 1000) !== undefined);
    clock.nowMs += 1;
    node.leaseMs = 0;
    assert.equal(memory.read('k', 1000), undefined);
  });

  it('asks in time for the lease to go on, once', async () => {
    await read();
    clock.nowMs += clientLeaseMs / 2 + 1;
    await Promise.all([read(), read(), read()]);
    assert.equal(node.asked, 2);
    clock.nowMs += clientLeaseMs / 2;
    assert.ok(memory.read('k', 1000) !== undefined);
  });

  it('drops what it is told to, and acknowledges it then', async () => {
    await read();
    node.tell('k');
    assert.equal(memory.read('k', 1000), undefined);
    assert.deepEqual(node.dropped, [{ memory_id: 'me#1@1', seq: 2 }]);
  });

  it('drops everything when it is told so, of the memory id that it is told, and says so', async () => {
    await read();
    const { memoryId } = node;
    node.tellAll('me#0');
    assert.ok(memory.read('k', 1000) !== undefined, 'another memoryId');
    node.tellAll(memoryId);
    assert.equal(memory.read('k', 1000), undefined);
    assert.deepEqual(node.dropped, [{ memory_id: 'me#0' }, { memory_id: memoryId }]);
    await read();
    assert.notEqual(node.memoryId, memoryId);
  });

  it('drops everything with a broken connection, and what comes over it afterwards is not kept', async () => {
    await read();
    let answer = (): void => undefined;
    node.held = new Promise((resolve) => (answer = resolve));
    const late = read('late');
    node.break();
    assert.equal(memory.read('k', 1000), undefined);
    answer();
    await late;
    assert.equal(memory.read('late', 1000), undefined);
  });

  it('does not keep an answer that an invalidation has overtaken', async () => {
    await read('other');
    let answer = (): void => undefined;
    node.held = new Promise((resolve) => (answer = resolve));
    const overtaken = read();
    node.tell('k');
    answer();
    assert.deepEqual(await overtaken, { name: 'Ada' });
    assert.equal(memory.read('k', 1000), undefined);
  });

  it('does not keep what it may not, nor what is of a node that has begun anew', async () => {
    node.line = 'none';
    await read();
    assert.equal(memory.read('k', 1000), undefined);
    node.line = 'exclusive';
    await read();
    assert.ok(memory.read('k', 1000) !== undefined);
    node.term = 2;
    await read('other');
    assert.equal(memory.read('k', 1000), undefined);
  });

  it('gives its caller an answer whose lease cannot be read, and does not keep it', async () => {
    await read('other');
    for (const wrong of [undefined, null, '800', Number.NaN]) {
      node.leaseMs = wrong as unknown as number;
      assert.deepEqual(await read(), { name: 'Ada' });
      assert.equal(memory.read('k', 1000), undefined);
      assert.equal(memory.statistics.asking, 0);
    }
    clock.nowMs += clientLeaseMs;
    assert.equal(memory.read('other', 1000), undefined, 'the lease of others does not go on');
  });

  it('lets a value end by itself before it does at the node', async () => {
    node.endsInSeconds = 0.5;
    await read();
    clock.nowMs += 440;
    assert.ok(memory.read('k', 1000) !== undefined);
    clock.nowMs += 20;
    assert.equal(memory.read('k', 1000), undefined);
  });

  it('gives everybody the same, which nobody can change', async () => {
    node.values.set('deep', { list: [{ a: 1 }] });
    const value = (await read('deep')) as { list: { a: number }[] };
    assert.throws(() => value.list.push({ a: 2 }), TypeError);
    assert.throws(() => {
      const [first] = value.list;
      if (first !== undefined) first.a = 2;
    }, TypeError);
  });

  it('keeps a value that is nested as deep as JSON may be', async () => {
    let deep: Json = 1;
    for (let depth = 0; depth < 20_000; depth++) deep = [deep];
    node.received = () => deep;
    assert.equal(await read(), deep);
    assert.ok(Object.isFrozen(deep));
  });

  it('ends a read of which it cannot use the answer, and reads again (LINE-7)', async () => {
    node.received = () =>
      new Proxy([], {
        ownKeys: () => {
          throw new RangeError('Maximum call stack size exceeded');
        },
      });
    await assert.rejects(read(), RangeError);
    assert.equal(memory.statistics.asking, 0);
    node.received = (value) => value;
    assert.deepEqual(await read(), { name: 'Ada' });
    assert.equal(memory.statistics.asking, 0);
  });

  it('tells the node when it leaves, which need not wait for the lease then', async () => {
    await memory.leave();
    assert.deepEqual(node.dropped, [], 'it had nothing');
    await read();
    await memory.leave();
    assert.deepEqual(node.dropped, [{ memory_id: node.memoryId }]);
    assert.equal(memory.read('k', 1000), undefined);
  });
});

describe('The lines of a client', () => {
  const line = (value: string): { value: string; untilMs: undefined; state: 'shared' } => ({
    value,
    untilMs: undefined,
    state: 'shared',
  });

  it('are so many and of so many bytes at most: what was read longest ago goes first', () => {
    const store = new CacheStore<string>({ maxKeys: 3, maxBytes: 5000 }, (value) => value.length);
    for (const key of ['a', 'b', 'c']) store.set(key, line(key));
    store.get('a');
    store.peek('b');
    store.set('d', line('d'));
    assert.deepEqual(
      ['a', 'b', 'c', 'd'].map((key) => store.peek(key)?.value),
      ['a', undefined, 'c', 'd'],
    );
    store.set('large', line('x'.repeat(4200)));
    assert.deepEqual([store.size, store.peek('d')?.value], [2, 'd']);
    store.set('larger', line('x'.repeat(6000)));
    assert.equal(store.peek('larger'), undefined);
    store.delete('d');
    store.delete('large');
    assert.deepEqual([store.size, store.calculatedSize], [0, 0]);
    store.set('a', line('again'));
    store.clear();
    assert.deepEqual([store.get('a'), store.calculatedSize], [undefined, 0]);
  });
});
