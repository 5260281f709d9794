/** `make simulate`: runs of clusters, from seeds. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFlags } from '@holdfast/checker/flags';
import { drawHistory, lockModel } from '@holdfast/checker';
import { isRunKind, runs } from './run/kinds.ts';
import type { RunKind } from './run/kinds.ts';
import { BrokenRun } from './run/broken-run.ts';
import { focuses, isFocus } from './run/plan.ts';
import { isScenario, scenarioNames } from './scenarios/scenarios.ts';
import { mostUndecided, runSeries } from './run/series.ts';
import type { Broken, Summary } from './run/series.ts';

const help = `Runs of whole clusters in virtual time: real nodes and clients, simulated network, disks and clocks.
A seed decides everything in a run: the same seed is the same run, to the byte.

  make simulate                    1000 runs from a random seed
  make simulate SEEDS=10000        so many
  make simulate SEEDS=100 FIRST=1  those from seed 1 on
  make simulate SEED=42            one run
  make simulate SEED=42 TRACE=1    one run, told line by line
  make simulate ABOUT=elections    those of the seeds whose runs are about this: ${focuses.join(', ')}
  make simulate KIND=leaders       the same of clusters whose leader changes all the time while clients die
  make simulate KIND=quorum        the same of independent lease nodes, without a leader
  make simulate KIND=scenarios     situations that are brought about step by step; ABOUT=one: ${scenarioNames.join(', ')}

Options of the program itself: --seeds N --first N --seconds N --threads N | --seed N [--trace] | --kind cluster|leaders|quorum|scenarios | --about FOCUS | --but FOCUS | --json | --until-broken`;

const progressEveryMs = 5000;
const grouped = (value: number): string => value.toLocaleString('en');

const { values } = readFlags({
  options: {
    seeds: { type: 'string', default: '1000' },
    first: { type: 'string' },
    seconds: { type: 'string' },
    threads: { type: 'string', default: String(availableParallelism()) },
    seed: { type: 'string' },
    kind: { type: 'string', default: 'cluster' },
    about: { type: 'string' },
    but: { type: 'string' },
    trace: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    'until-broken': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

function wholeNumber(name: string, text: string): bigint {
  if (!/^\d{1,20}$/.test(text)) {
    console.error(`--${name} is a whole number from 0, not "${text}".`);
    process.exit(2);
  }
  return BigInt(text);
}

function kindOf(text: string): RunKind {
  if (isRunKind(text)) return text;
  console.error(`--kind is ${Object.keys(runs).join(' or ')}, not "${text}".`);
  process.exit(2);
}

function aboutOf(flag: string, text: string | undefined): string | undefined {
  const isKnown: (name: string) => boolean = kind === 'scenarios' ? isScenario : isFocus;
  if (text === undefined || isKnown(text)) return text;
  const all = kind === 'scenarios' ? scenarioNames : ['everything', ...focuses];
  console.error(`--${flag} is one of ${all.join(', ')}, not "${text}".`);
  process.exit(2);
}

const kind = kindOf(values.kind);
const about = aboutOf('about', values.about);
const but = aboutOf('but', values.but);
const replay = (seed: bigint): string =>
  `make simulate SEED=${String(seed)} TRACE=1${kind === 'cluster' ? '' : ` KIND=${kind}`}`;

if (values.help) console.log(help);
else if (values.seed === undefined) await manyRuns();
else await oneRun(wholeNumber('seed', values.seed));

async function manyRuns(): Promise<void> {
  const first =
    values.first === undefined
      ? randomBytes(6).readUIntBE(0, 6)
      : wholeNumber('first', values.first);
  const count = Number(wholeNumber('seeds', values.seeds));
  if (!values.json) console.log(`${String(count)} runs from seed ${String(first)} on`);
  let toldMs = performance.now();
  let toldBroken = 0;
  const summary = await runSeries({
    first: BigInt(first),
    kind,
    ...(about === undefined ? {} : { about }),
    ...(but === undefined ? {} : { but }),
    runs: count,
    threads: Number(wholeNumber('threads', values.threads)),
    stopAtFirst: values['until-broken'],
    ...(values.seconds === undefined
      ? {}
      : { maxSeconds: Number(wholeNumber('seconds', values.seconds)) }),
    onProgress: (present) => {
      if (!values.json)
        for (; toldBroken < present.broken.length; toldBroken++)
          tellBroken(present.broken[toldBroken]);
      if (values.json || performance.now() - toldMs < progressEveryMs) return;
      toldMs = performance.now();
      console.log(`  ${progress(present)}`);
    },
  });
  if (values.json)
    console.log(
      JSON.stringify(summary, (_key, value: unknown) =>
        typeof value === 'bigint' ? String(value) : value,
      ),
    );
  else tellSummary(summary);
  const { broken, undecided, runs } = summary;
  process.exitCode = broken.length === 0 && undecided.length <= mostUndecided(runs) ? 0 : 1;
}

function tellBroken(broken: Broken | undefined): void {
  if (broken === undefined) return;
  console.log(`\nBROKEN by seed ${String(broken.seed)}: ${broken.message}`);
  console.log(`  replay: ${replay(broken.seed)}`);
}

function progress({ runs, seconds, virtualHours, broken }: Summary): string {
  return `${String(runs)} runs, ${(runs / seconds).toFixed(1)} a second, ${virtualHours.toFixed(2)} virtual hours, ${String(broken.length)} broken`;
}

function tellSummary(summary: Summary): void {
  const { seconds, runs, broken, undecided } = summary;
  const sorted = [...summary.recoveredMs].sort((a, b) => a - b);
  const rows: readonly (readonly [string, string])[] = [
    [
      'runs',
      `${String(runs)} in ${seconds.toFixed(1)} s: ${(runs / seconds).toFixed(1)} seeds a second`,
    ],
    ['virtual time', `${summary.virtualHours.toFixed(2)} hours, ${grouped(summary.events)} events`],
    ['commands applied', grouped(summary.commands)],
    ['locks granted', grouped(summary.grants)],
    [
      'client operations',
      `${grouped(summary.operations)}, histories of ${String(undecided.length)} runs undecided`,
    ],
    ['zombie writes', `${grouped(summary.refusedWrites)} refused by their fence token`],
    [
      'mended majority',
      sorted.length === 0
        ? 'none'
        : `serves every client again after ${String(Math.round(sorted[sorted.length >> 1] ?? 0))} ms (median), ${String(Math.round(sorted.at(-1) ?? 0))} ms (longest), virtual`,
    ],
  ];
  for (const [name, value] of rows) console.log(`${name.padEnd(18)} ${value}`);
  for (const one of broken) tellBroken(one);
  for (const { seed, keys } of undecided)
    console.log(`Undecided: ${keys.join(', ')} of seed ${String(seed)}`);
  if (undecided.length > mostUndecided(runs))
    console.log(`Of ${String(runs)} runs at most ${String(mostUndecided(runs))} may be undecided.`);
  if (broken.length === 0) console.log('No promise was broken.');
}

async function oneRun(seed: bigint): Promise<void> {
  try {
    const result = await runs[kind](seed, values.trace ? (line) => console.log(line) : undefined);
    for (const [name, value] of Object.entries(result))
      console.log(`${name.padEnd(18)} ${String(value)}`);
  } catch (error) {
    if (!(error instanceof BrokenRun)) throw error;
    console.log(`BROKEN by seed ${String(seed)}: ${error.message}`);
    if (error.cause instanceof Error) console.log(error.cause.stack);
    const { verdict, history } = error;
    if (verdict?.type === 'violation') {
      const file = join(tmpdir(), `holdfast-seed-${String(seed)}.html`);
      writeFileSync(file, drawHistory(lockModel(), history, verdict));
      console.log(`A drawing of the history: ${file}`);
    }
    process.exitCode = 1;
  }
}
