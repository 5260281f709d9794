/** Places that refuse, and users who may not: what a test of the disk needs root and Linux for. */
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { commandLine } from './holdfast.ts';
import type { Ended } from './holdfast.ts';

export const stranger = 65_534;

const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
const succeeds = (program: string, ...parameters: readonly string[]): boolean =>
  spawnSync(program, parameters, { stdio: 'ignore' }).status === 0;

/** Why another user cannot be played; false where one can. */
export function noStranger(): string | false {
  if (!isRoot) return 'only root can run a process as another user';
  if (!succeeds('setpriv', '--reuid', String(stranger), 'true')) return 'there is no setpriv';
  const sources = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
  if (!succeeds('setpriv', '--reuid', String(stranger), 'test', '-r', sources))
    return 'another user cannot read these sources';
  try {
    accessSync(process.execPath, constants.X_OK);
    return succeeds('setpriv', '--reuid', String(stranger), process.execPath, '-v')
      ? false
      : 'another user cannot run this Node';
  } catch {
    return 'there is no Node to run';
  }
}

/** Why no file system can be mounted; false where one can. */
export function noMounts(): string | false {
  if (!isRoot) return 'only root can mount';
  return succeeds('unshare', '--mount', 'sh', '-c', 'mount -t tmpfs -o size=1m tmpfs /mnt')
    ? false
    : 'this machine lets nobody mount a tmpfs in a namespace of its own';
}

interface Played {
  readonly child: ReturnType<typeof spawn>;
  readonly ended: Promise<Ended>;
}

/** A command line of `holdfast` behind other words, in a group of its own that can be ended whole. */
function behind(words: readonly string[], holdfastWords: readonly string[]): Played {
  const [program = '', ...parameters] = [...words, ...commandLine(undefined, holdfastWords)];
  const child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (status) => resolve({ status, stdout, stderr }));
  });
  return { child, ended };
}

export const asStranger = (words: readonly string[]): Played => {
  const id = String(stranger);
  return behind(['setpriv', '--reuid', id, '--regid', id, '--clear-groups'], words);
};

/**
 * In a namespace of its own, in which a file system is mounted at `folder`; it goes with the process.
 *
 * @param prepare A line of shell that is run when it is mounted.
 */
export function onMount(
  folder: string,
  options: string,
  prepare: string,
  words: readonly string[],
): Played {
  mkdirSync(folder, { recursive: true });
  const script = `mount -t tmpfs -o ${options} tmpfs '${folder}' && ${prepare} && exec "$@"`;
  return behind(['unshare', '--mount', 'sh', '-c', script, 'sh'], words);
}
