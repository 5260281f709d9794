/** COLLECTOR-1 to COLLECTOR-3, by processes with and without the options. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { limitCollections } from '../../src/collector-limits.ts';

const module = new URL('../../src/collector-limits.ts', import.meta.url).href;

/** What a process prints that runs this code, with the options of a node or with those of V8. */
async function printed(code: string, isLimited: boolean): Promise<number> {
  const limit = `const { limitCollections } = await import(${JSON.stringify(module)}); limitCollections();`;
  const flags = ['--conditions=source', '--input-type=module', '--eval'];
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...flags,
    `${isLimited ? limit : ''}\n${code}`,
  ]);
  return Number(stdout);
}

/** Receives 2 GiB in buffers, of which the latest 64 MiB are kept, beside a heap of 50 MiB. Tells the full collections. */
const receiving = `
  import { PerformanceObserver, constants } from 'node:perf_hooks';
  let collections = 0;
  new PerformanceObserver((list) => {
    for (const { detail } of list.getEntries())
      if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) collections += 1;
  }).observe({ entryTypes: ['gc'] });
  const state = Array.from({ length: 400_000 }, (_, index) => ({ index, text: 'x' + index }));
  const kept = [];
  for (let count = 0; count < 8192; count++) {
    kept[count % 256] = new Uint8Array(256 * 1024);
    if (count % 16 === 0) await new Promise(setImmediate);
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  console.log(state.length > 0 ? collections : -1);`;

/** Replaces what lives in a heap of 50 MB, again and again. Tells the most MiB that were in use. */
const replacing = `
  import { getHeapStatistics } from 'node:v8';
  const kept = [];
  let most = 0;
  for (let count = 0; count < 5000; count++) {
    kept[count % 600] = Array.from({ length: 10_000 }, (_, index) => index + 0.5);
    if (count % 50 !== 0) continue;
    if (count > 1800) most = Math.max(most, getHeapStatistics().used_heap_size);
    await new Promise(setImmediate);
  }
  console.log(Math.round(most / 1024 / 1024));`;

describe('Collections of a node', () => {
  it('are not begun by buffers that nobody uses any more (COLLECTOR-1)', async () => {
    const [without, limited] = await Promise.all([
      printed(receiving, false),
      printed(receiving, true),
    ]);
    assert.ok(limited <= without / 2, `${String(limited)} instead of ${String(without)}`);
  });

  it('are begun before the heap is twice as large as what lives (COLLECTOR-2)', async () => {
    const [without, limited] = await Promise.all([
      printed(replacing, false),
      printed(replacing, true),
    ]);
    assert.ok(limited <= 0.8 * without, `${String(limited)} instead of ${String(without)} MiB`);
  });

  it('are begun by options that their V8 knows (COLLECTOR-3)', () => {
    const optionsOf = (version: string): readonly string[] =>
      limitCollections(version, () => undefined);
    const growing = '--heap-growing-percent=50';
    const counting = '--external-memory-accounted-in-global-limit';
    assert.deepEqual(optionsOf('13.6.233.17-node.53'), [growing, counting]);
    assert.deepEqual(optionsOf('14.7.1'), [growing, counting]);
    assert.deepEqual(optionsOf('14.8.0'), [growing]);
    assert.deepEqual(optionsOf('15.0.1'), [growing]);
  });

  it('are limited by what V8 is told', () => {
    const told: string[] = [];
    const options = limitCollections('13.6.0', (option) => void told.push(option));
    assert.deepEqual(told, options);
  });
});
