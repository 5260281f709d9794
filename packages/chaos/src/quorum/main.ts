/** `make test-chaos-quorum`. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readFlags } from '@holdfast/checker/flags';
import { showLockSet } from '../lockset/both-ways.ts';
import { runAll, scratchFolder } from '../runs.ts';
import { QuorumCluster } from './quorum-cluster.ts';
import { quorumNemesisNames } from './quorum-nemeses.ts';
import { runQuorumChaos } from './quorum-run.ts';

const help = `Independent lease nodes and their clients, all real processes, in trouble.

  make test-chaos-quorum              three nodes, five clients, and the shared set: two and a half minutes
  make test-chaos-quorum MINUTES=10   the same for longer; SEED=N for the same choices
  make test-chaos-quorum SECURITY=1   all over TLS, with certificates of clients and a key

Options of the program itself: --seconds N (of each run) --minutes N --seed N --clients N --only "NAME,NAME" --secured --no-lockset
Kinds of faults: ${quorumNemesisNames.join(', ')}`;

const { values } = readFlags({
  options: {
    seconds: { type: 'string', default: '120' },
    minutes: { type: 'string', default: '0' },
    seed: { type: 'string' },
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
const minutes = Number(values.minutes);
const seconds = Number(values.seconds);
const clients = Number(values.clients);
if (![seed, seconds, clients].every((value) => value > 0) || !(minutes >= 0)) {
  console.error('Seeds, seconds and clients are numbers above 0, minutes are not below it.');
  process.exit(2);
}
const only = values.only?.split(',').map((name) => name.trim());
const root = scratchFolder();
const isSecured = values.secured;
console.log(`seed ${String(seed)}${isSecured ? ', with TLS and a key' : ''}`);

const all = await runAll({
  seed,
  least: 1,
  minutes,
  prefix: 'quorum-',
  titleOf: () => `3 of 5 lease nodes, ${values.clients} clients`,
  run: (run, runSeed) =>
    runQuorumChaos({
      folder: join(root, `run-${String(run)}`),
      clients,
      seed: runSeed,
      seconds,
      isSecured,
      ...(only === undefined ? {} : { only }),
      tell: (line) => console.log(line),
    }),
});
const kept = (values['no-lockset'] || (await lockSet())) && all.kept;
if (all.summaries.length > 1) console.log(`\nSummary\n${all.summaries.join('\n')}`);
console.log(kept ? '\nEvery promise was kept.' : '\nA PROMISE WAS BROKEN.');
rmSync(root, { recursive: true, force: true });
process.exit(kept ? 0 : 1);

async function lockSet(): Promise<boolean> {
  console.log('\nshared set: clients stopped past their lease between reading and writing');
  const folder = join(root, 'shared-set');
  mkdirSync(folder);
  const cluster = await QuorumCluster.start({
    folder: join(folder, 'nodes'),
    clients: 0,
    guarded: '',
    isSecured,
  });
  try {
    return await showLockSet(cluster.urls, folder, 'quorum', cluster.security?.clientEnvironment);
  } finally {
    await cluster.close();
  }
}
