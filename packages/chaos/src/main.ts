/** `make test-chaos`, `make soak-chaos`. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readFlags } from '@holdfast/checker/flags';
import { ChaosCluster } from './cluster/cluster.ts';
import { showLockSet } from './lockset/both-ways.ts';
import { nemesisNames, runChaos } from './run.ts';
import { runAll, scratchFolder } from './runs.ts';

const help = `Real nodes and clients under kills, stops, cuts, slow lines, clock jumps, full and damaged disks.

  make test-chaos               three nodes, five nodes, and the shared set: about three minutes
  make soak-chaos MINUTES=30    the same for longer
  make test-chaos SECURITY=1    all over TLS, with keys; keys and rules change meanwhile (Linux)

Options of the program itself: --seconds N (of each run) --minutes N --seed N --nodes 3,5 --only "NAME,NAME" --secured --no-lockset
Kinds of faults: ${nemesisNames.join(', ')}`;

const { values } = readFlags({
  options: {
    seconds: { type: 'string', default: '55' },
    minutes: { type: 'string' },
    seed: { type: 'string' },
    nodes: { type: 'string', default: '3,5' },
    clients: { type: 'string', default: '5' },
    only: { type: 'string' },
    secured: { type: 'boolean', default: false },
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
const root = scratchFolder();
const isSecured = values.secured;
console.log(`seed ${String(seed)}${isSecured ? ', with TLS and keys' : ''}`);

const nodesOf = (run: number): number => sizes[run % sizes.length] ?? 3;
const all = await runAll({
  seed,
  least: sizes.length,
  minutes: minutes ?? 0,
  titleOf: (run) => `${String(nodesOf(run))} nodes, ${values.clients} clients`,
  run: (run, runSeed) =>
    runChaos({
      folder: join(root, `run-${String(run)}`),
      nodes: nodesOf(run),
      clients: Number(values.clients),
      seed: runSeed,
      seconds: Number(values.seconds),
      isSecured,
      ...(only === undefined ? {} : { only }),
      tell: (line) => console.log(line),
    }),
});
const kept = (values['no-lockset'] || (await lockSet())) && all.kept;
if (all.summaries.length > sizes.length) console.log(`\nSummary\n${all.summaries.join('\n')}`);
console.log(kept ? '\nEvery promise was kept.' : '\nA PROMISE WAS BROKEN.');
rmSync(root, { recursive: true, force: true });
process.exit(kept ? 0 : 1);

async function lockSet(): Promise<boolean> {
  console.log('\nshared set: clients stopped past their lease between reading and writing');
  const folder = join(root, 'shared-set');
  mkdirSync(folder);
  const cluster = await ChaosCluster.start(join(folder, 'nodes'), 3, {}, isSecured);
  try {
    return await showLockSet(cluster.urls, folder, 'cluster', cluster.security?.clientEnvironment);
  } finally {
    await cluster.close();
  }
}
