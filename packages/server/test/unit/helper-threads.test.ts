/** HELPERS-1 and HELPERS-2, by an imitated system and by the threads of a real process. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { lowerHelperThreads } from '../../src/helper-threads.ts';
import type { ThreadPriorities } from '../../src/helper-threads.ts';

const names: Readonly<Record<string, string>> = {
  10: 'MainThread',
  11: 'V8Worker',
  12: 'libuv-worker',
  13: 'V8Worker',
};

function imitated(changes: Partial<ThreadPriorities> = {}) {
  const set = new Map<number, number>();
  const system: ThreadPriorities = {
    platform: 'linux',
    mainThread: 10,
    threads: () => Object.keys(names),
    nameOf: (thread) => names[thread] ?? '',
    get: () => 0,
    set: (thread, priority) => void set.set(thread, priority),
    ...changes,
  };
  return { set, system };
}

describe('Helper threads of a node', () => {
  it('have a lower priority than its main thread, and no other thread has (HELPERS-1)', () => {
    const { set, system } = imitated();
    assert.equal(lowerHelperThreads(system), 2);
    assert.deepEqual(Object.fromEntries(set), { 11: 5, 13: 5 });
  });

  it('are as far below a process of low priority, down to the lowest', () => {
    const nice = imitated({ get: () => 7 });
    lowerHelperThreads(nice.system);
    assert.equal(nice.set.get(11), 12);
    const nicest = imitated({ get: () => 19 });
    lowerHelperThreads(nicest.system);
    assert.equal(nicest.set.get(11), 19);
  });

  it('stay as they are where the system does not know or allow it (HELPERS-2)', () => {
    const elsewhere = imitated({ platform: 'darwin' });
    assert.equal(lowerHelperThreads(elsewhere.system), 0);
    assert.equal(elsewhere.set.size, 0);
    const failing = (): never => {
      throw new Error('EPERM');
    };
    for (const part of ['threads', 'nameOf', 'get', 'set'] as const)
      assert.doesNotThrow(
        () => assert.equal(lowerHelperThreads(imitated({ [part]: failing }).system), 0),
        part,
      );
  });

  it('are lowered though one of them has ended meanwhile', () => {
    const { set, system } = imitated();
    const nameOf = (thread: string): string => {
      if (thread === '11') throw new Error('ENOENT');
      return system.nameOf(thread);
    };
    assert.equal(lowerHelperThreads({ ...system, nameOf }), 1);
    assert.deepEqual([...set.keys()], [13]);
  });

  it('of another namespace of processes are left alone (HELPERS-2)', () => {
    const { set, system } = imitated({ mainThread: 1 });
    assert.equal(lowerHelperThreads(system), 0);
    assert.equal(set.size, 0);
  });

  it('are found by their name in a process of Node (HELPERS-1)', async (t) => {
    if (process.platform !== 'linux') {
      t.skip('Only Linux knows the priority of a single thread.');
      return;
    }
    const module = new URL('../../src/helper-threads.ts', import.meta.url).href;
    const code = `
      import { readdirSync, readFileSync } from 'node:fs';
      import { getPriority } from 'node:os';
      const { lowerHelperThreads } = await import(${JSON.stringify(module)});
      const lowered = lowerHelperThreads();
      const threads = readdirSync('/proc/self/task').map((id) => ({
        name: readFileSync('/proc/self/task/' + id + '/comm', 'utf8').trim(),
        above: getPriority(Number(id)) - getPriority(process.pid),
      }));
      console.log(JSON.stringify({ lowered, threads }));`;
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--conditions=source',
      '--input-type=module',
      '--eval',
      code,
    ]);
    const { lowered, threads } = JSON.parse(stdout) as {
      readonly lowered: number;
      readonly threads: readonly { readonly name: string; readonly above: number }[];
    };
    assert.ok(lowered > 0, stdout);
    for (const { name, above } of threads)
      assert.equal(above, name === 'V8Worker' ? 5 : 0, `${name}: ${String(above)}`);
  });
});
