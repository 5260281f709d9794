/** The command line as its user runs it: a process of its own. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startLocalCluster } from '@holdfast/server';
import { untilSo } from '../../../../checker/src/waits.ts';

const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * All words of a command line, the program first.
 *
 * @param url Of a node of a cluster; undefined where none is asked.
 */
export function commandLine(
  url: string | undefined,
  words: readonly string[],
): readonly [string, ...string[]] {
  const endpoint = url === undefined ? [] : ['--endpoint', url];
  return [process.execPath, '--conditions=source', main, ...endpoint, ...words];
}

export function holdfast(
  url: string | undefined,
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What it has written to stdout so far. */
  readonly told: () => string;
} {
  const [program, ...parameters] = commandLine(url, words);
  const child = spawn(program, parameters, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (status) => resolve({ status, stdout, stderr })),
  );
  return { child, ended, told: () => stdout };
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
  await untilSo(holds, { what, longestMs: timeoutMs, pauseMs: 10 });
}

/** A cluster of one node, for the tests of a file. */
export async function startOneNode(): Promise<{
  readonly url: string;
  readonly folder: string;
  readonly close: () => Promise<void>;
}> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-cli-'));
  const cluster = await startLocalCluster({
    ports: [await freePort()],
    folder: join(folder, 'cluster'),
  });
  await cluster.leader();
  return {
    url: cluster.urls[0] ?? '',
    folder,
    close: async () => {
      await cluster.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Ends by force whatever holds it, as an administrator does. */
export async function forceOpen(
  url: string,
  kind: 'lock' | 'semaphore' | 'election',
  name: string,
  reason: string,
): Promise<void> {
  const answer = await fetch(`${url}/admin/locks/${encodeURIComponent(name)}/force-release`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ kind, reason }),
  });
  assert.equal(answer.status, 200, await answer.text());
}

/** A command for a shell that says that it runs, and then runs until it is told to end. */
export const runsUntilTold = (marker: string): readonly string[] => [
  'sh',
  '-c',
  `touch ${marker}; exec sleep 60`,
];
