/**
 * What is published is what was meant. Each tarball is packed as it would be sent, and looked at:
 *
 * PACK-1: it has its license and a README, nothing of the build's own state, no code whose source is gone, and no link that
 *     leads out of the package.
 * PACK-2: it depends on nothing that is not published.
 * PACK-3: the types of what programs use (client, guards, quorum client) compile in a strict project that has no types of Node, resolved as
 *     by Node and as by a bundler.
 * PACK-4: the client depends on its protocol and a socket, and on nothing else: neither do its peers.
 * PACK-5: the bundle of the client commands is that of these sources.
 *
 * Looks at the packages that programs use; with --all at every one. Needs a build. Prints each fault and ends with status 1.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleFolder, makeBundle } from './bundle-commands.ts';

/** As far as it is looked at. */
export interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** PACK-4. */
const clientDependencies: ReadonlySet<string> = new Set(['@holdfast/protocol', 'ws']);

/** @param published The names of all packages that are not private. @returns PACK-1, PACK-2 and PACK-4, as sentences. */
export function faultsOf(
  { name, dependencies = {}, peerDependencies = {} }: Manifest,
  files: readonly string[],
  readme: string,
  published: ReadonlySet<string>,
): string[] {
  const has = new Set(files);
  const faults: string[] = [];
  for (const wanted of ['LICENSE', 'README.md', 'package.json'])
    if (!has.has(wanted)) faults.push(`${name}: ${wanted} is missing in the tarball`);
  for (const path of files) {
    if (path.endsWith('.tsbuildinfo') || path.startsWith('test/'))
      faults.push(`${name}: ${path} does not belong into the tarball`);
    const source = /^dist\/(.*)\.js$/.exec(path)?.[1];
    if (source?.startsWith('bundle/') === false && !has.has(`src/${source}.ts`))
      faults.push(`${name}: the source of ${path} is gone: remove dist and build again`);
  }
  for (const [, target = ''] of readme.matchAll(/\]\(([^)#\s]+)/g))
    if (!/^https?:/.test(target) && !has.has(target))
      faults.push(`${name}: README.md links to ${target}, which is not in the tarball`);
  for (const dependency of Object.keys(dependencies))
    if (dependency.startsWith('@holdfast/') && !published.has(dependency))
      faults.push(`${name}: depends on ${dependency}, which is not published`);
  if (name === '@holdfast/client')
    for (const dependency of Object.keys({ ...dependencies, ...peerDependencies }))
      if (!clientDependencies.has(dependency))
        faults.push(`${name}: depends on ${dependency}, and is to depend on nothing but a socket`);
  return faults;
}

/** @returns One line of a program for each entry of a package. */
export const importsOf = ({ name, exports = {} }: Manifest): string[] =>
  Object.keys(exports).map(
    (entry) => `export type * as ${entry.replaceAll(/\W/g, '_')} from '${name}${entry.slice(1)}';`,
  );

/** PACK-5. @param made The texts of a bundle that was just made. @param packed Those of the one that is published. */
export function bundleFaults(
  made: ReadonlyMap<string, string>,
  packed: ReadonlyMap<string, string>,
): string[] {
  const same =
    made.size === packed.size && [...made].every(([path, text]) => packed.get(path) === text);
  return same
    ? []
    : ['The bundle of the client commands is not that of these sources: build again'];
}

const textsIn = (folder: string): ReadonlyMap<string, string> =>
  new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(folder.length + 1), readFileSync(path, 'utf8')]),
  );

/** What programs use, and the packages that those depend on. */
const used: readonly string[] = ['client', 'guards', 'protocol', 'quorum-client', 'redis-voters'];
const folder = '.cache/tarballs';
const project = join(folder, 'project');

const manifestOf = (name: string): Manifest =>
  JSON.parse(readFileSync(join('packages', name, 'package.json'), 'utf8')) as Manifest;

/** Of a program without types of Node, in a version of the language that is some years old. */
const strict = {
  noEmit: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  target: 'es2022',
  types: [],
};

/** @returns The paths in the tarball, which is unpacked where a program would find it. */
function pack(name: string): string[] {
  const printed = execFileSync(
    'npm',
    ['pack', '--silent', '--pack-destination', folder, '-w', join('packages', name)],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const tarball = join(folder, printed.trim().split('\n').at(-1) ?? '');
  const into = join(project, 'node_modules/@holdfast', name);
  mkdirSync(into, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', into, '--strip-components=1']);
  return readdirSync(into, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(into.length + 1));
}

/** PACK-3. @returns What the compiler says. */
function compile(names: readonly string[]): string {
  writeFileSync(join(project, 'package.json'), '{ "type": "module", "private": true }\n');
  for (const name of names)
    writeFileSync(join(project, `${name}.ts`), `${importsOf(manifestOf(name)).join('\n')}\n`);
  const resolutions = [{ module: 'nodenext' }, { module: 'esnext', moduleResolution: 'bundler' }];
  const said = resolutions.map((resolution, place) => {
    const path = join(project, `tsconfig.${String(place)}.json`);
    const compilerOptions = { ...strict, ...resolution };
    writeFileSync(path, JSON.stringify({ compilerOptions, include: ['*.ts'] }));
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['node_modules/typescript/bin/tsc', '--project', path],
      { encoding: 'utf8' },
    );
    return stdout + stderr;
  });
  return said.join('');
}

if (import.meta.main) {
  const published = readdirSync('packages').filter((name) => manifestOf(name).private !== true);
  const names = new Set(published.map((name) => manifestOf(name).name));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const all = process.argv.includes('--all');
  const faults = (all ? published : used).flatMap((name) => {
    const files = pack(name);
    const readme = readFileSync(join('packages', name, 'README.md'), 'utf8');
    return faultsOf(manifestOf(name), files, readme, names);
  });
  if (all) faults.push(...bundleFaults((await makeBundle()).files, textsIn(bundleFolder)));
  for (const fault of faults) console.error(fault);
  const said = compile(used);
  if (said !== '') console.error(said);
  if (faults.length > 0 || said !== '') process.exitCode = 1;
}
