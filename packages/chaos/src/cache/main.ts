/** `make test-chaos-cache`. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFlags } from '@holdfast/checker/flags';
import { scratchFolder } from '../runs.ts';
import { cacheNemesisNames, runCacheChaos } from './cache-run.ts';

const help = `A cache whose nodes and clients, which answer reads from their memory, are killed, stopped and cut off.

  make test-chaos-cache              a minute
  make test-chaos-cache MINUTES=10   the same for longer; SEED=N for the same choices
  make test-chaos-cache SECURITY=1   all over TLS, with keys; keys and rules change meanwhile (Linux)

Options of the program itself: --seconds N (of each run) --minutes N --seed N --only "NAME,NAME" --secured
Kinds of faults: ${cacheNemesisNames.join(', ')}`;

const { values } = readFlags({
  options: {
    seconds: { type: 'string', default: '50' },
    minutes: { type: 'string', default: '0' },
    seed: { type: 'string' },
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
const root = scratchFolder();
let kept = true;
try {
  const endMs = performance.now() + minutes * 60_000;
  for (let run = 0; run === 0 || performance.now() < endMs; run++) await runOne(seed + run);
} finally {
  rmSync(root, { recursive: true, force: true });
}
process.exitCode = kept ? 0 : 1;

async function runOne(runSeed: number): Promise<void> {
  const title = `cache-${String(runSeed)}`;
  const isSecured = values.secured;
  console.log(
    `\nThree nodes, five clients, seed ${String(runSeed)}${isSecured ? ', with TLS and keys' : ''}`,
  );
  const folder = join(root, title);
  mkdirSync(folder, { recursive: true });
  const outcome = await runCacheChaos({
    folder,
    nodes: 3,
    clients: 5,
    seed: runSeed,
    seconds,
    isSecured,
    ...(only === undefined ? {} : { only }),
    tell: (line) => console.log(line),
  });
  const { violations, history, reads, writes, deletes } = outcome;
  console.log(
    `${String(outcome.strikes.length)} faults, ${String(reads)} reads, ${String(writes)} writes and ${String(deletes)} deletes that were answered, ` +
      `of them ${String(outcome.mismatches)} found another version and ${String(outcome.held)} were under a hold; ` +
      `${String(outcome.refusedHolds)} were refused, since their hold was over; of ${String(outcome.unknown)} nobody knows the outcome`,
  );
  for (const note of outcome.notes) console.log(note);
  if (violations.length === 0 && reads > 0 && writes > 0 && deletes > 0) {
    console.log('Every promise was kept.');
    return;
  }
  kept = false;
  for (const violation of violations.slice(0, 20)) console.log(violation);
  const file = join(tmpdir(), `holdfast-chaos-${title}.jsonl`);
  writeFileSync(file, history.map((event) => JSON.stringify(event)).join('\n'));
  console.log(`The history is in ${file}`);
}
