/** A container engine: the one that is there, or one that is started for this run and ended with it. */
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const startMs = 30_000;

export interface Engine {
  /** Runs a command against this engine. @returns What it prints. */
  docker(...args: readonly string[]): Promise<string>;
  /** The same, of Compose. */
  compose(...args: readonly string[]): Promise<string>;
  readonly environment: NodeJS.ProcessEnv;
  close(): Promise<void>;
}

/** @returns Why there is none, where there is none. */
export async function openEngine(extra: NodeJS.ProcessEnv): Promise<Engine | string> {
  const composeCommand = await findCompose();
  if (composeCommand === undefined) return 'Compose is not installed (Debian: docker-compose)';
  if (await works('docker', ['info']))
    return engineIn({ ...process.env, ...extra }, composeCommand);
  if (process.getuid?.() !== 0) return 'no engine runs, and only root can start one';
  if (!(await works('dockerd', ['--version'])))
    return 'no engine runs, and dockerd is not installed (Debian: docker.io)';
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-engine-'));
  const host = `unix://${folder}/engine.sock`;
  const daemon = spawn(
    'dockerd',
    [
      '--data-root',
      join(folder, 'data'),
      '--exec-root',
      join(folder, 'exec'),
      '--host',
      host,
      '--pidfile',
      join(folder, 'engine.pid'),
    ],
    { stdio: 'ignore' },
  );
  const ended = new Promise<void>((resolve) => daemon.once('exit', () => resolve()));
  const environment = { ...process.env, ...extra, DOCKER_HOST: host };
  const engine = engineIn(environment, composeCommand, async () => {
    daemon.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  const deadlineMs = performance.now() + startMs;
  while (!(await works('docker', ['info'], environment))) {
    if (performance.now() > deadlineMs || daemon.exitCode !== null) {
      await engine.close();
      return 'dockerd does not start here';
    }
    await pause(200);
  }
  return engine;
}

function engineIn(
  environment: NodeJS.ProcessEnv,
  [program = '', ...before]: readonly string[],
  close: () => Promise<void> = () => Promise.resolve(),
): Engine {
  const options = { env: environment, maxBuffer: 64 * 1024 * 1024 };
  return {
    environment,
    docker: async (...args) => (await run('docker', [...args], options)).stdout.trim(),
    compose: async (...args) => (await run(program, [...before, ...args], options)).stdout.trim(),
    close,
  };
}

async function findCompose(): Promise<readonly string[] | undefined> {
  if (await works('docker', ['compose', 'version'])) return ['docker', 'compose'];
  return (await works('docker-compose', ['--version'])) ? ['docker-compose'] : undefined;
}

async function works(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<boolean> {
  try {
    await run(program, [...args], { env, timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}
