/** `make explore`: walks through small configurations, every interleaving, breadth-first. */
import { readFlags } from '@holdfast/checker/flags';
import { configurations } from './run/configurations.ts';
import type { SmallConfiguration } from './run/configurations.ts';
import { runSideBySide } from './run/side-by-side.ts';
import { grouped, levelLine, summaryLines } from './run/telling.ts';
import { search } from './search/breadth-first.ts';

const help = `Small configurations exhaustively: every interleaving of the shipped code within bounds, breadth-first.

  make explore                 all configurations, two at a time
  make explore NAME=old-terms  one of them, told depth by depth
  make explore FAULTS=1        plants the faults that have to be found, each in a copy of the sources

Options of the program itself: --name NAME --states N --depth N --minutes N --processes N

Configurations:
${[...configurations].map(([name, { purpose }]) => `  ${name.padEnd(18)} ${purpose}`).join('\n')}`;

const { values } = readFlags({
  options: {
    name: { type: 'string' },
    states: { type: 'string', default: '20000000' },
    depth: { type: 'string', default: '1000' },
    minutes: { type: 'string', default: '30' },
    processes: { type: 'string', default: '2' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

function wholeNumber(name: 'states' | 'depth' | 'minutes' | 'processes'): number {
  const text = values[name];
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
  console.error(`--${name} is a whole number from 1, not "${text}".`);
  process.exit(2);
}

const limits = {
  maxStates: wholeNumber('states'),
  maxDepth: wholeNumber('depth'),
  maxMs: wholeNumber('minutes') * 60_000,
  now: () => performance.now(),
};

const limitOptions: readonly string[] = (['states', 'depth', 'minutes'] as const).flatMap(
  (option) => [`--${option}`, values[option]],
);

if (values.help) console.log(help);
else if (values.name === undefined) await all(wholeNumber('processes'));
else await one(values.name);

async function all(processes: number): Promise<void> {
  const failed = await runSideBySide(
    [...configurations.keys()],
    processes,
    (name) => [import.meta.filename, '--name', name, ...limitOptions],
    (name, line) => {
      if (!line.startsWith('depth ')) console.log(`${name}: ${line}`);
    },
  );
  if (failed.length === 0) return;
  console.error(`Broken, or not run: ${failed.join(', ')}`);
  process.exitCode = 1;
}

async function one(name: string): Promise<void> {
  const configuration = configurations.get(name);
  if (configuration === undefined) {
    console.error(
      `There is no configuration "${name}". There are: ${[...configurations.keys()].join(', ')}`,
    );
    process.exit(2);
  }
  process.exitCode = await walk(configuration);
}

async function walk({ purpose, bounds, open }: SmallConfiguration): Promise<number> {
  console.log(`${purpose} (${bounds})`);
  const model = open();
  const found = await search(model, limits, (progress) => console.log(levelLine(progress)));
  for (const line of summaryLines(found, model)) console.log(line);
  if (found.ended === 'broken') return 1;
  const compared = await model.audit();
  console.log(`steps that were compared with the same in another way: ${grouped(compared)}`);
  return 0;
}
