/** How Node is to run where a process is nothing but a node of a cluster. */
import { accessSync, constants } from 'node:fs';
import { basename } from 'node:path';

/**
 * The young generation of the heap. A smaller one pauses for less time where very many locks are taken, and costs
 * throughput with many clients at once (docs/performance.md): an operator with a large state may choose 4.
 */
const youngGenerationMiB = 16;

export const nodeFlags: readonly string[] = [
  '--disable-sigusr1',
  `--max-semi-space-size=${String(youngGenerationMiB)}`,
];

/** The part of `process` that is used, so that tests can stand in its place. */
export interface ProcessToReplace {
  readonly execPath: string;
  readonly execArgv: readonly string[];
  readonly argv: readonly string[];
  readonly env: Readonly<NodeJS.ProcessEnv>;
  readonly connected?: boolean;
  readonly execve?: (
    file: string,
    words: readonly string[],
    environment: NodeJS.ProcessEnv,
  ) => never;
}

/**
 * Replaces this process by one with `nodeFlags`, under the same pid. Nothing is done where a flag of its name is given
 * already (by the command line or NODE_OPTIONS: the operator's value counts), where the system cannot replace a
 * process, where a parent has a channel to this one, which would be lost, or where HOLDFAST_SAME_PROCESS is set: a
 * system that denies it (seccomp, AppArmor) ends the process, since Node gives no error that could be caught.
 */
export function runWithNodeFlags(own: ProcessToReplace = process): void {
  const given = [...own.execArgv, ...(own.env['NODE_OPTIONS'] ?? '').split(/\s+/)].map(nameOf);
  const missing = nodeFlags.filter((flag) => !given.includes(nameOf(flag)));
  if (missing.length === 0 || own.connected === true || own.execve === undefined) return;
  if ((own.env['HOLDFAST_SAME_PROCESS'] ?? '') !== '' || !isProgram(own.execPath)) return;
  const words = [own.execPath, ...own.execArgv, ...missing, ...own.argv.slice(1)];
  own.execve(own.execPath, words, { ...own.env });
}

/** Not so where it was replaced or removed meanwhile. Started through a loader (`ld.so node`), the path is the loader's. */
function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return !basename(path).startsWith('ld-');
  } catch {
    return false;
  }
}

const nameOf = (flag: string): string => flag.split('=')[0]?.replaceAll('_', '-') ?? '';
