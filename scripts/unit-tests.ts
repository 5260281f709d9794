/**
 * `npm run test:unit`: the tests that start no processes, of the packages named (or of all), some packages at a time.
 *
 * The files of a package share a process: most of the time of a small file goes to loading what it tests. Packages whose tests change
 * what a process has, as its exit status, have a process for each file. What a package prints is shown when it has ended.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const processForEachFile: ReadonlySet<string> = new Set(['cli', 'scripts', 'server', 'storage']);
/** Those that take the longest begin first: nothing waits for them at the end. */
const longestFirst = ['api', 'scripts', 'cli', 'state', 'quorum', 'simulator', 'storage', 'engine'];

function groupsOf(wanted: readonly string[]): readonly string[] {
  const packages = readdirSync(`${root}packages`).filter((name) =>
    existsSync(`${root}packages/${name}/test/unit`),
  );
  const groups = [...packages, 'scripts'];
  const unknown = wanted.filter((name) => !groups.includes(name));
  if (unknown.length > 0) {
    console.error(
      `There are no unit tests of ${unknown.join(', ')}. There are those of ${groups.join(', ')}.`,
    );
    process.exit(2);
  }
  const rank = (name: string): number => (longestFirst.indexOf(name) + 100) % 100;
  return (wanted.length === 0 ? groups : wanted).toSorted((a, b) => rank(a) - rank(b));
}

/** Whether they passed. */
async function run(group: string): Promise<boolean> {
  const folder = group === 'scripts' ? 'scripts/test' : `packages/${group}/test/unit`;
  const isolation = processForEachFile.has(group) ? 'process' : 'none';
  const child = spawn(
    process.execPath,
    [
      '--conditions=source',
      '--test',
      `--test-isolation=${isolation}`,
      '--test-concurrency=1',
      `${folder}/**/*.test.ts`,
    ],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const printed: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => printed.push(bytes));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  console.log(`== ${folder}`);
  process.stdout.write(Buffer.concat(printed));
  return status === 0;
}

const groups = [...groupsOf(process.argv.slice(2))];
const failed: string[] = [];
const lane = async (): Promise<void> => {
  for (let group = groups.shift(); group !== undefined; group = groups.shift())
    if (!(await run(group))) failed.push(group);
};
await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, lane));
if (failed.length > 0) {
  console.error(`Unit tests failed of: ${failed.join(', ')}.`);
  process.exitCode = 1;
}
