/**
 * A base image where none can be pulled: Debian by debootstrap, with Node and npm out of npm's packages. And what the build
 * needs, so that it can run without a network: the packages of the lock file as npm caches them.
 */
import { execFile, spawn } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Engine } from './engine.ts';

const run = promisify(execFile);
const suite = 'bookworm';
const mirror = 'http://deb.debian.org/debian';

/** Makes the image and imports it. */
export async function makeBase(engine: Engine, scratch: string, name: string): Promise<void> {
  const root = join(scratch, 'root');
  const tools = join(scratch, 'tools');
  await run('debootstrap', [
    '--variant=minbase',
    // Redis, so that one image stands in for that of the Redis servers as well.
    '--include=libstdc++6,ca-certificates,redis-server',
    suite,
    root,
    mirror,
  ]);
  mkdirSync(tools);
  writeFileSync(join(tools, 'package.json'), '{"private":true,"allowScripts":{"node":true}}');
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefix', tools, 'node@24', 'npm@11']);
  cpSync(join(tools, 'node_modules/node/bin/node'), join(root, 'usr/local/bin/node'));
  mkdirSync(join(root, 'usr/local/lib/node_modules'), { recursive: true });
  cpSync(join(tools, 'node_modules/npm'), join(root, 'usr/local/lib/node_modules/npm'), {
    recursive: true,
  });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm'));
  const packed = spawn('tar', ['-C', root, '-c', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const imported = spawn('docker', ['import', '-', name], {
    env: engine.environment,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  packed.stdout.pipe(imported.stdin);
  const status = await new Promise<number | null>((resolve) => imported.once('close', resolve));
  if (status !== 0)
    throw new Error(`The base image could not be imported: status ${String(status)}.`);
}

/** A copy of the sources with npm's cache in it. @returns Its folder. */
export async function makeContext(scratch: string): Promise<string> {
  const folder = join(scratch, 'context');
  mkdirSync(folder);
  const { stdout } = await run('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    maxBuffer: 64 * 1024 * 1024,
  });
  for (const path of stdout.split('\0'))
    if (path !== '' && !path.includes('/test/')) cpSync(path, join(folder, path));
  const cache = ['--cache', join(folder, '.npm-cache')];
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  await run('npm', ['install', ...quiet, ...cache], { cwd: folder });
  return folder;
}
