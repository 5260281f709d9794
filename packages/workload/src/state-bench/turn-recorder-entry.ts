/**
 * Loaded into each node process before its own code (`NODE_OPTIONS=--import`): writes a line of `turn-records.ts` to a
 * file each tenth of a second. It is outside the node's code so that any build can be measured with the same instrument.
 *
 * Its timer runs at most 500 times a second and takes 8 µs each time, 0.4 % of the thread. `monitorEventLoopDelay` of Node
 * would cost less, but a turn that begins right after its `reset` is missing from it, and it tells no parts of a turn.
 */
import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { PerformanceObserver } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';
import { threadTimes } from './thread-times.ts';
import { turnMeter } from './turn-meter.ts';
import { turnRecordLine } from './turn-records.ts';

/** A timer that is due so often is late by what the turn before it took. */
const resolutionMs = 2;
const everyMs = 100;

const folder = process.env['TURN_RECORDS'];
if (isMainThread && folder !== undefined) record(folder);

function record(into: string): void {
  const file = openSync(join(into, `${String(process.pid)}.turns`), 'a');
  const read = threadTimes();
  const meter = turnMeter(read());
  setInterval(() => meter.look(read()), resolutionMs).unref();
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) meter.collected(startTime, duration);
  }).observe({ entryTypes: ['gc'] });
  setInterval(() => {
    const summary = meter.take();
    if (summary === undefined) return;
    const atMs = Date.now() - performance.now() + summary.endMs;
    writeSync(file, turnRecordLine({ atMs, ...summary }));
  }, everyMs).unref();
}
