/**
 * Loaded into each node process before its own code (`NODE_OPTIONS=--import`): writes the longest turn of the
 * event loop in each tenth of a second to a file, as `<wall clock ms> <longest turn in ms>`. It is outside the
 * node's code so that any build can be measured with the same instrument.
 */
import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

/** A timer that is due so often is late by what the turn before it took. */
const resolutionMs = 2;
const everyMs = 100;

const folder = process.env['TURN_RECORDS'];
if (isMainThread && folder !== undefined) record(folder);

function record(into: string): void {
  const file = openSync(join(into, `${String(process.pid)}.turns`), 'a');
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  delays.enable();
  setInterval(() => {
    writeSync(file, `${String(Date.now())} ${(delays.max / 1e6).toFixed(2)}\n`);
    delays.reset();
  }, everyMs).unref();
}
