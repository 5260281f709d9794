/** The command line as its user runs it: a process of its own. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../../../cli/src/main.ts', import.meta.url));

export function startHoldfast(words: readonly string[]): ChildProcess {
  return spawn(process.execPath, ['--conditions=source', main, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** What it writes to stdout until it ends. @throws Error with what it says of a failure. */
export async function holdfast(words: readonly string[]): Promise<string> {
  const child = startHoldfast(words);
  let told = '';
  let failure = '';
  child.stdout?.on('data', (chunk: Buffer) => (told += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (failure += chunk.toString()));
  const [status] = (await once(child, 'close')) as [number | null];
  if (status !== 0)
    throw new Error(`holdfast ${words.join(' ')} ended with ${String(status)}: ${failure}`);
  return told;
}

/** The first line that it writes with `--json`. @throws Error where it ends before. */
export async function readyLine(child: ChildProcess): Promise<unknown> {
  let told = '';
  let failure = '';
  child.stderr?.on('data', (chunk: Buffer) => (failure += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      told += chunk.toString();
      if (told.includes('\n')) resolve(JSON.parse(told.slice(0, told.indexOf('\n'))));
    });
    child.once('close', () => reject(new Error(`It ended: ${failure}`)));
  });
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'close');
  child.kill('SIGTERM');
  await ended;
}
