/** COLLECTOR-1 to COLLECTOR-3, by processes with and without the options. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { countBuffers, limitGrowth } from '../../src/collector-limits.ts';

const inSources = (file: string): string =>
  JSON.stringify(new URL(`../../src/${file}`, import.meta.url).href);
const limiting = (what: string): string =>
  `(await import(${inSources('collector-limits.ts')})).${what};\n`;

/** What a process prints that runs this code. */
async function printed(code: string): Promise<string> {
  const flags = ['--expose-gc', '--conditions=source', '--input-type=module', '--eval'];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, code]);
  return stdout;
}

/** What it prints with the options of V8, and with that of a node. */
const compared = (code: string, what: string): Promise<readonly number[]> =>
  Promise.all([code, limiting(what) + code].map(async (one) => Number(await printed(one))));

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
    const [without = 0, limited = NaN] = await compared(receiving, 'countBuffers()');
    assert.ok(limited <= without / 2, `${String(limited)} instead of ${String(without)}`);
  });

  it('are begun before the heap is several times as large as what lives (COLLECTOR-2)', async () => {
    const [without = 0, limited = NaN] = await compared(replacing, 'limitGrowth()');
    assert.ok(limited <= 0.85 * without, `${String(limited)} instead of ${String(without)} MiB`);
  });

  it('are begun by options that their V8 knows (COLLECTOR-3)', () => {
    const optionsOf = (version: string): readonly string[] => {
      const told: string[] = [];
      countBuffers(version, (option) => void told.push(option));
      return told;
    };
    const counting = ['--external-memory-accounted-in-global-limit'];
    assert.deepEqual(optionsOf('13.6.233.17-node.53'), counting);
    assert.deepEqual(optionsOf('14.7.1'), counting);
    assert.deepEqual(optionsOf('14.8.0'), []);
    assert.deepEqual(optionsOf('15.0.1'), []);
  });

  it('are limited as soon as its process starts, their growth once its heap is large', async () => {
    const told = await printed(`
      import { syncBuiltinESMExports } from 'node:module';
      import v8 from 'node:v8';
      v8.setFlagsFromString = (option) => console.log(option);
      syncBuiltinESMExports();
      const { runNode } = await import(${inSources('process.ts')});
      runNode({}).catch(() => undefined);
      console.log('now large');
      const buffers = new Uint8Array(200 * 1024 * 1024);
      globalThis.gc();
      setTimeout(() => process.exit(buffers.length > 0 ? 0 : 1), 200);`);
    const options: string[] = [];
    countBuffers(undefined, (option) => void options.push(option));
    options.push('now large');
    limitGrowth((option) => void options.push(option));
    assert.equal(options.at(-1), '--heap-growing-percent=100');
    assert.deepEqual(told.trim().split('\n'), options);
  });
});
