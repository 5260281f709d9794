/** `make test-chaos-queue`. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFlags } from '@holdfast/checker/flags';
import { scratchFolder } from '../runs.ts';
import { queueNemesisNames, runQueueChaos } from './queue-run.ts';
import type { QueueStoreName } from './queue-run.ts';
import { redisProgram } from './redis-process.ts';

const help = `A queue of messages whose nodes, and whose Redis, are killed, stopped and cut off.

  make test-chaos-queue              both stores, a minute each
  make test-chaos-queue MINUTES=10   the same for longer; SEED=N for the same choices
  make test-chaos-queue SECURITY=1   all over TLS, with keys; keys and rules change meanwhile (Linux)

Options of the program itself: --seconds N (of each run) --minutes N --seed N --store replicated|redis --only "NAME,NAME" --secured
Kinds of faults: ${queueNemesisNames.join(', ')}`;

const { values } = readFlags({
  options: {
    seconds: { type: 'string', default: '50' },
    minutes: { type: 'string', default: '0' },
    seed: { type: 'string' },
    store: { type: 'string' },
    only: { type: 'string' },
    secured: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const seed = Number(values.seed ?? Math.floor(Math.random() * 1e9));
const [seconds, minutes] = [Number(values.seconds), Number(values.minutes)];
if (!(seed > 0 && seconds > 0 && minutes >= 0)) {
  console.error('Seeds and seconds are numbers above 0, minutes are not below it.');
  process.exit(2);
}
const only = values.only?.split(',').map((name) => name.trim());
const stores = (['replicated', 'redis'] as const).filter(
  (store) => values.store === undefined || values.store === store,
);
if (redisProgram === undefined)
  console.log('There is no redis-server on this machine: only the replicated store is run.');
const runnable: readonly QueueStoreName[] =
  redisProgram === undefined ? stores.filter((store) => store !== 'redis') : stores;
const root = scratchFolder();
let kept = true;
try {
  const endMs = performance.now() + minutes * 60_000;
  for (let run = 0; run === 0 || performance.now() < endMs; run++)
    for (const store of runnable) await runOne(store, seed + run);
} finally {
  rmSync(root, { recursive: true, force: true });
}
process.exitCode = kept ? 0 : 1;

async function runOne(store: QueueStoreName, runSeed: number): Promise<void> {
  const title = `queue-${store}-${String(runSeed)}`;
  const isSecured = values.secured;
  console.log(
    `\n${store} store, three nodes, seed ${String(runSeed)}${isSecured ? ', with TLS and keys' : ''}`,
  );
  const folder = join(root, title);
  mkdirSync(folder, { recursive: true });
  const outcome = await runQueueChaos({
    folder,
    store,
    nodes: 3,
    seed: runSeed,
    seconds,
    isSecured,
    ...(only === undefined ? {} : { only }),
    tell: (line) => console.log(line),
  });
  const { pushed, deliveries, redeliveries, acknowledged, strikes, inFlight, violations } = outcome;
  const { extended, redriven } = outcome;
  console.log(
    `${String(strikes.length)} faults, ${String(pushed)} pushed, ${String(deliveries)} deliveries, ${String(redeliveries)} of them again, ${String(acknowledged)} acknowledged, ${String(extended)} extended, ${String(redriven)} dead letters redriven`,
  );
  const least = inFlight.reduce((one, other) => Math.min(one, other), Infinity);
  if (inFlight.length > 0)
    console.log(
      `At least ${String(least)} deliveries were in flight at the beginning of each fault.`,
    );
  for (const note of outcome.notes) console.log(note);
  if (violations.length === 0) {
    console.log('Every promise was kept.');
    return;
  }
  kept = false;
  for (const violation of violations.slice(0, 20)) console.log(violation);
  const file = join(tmpdir(), `holdfast-chaos-${title}.jsonl`);
  writeFileSync(file, outcome.history.map((event) => JSON.stringify(event)).join('\n'));
  console.log(`The history is in ${file}`);
}
