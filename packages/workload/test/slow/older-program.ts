/** An earlier commit of this repository, installed by its own lock file: its nodes, and its client. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { connect } from '@holdfast/client';

const root = fileURLToPath(new URL('../../../../', import.meta.url));

/**
 * What is upgraded from as long as no release is tagged: the last commit of feature level 2, before payloads of messages
 * stood beside the state.
 */
const beforeReleases = 'aadfbd0099fa21c36aa93c1080d354e6c63df6fa';

export interface OlderCommit {
  readonly ref: string;
  readonly commit: string;
}

export interface OlderProgram {
  /** The file that a node runs. */
  readonly entry: string;
  /** Of its own client: what is used of it here has to be what it is today. */
  readonly connect: typeof connect;
}

/** What git says. Undefined where it refuses, or where there is no git. */
function git(...words: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync('git', words, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/**
 * The commit to upgrade from: the one that is asked for, else the latest release before this commit, else the one above.
 *
 * @returns Why there is none, as a sentence, where the history is not here.
 * @throws Error where a commit is asked for and is not here.
 */
export function findOlderCommit(asked: string | undefined): OlderCommit | string {
  // The history of a repository around this folder is not its own.
  const isRepository = git('rev-parse', '--show-prefix') === '';
  const found = (ref: string): OlderCommit | undefined => {
    const commit = isRepository
      ? git('rev-parse', '--verify', '--quiet', `${ref}^{commit}`)
      : undefined;
    return commit === undefined ? undefined : { ref, commit };
  };
  if (asked !== undefined) {
    const named = found(asked);
    if (named === undefined) throw new Error(`There is no commit "${asked}" in ${root}.`);
    return named;
  }
  const release = isRepository
    ? git('describe', '--tags', '--abbrev=0', '--match', 'v[0-9]*', 'HEAD^')
    : undefined;
  const ref = release ?? beforeReleases;
  const why = isRepository
    ? `this clone has no commit ${ref} (git fetch --unshallow --tags brings it where the clone is shallow)`
    : 'this folder is no git repository';
  return found(ref) ?? `There is no older program to upgrade from: ${why}.`;
}

/**
 * Unpacks and installs it under .cache, once for each commit; a second time nothing is done. Nothing is built: the
 * sources run as they are.
 */
export async function installOlder({ commit, ref }: OlderCommit): Promise<OlderProgram> {
  const folder = join(root, '.cache', 'upgrade-from', commit);
  if (!existsSync(folder)) unpack(commit, folder);
  const inFolder = (path: string): string => {
    const file = join(folder, path);
    if (existsSync(file)) return file;
    throw new Error(`${ref} has no ${path}: it cannot be run from its sources by this test.`);
  };
  execFileSync('sh', [inFolder('scripts/install.sh')], {
    cwd: folder,
    env: {
      // What npm tells a script is about this checkout.
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name))),
      // What its checks and tests need is not needed to run it.
      npm_config_omit: 'dev',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const client = (await import(
    pathToFileURL(inFolder('packages/client/src/index.ts')).href
  )) as Pick<OlderProgram, 'connect'>;
  return {
    entry: inFolder('packages/server/src/node-entry.ts'),
    connect: client.connect,
  };
}

/** Whole, or not at all. */
function unpack(commit: string, folder: string): void {
  const part = `${folder}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part, { recursive: true });
  const archive = join(part, '.archive.tar');
  execFileSync('git', ['archive', '--output', archive, commit], { cwd: root });
  execFileSync('tar', ['-x', '-f', archive, '-C', part]);
  rmSync(archive);
  renameSync(part, folder);
}
