/** One file of tests in a process of its own: what came of it, and by which test. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { Told } from './reporter.ts';

export type FileOutcome =
  | { readonly type: 'passed'; readonly ms: number }
  /** A check said that a promise is broken; `isOfTime`: that something comes in time. */
  | {
      readonly type: 'assertion';
      readonly test: string;
      readonly message: string;
      readonly isOfTime: boolean;
    }
  /** A test, or the file, did not end in its time. */
  | { readonly type: 'time-out'; readonly test: string }
  /** A test ended with an error that is no failed check. */
  | { readonly type: 'error'; readonly test: string; readonly message: string }
  /** No test began: the file, or what it imports, could not be loaded. */
  | { readonly type: 'not loaded'; readonly message: string };

const reporter = new URL('./reporter.ts', import.meta.url).href;
const withoutShrinking = new URL('./without-shrinking.ts', import.meta.url).href;
/** Itself, or by what the tests of the state machine share. */
const hasProperties = /from '(?:fast-check|[^']*\/randomness\.ts)'/;

/** Ends at the first check that fails; errors and time-outs of single tests leave the others their randomness. */
export function runTestFile(folder: string, file: string, limitMs: number): Promise<FileOutcome> {
  const startedAt = performance.now();
  const child = spawn(
    process.execPath,
    [
      '--conditions=source',
      '--disable-warning=ExperimentalWarning',
      ...(hasProperties.test(textOf(folder, file)) ? [`--import=${withoutShrinking}`] : []),
      `--test-reporter=${reporter}`,
      '--test-reporter-destination=stdout',
      file,
    ],
    {
      cwd: folder,
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      // Also where this runs in a test itself, whose reporter the child would take for its own.
      env: {
        ...process.env,
        NODE_TEST_CONTEXT: undefined,
        NODE_COMPILE_CACHE: `${folder}/.cache/compile`,
      },
    },
  );
  const end = (): void => endGroup(child.pid);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    end();
  }, limitMs);
  let errors = '';
  child.stderr?.on('data', (part: Buffer) => {
    if (errors.length < 2000) errors += part.toString();
  });
  const told: Told[] = [];
  const channel = child.stdio[3];
  if (!(channel instanceof Readable)) throw new Error('The reporter has no channel.');
  createInterface({ input: channel }).on('line', (line) => {
    const one = JSON.parse(line) as Told;
    told.push(one);
    if (one.type === 'failed' && one.how === 'assertion') end();
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      clearTimeout(timer);
      end(); // What the tests started, too.
      const ms = performance.now() - startedAt;
      resolve(outcomeOf(told, { isLate, isClean: status === 0, ms, errors }));
    });
  });
}

const textOf = (folder: string, file: string): string => {
  const path = join(folder, file);
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
};

/** Of the processes that the file's own process started, and itself. */
function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All have ended.
  }
}

interface Ending {
  readonly isLate: boolean;
  readonly isClean: boolean;
  readonly ms: number;
  readonly errors: string;
}

function outcomeOf(told: readonly Told[], { isLate, isClean, ms, errors }: Ending): FileOutcome {
  const failures = told.filter((one) => one.type === 'failed');
  const assertion = failures.find(({ how }) => how === 'assertion');
  if (assertion !== undefined) {
    const { test, message, isOfTime } = assertion;
    return { type: 'assertion', test, message, isOfTime };
  }
  const late = failures.find(({ how }) => how === 'time-out');
  if (late !== undefined) return { type: 'time-out', test: late.test };
  if (isLate) return { type: 'time-out', test: 'the whole file' };
  const [first] = failures;
  if (told.length === 0 || (told.length === 1 && first !== undefined && first.test.endsWith('.ts')))
    return { type: 'not loaded', message: first?.message ?? errors.slice(0, 500) };
  if (first !== undefined) return { type: 'error', test: first.test, message: first.message };
  if (!isClean) return { type: 'error', test: 'the whole file', message: errors.slice(0, 500) };
  return { type: 'passed', ms };
}
