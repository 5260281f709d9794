import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { HoldfastError } from '@holdfast/protocol';
import { startHarness } from '../harness.ts';
import { Machines } from '../../src/operations/machines.ts';
import type { MachinesParts } from '../../src/operations/machines.ts';

const told = {
  version: '0.2.0',
  applied_index: 40,
  disk_free_bytes: 10,
  disk_size_bytes: 100,
  stored_bytes: 5,
  memory_bytes: 7,
  longest_turn_seconds: 0.01,
};
const disk = { freeBytes: 1, sizeBytes: 2 };

interface Scene {
  readonly machines: Machines;
  /** Which members were asked. */
  readonly asked: string[];
  readonly pass: (ms: number) => void;
  /** What this node answers to others. */
  readonly answer: () => Promise<unknown>;
}

/** Three members, of which this is the first. @param answers What the others answer. */
function scene(
  answers: Readonly<Record<string, () => Promise<unknown>>>,
  diskSpace: MachinesParts['diskSpace'] = () => Promise.resolve(disk),
): Scene {
  let nowMs = 0;
  const due: { readonly atMs: number; readonly callback: () => void }[] = [];
  const asked: string[] = [];
  let own: (() => Promise<unknown>) | undefined;
  const engine = {
    status: () => ({
      nodeId: 'a',
      appliedIndex: 42,
      members: [{ id: 'a' }, { id: 'b' }, { id: 'c' }],
    }),
    stats: () => ({ storage: { sizeBytes: 5 } }),
    askMember: (id: string, body: object) => {
      asked.push(id);
      assert.deepEqual(body, { about: 'machine' });
      return answers[id]?.() ?? Promise.reject(new Error('There is no such member.'));
    },
    onAsked: (answer: () => Promise<unknown>, about?: string) => {
      assert.equal(about, 'machine');
      own = answer;
    },
  } as unknown as MachinesParts['engine'];
  const machines = new Machines({
    engine,
    clock: {
      now: () => nowMs,
      after: (delayMs, callback) => {
        const one = { atMs: nowMs + delayMs, callback };
        due.push(one);
        return () => due.splice(due.indexOf(one), 1);
      },
    },
    version: '0.3.0',
    diskSpace,
    longestTurnSeconds: () => 0.02,
  });
  return {
    machines,
    asked,
    pass(ms) {
      nowMs += ms;
      for (const one of due.filter(({ atMs }) => atMs <= nowMs)) one.callback();
    },
    answer: () => own?.() ?? Promise.reject(new Error('It answers nothing.')),
  };
}

describe('what the members stand on', () => {
  test('is what each member tells of itself, this node too', async () => {
    const { machines } = scene({ b: async () => told, c: async () => told });
    const [own, other] = await machines.all();
    assert.deepEqual(other, { node_id: 'b', answered: true, ...told });
    const { memory_bytes: memory, ...rest } = own ?? { memory_bytes: 0 };
    assert.ok(Number(memory) > 0);
    assert.deepEqual(rest, {
      node_id: 'a',
      answered: true,
      version: '0.3.0',
      applied_index: 42,
      disk_free_bytes: 1,
      disk_size_bytes: 2,
      stored_bytes: 5,
      longest_turn_seconds: 0.02,
    });
  });

  test('is unknown of a member that is silent, refuses, or tells no numbers, and the others are told all the same', async () => {
    const silent = scene({
      b: () => new Promise<never>(() => {}),
      c: () =>
        Promise.reject(new HoldfastError('store_unavailable', 'It answers no such question.')),
    });
    const answer = silent.machines.all();
    await nextTurn(); // What is known is known.
    silent.pass(2000);
    assert.deepEqual(
      (await answer).map(({ node_id: id, answered, version }) => [id, answered, version]),
      [
        ['a', true, '0.3.0'],
        ['b', false, null],
        ['c', false, null],
      ],
    );
    const strange = scene({
      b: async () => ({ version: 7, applied_index: -1, disk_free_bytes: 'much' }),
      c: async () => 'no',
    });
    const [, second, third] = await strange.machines.all();
    assert.equal(second?.answered, true);
    assert.deepEqual(
      [second?.version, second?.applied_index, second?.disk_free_bytes],
      [null, null, null],
    );
    assert.equal(third?.answered, false);
  });

  test('a disk that says nothing leaves this node unknown in time, one that fails its disk alone', async () => {
    const silent = scene({ b: async () => told }, () => new Promise<never>(() => {}));
    const answer = silent.machines.all();
    silent.pass(2000);
    assert.equal((await answer)[0]?.answered, false);
    const failing = scene({}, () => Promise.reject(new Error('EIO')));
    const [own] = await failing.machines.all();
    assert.deepEqual([own?.answered, own?.disk_free_bytes, own?.version], [true, null, '0.3.0']);
  });

  test('is asked for once a second, however many look (MACHINES-1)', async () => {
    const { machines, asked, pass } = scene({ b: async () => told, c: async () => told });
    await Promise.all([machines.all(), machines.all()]);
    await machines.all();
    assert.deepEqual(asked, ['b', 'c']);
    pass(1000);
    await machines.all();
    assert.deepEqual(asked, ['b', 'c', 'b', 'c']);
  });

  test('a member tells another one what it shows of itself', async () => {
    const { machines, answer } = scene({});
    const [own] = await machines.all();
    assert.deepEqual(Object.keys((await answer()) as object), Object.keys(told));
    assert.equal(own?.node_id, 'a');
  });

  test('is read at GET /cluster/machines', async (t) => {
    const { engine, request } = startHarness(t);
    const { status, body } = await request('GET', '/cluster/machines');
    assert.equal(status, 200);
    const { machines } = body as { readonly machines: readonly { readonly node_id: string }[] };
    assert.deepEqual(
      machines.map(({ node_id: id }) => id),
      engine.status().members.map(({ id }) => id),
    );
  });
});
