/** The command line as its user runs it: a process of its own. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** All words of a command line, the program first. */
export function commandLine(url: string, words: readonly string[]): readonly [string, ...string[]] {
  return [process.execPath, '--conditions=source', main, '--endpoint', url, ...words];
}

export function holdfast(
  url: string,
  words: readonly string[],
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const [program, ...parameters] = commandLine(url, words);
  const child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (status) => resolve({ status, stdout, stderr })),
  );
  return { child, ended };
}

/** A port that is free, and whose peer port (2000 above) stays in range. */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    if (port < 60_000) return port;
  }
}

export async function until(what: string, holds: () => boolean, timeoutMs = 15_000): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!holds()) {
    assert.ok(performance.now() < deadlineMs, `${what} did not happen in ${String(timeoutMs)} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
