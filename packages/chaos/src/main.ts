/** `make test-chaos`, `make soak`. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { drawHistory, lockModel, toJsonLines } from '@holdfast/checker';
import { ChaosCluster } from './cluster/cluster.ts';
import { clearLeftovers } from './leftovers.ts';
import { runLockSet } from './lockset/run.ts';
import { report } from './report.ts';
import { nemesisNames, runChaos } from './run.ts';
import type { RunOutcome } from './run.ts';

const help = `Real nodes and clients under kills, stops, cuts, slow lines, clock jumps, full and damaged disks.

  make test-chaos               three nodes, five nodes, and the shared set: about three minutes
  make soak MINUTES=30          the same for longer

Options of the program itself: --seconds N (of each run) --minutes N --seed N --nodes 3,5 --only "NAME,NAME" --no-lockset
Kinds of faults: ${nemesisNames.join(', ')}`;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '55' },
    minutes: { type: 'string' },
    seed: { type: 'string' },
    nodes: { type: 'string', default: '3,5' },
    clients: { type: 'string', default: '5' },
    only: { type: 'string' },
    'no-lockset': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

if (values.help) {
  console.log(help);
  process.exit(0);
}
const seed = Number(values.seed ?? Math.floor(Math.random() * 1e9));
const sizes = values.nodes.split(',').map(Number);
const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
if (![seed, ...sizes, minutes ?? 1, Number(values.seconds)].every((value) => value > 0)) {
  console.error('Seeds, sizes, minutes and seconds are numbers above 0.');
  process.exit(2);
}
const only = values.only?.split(',').map((name) => name.trim());
const root = mkdtempSync(join(tmpdir(), 'holdfast-chaos-'));
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    clearLeftovers();
    rmSync(root, { recursive: true, force: true });
    process.exit(130);
  });
}
console.log(`seed ${String(seed)}`);

const summaries: string[] = [];
let kept = true;
const endMs = performance.now() + (minutes ?? 0) * 60_000;
for (let run = 0; run < sizes.length || performance.now() < endMs; run++) {
  const nodes = sizes[run % sizes.length] ?? 3;
  const title = `${String(nodes)} nodes, ${values.clients} clients, seed ${String(seed + run)}`;
  console.log(`\n${title}`);
  const outcome = await runChaos({
    folder: join(root, `run-${String(run)}`),
    nodes,
    clients: Number(values.clients),
    seed: seed + run,
    seconds: Number(values.seconds),
    ...(only === undefined ? {} : { only }),
    tell: (line) => console.log(line),
  });
  const told = report(title, outcome);
  console.log(told.text);
  summaries.push(told.text);
  kept &&= told.kept;
  if (!told.kept) keepEvidence(outcome, seed + run);
}
if (!values['no-lockset']) kept = (await lockSet()) && kept;
if (summaries.length > sizes.length) console.log(`\nSummary\n${summaries.join('\n')}`);
console.log(kept ? '\nEvery promise was kept.' : '\nA PROMISE WAS BROKEN.');
rmSync(root, { recursive: true, force: true });
process.exit(kept ? 0 : 1);

function keepEvidence({ history, verdict }: RunOutcome, runSeed: number): void {
  const file = join(tmpdir(), `holdfast-chaos-${String(runSeed)}`);
  writeFileSync(`${file}.jsonl`, toJsonLines(history));
  console.log(`  history      ${file}.jsonl`);
  if (verdict.type !== 'violation') return;
  writeFileSync(`${file}.html`, drawHistory(lockModel(), history, verdict));
  console.log(`  drawing      ${file}.html`);
}

/** Both ways are shown: what is lost without the fence token, and that nothing is with it. */
async function lockSet(): Promise<boolean> {
  console.log('\nshared set: clients stopped past their lease between reading and writing');
  const folder = join(root, 'shared-set');
  mkdirSync(folder);
  const cluster = await ChaosCluster.start(join(folder, 'nodes'), 3);
  try {
    const trusting = await runLockSet(cluster.urls, folder, false, 3);
    console.log(
      `  store that trusts the lock    ${String(trusting.added)} added, ${String(trusting.lost.length)} LOST (a lock alone cannot prevent it)`,
    );
    const fenced = await runLockSet(cluster.urls, folder, true, 3);
    console.log(
      `  store that checks the token   ${String(fenced.added)} added, ${String(fenced.lost.length)} lost, ${String(fenced.refused)} writes of zombies refused`,
    );
    return (
      trusting.lost.length > 0 &&
      fenced.lost.length === 0 &&
      fenced.refused > 0 &&
      trusting.believers + fenced.believers === 0
    );
  } finally {
    await cluster.close();
  }
}
