/**
 * Makes of the client commands one bundle, `packages/cli/dist/bundle/holdfast.js`: the command that is published. It is made from the
 * sources and keeps their names and lines; only what Node 20 cannot read is written in older words. A group of commands is a file
 * of its own (START-1), and the commands that need packages of the server are left to the modules (BUNDLE-1).
 *
 * BUNDLE-2: the groups of commands that jobs start are together in one file, and each is run only where it is asked for: to find
 *     and link thirty files takes an older Node longer than to read what is in them.
 * BUNDLE-3: there a module of Node is loaded where something of it is used first. To import one reads all that it exports, and with
 *     that modules that a command does not need: `node:https` and all of TLS for a connection without it.
 */
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules, createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { BuildOptions, Metafile, Plugin } from 'esbuild';
import { groupsInOneFile } from '../packages/cli/src/groups.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
export const bundleFolder = 'packages/cli/dist/bundle';

/** What only the modules of the package import, and what a program installs for itself. */
export const notBundled: ReadonlySet<string> = new Set([
  '@holdfast/cli',
  '@holdfast/quorum',
  '@holdfast/server',
  '@holdfast/server/inspect',
  '@holdfast/server/restore',
  '@holdfast/tls',
  '@holdfast/tls/development',
  '@redis/client',
]);

/** By their whole names: `external` of esbuild would take `@holdfast/server/version` for a part of `@holdfast/server`. */
const leaveOut: Plugin = {
  name: 'leave-out',
  setup(builder) {
    builder.onResolve({ filter: /^@/ }, ({ path }) =>
      notBundled.has(path) ? { path, external: true } : undefined,
    );
  },
};

const requireHere = createRequire(import.meta.url);
/** Its properties are assigned to. */
const loadedAtOnce: ReadonlySet<string> = new Set(['node:process']);

/** What stands for a module of Node: it is loaded with the first of its exports that is read. */
function lazyText(path: string): string {
  const found: unknown = requireHere(path);
  if (typeof found !== 'object' || found === null || loadedAtOnce.has(path))
    return `module.exports = require('${path}');`;
  const exported = Object.keys(found).map((name) => `get ${name}() { return load().${name}; }`);
  return `let loaded;
const load = () => (loaded ??= require('${path}'));
module.exports = { ${exported.join(', ')} };`;
}

/** BUNDLE-3. */
const lazyModulesOfNode: Plugin = {
  name: 'lazy-modules-of-node',
  setup(builder) {
    builder.onResolve({ filter: /^(?:node:)?[a-z_/]+$/ }, ({ path, namespace }) => {
      const name = path.replace(/^node:/, '');
      if (!builtinModules.includes(name)) return undefined;
      // That of `createRequire` is what the others are loaded by.
      if (namespace === 'lazy' || name === 'module')
        return { path: `node:${name}`, external: true };
      return { path: `node:${name}`, namespace: 'lazy' };
    });
    builder.onLoad({ filter: /.*/, namespace: 'lazy' }, ({ path }) => ({
      contents: lazyText(path),
    }));
  },
};

/** BUNDLE-2: no other groups, which no command line of one of these asks for. */
const onlyGroupsInOneFile: Plugin = {
  name: 'only-groups-in-one-file',
  setup(builder) {
    builder.onResolve({ filter: /^\.\/commands\// }, ({ path, importer }) => {
      const name = path.replace(/^.*\/|\.ts$/g, '');
      const isOther = importer.endsWith('/cli/src/groups.ts') && !groupsInOneFile.has(name);
      return isOther ? { path, namespace: 'left-out' } : undefined;
    });
    builder.onLoad({ filter: /.*/, namespace: 'left-out' }, () => ({ contents: 'export {};' }));
  },
};

/** For the files in which esbuild looks for it. */
const requireMade = `import { createRequire as bundleRequire } from 'node:module';
const require = bundleRequire(import.meta.url);
`;

export interface Bundle {
  /** The texts, by the path in the folder of the bundle. */
  readonly files: ReadonlyMap<string, string>;
  readonly metafile: Metafile;
}

const outdir = join(root, bundleFolder);
const settings = {
  absWorkingDir: root,
  outdir,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  conditions: ['source'],
  // Both only make `ws` faster where a program has them.
  external: ['bufferutil', 'utf-8-validate'],
  metafile: true,
  write: false,
  logLevel: 'warning',
} satisfies BuildOptions;

export async function makeBundle(): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    ...settings,
    entryPoints: [
      { in: 'packages/cli/src/bundle-entry.ts', out: 'holdfast' },
      // A process of its own, started as the file beside the one that starts it.
      { in: 'packages/cli/src/run/guard.ts', out: 'parts/guard' },
    ],
    chunkNames: 'parts/[name]-[hash]',
    splitting: true,
    plugins: [leaveOut],
  });
  const whole = await build({
    ...settings,
    // Beside the guard, which it starts.
    entryPoints: [{ in: 'packages/cli/src/start.ts', out: 'parts/job-commands' }],
    plugins: [leaveOut, onlyGroupsInOneFile, lazyModulesOfNode],
  });
  const files = new Map(
    [...outputFiles, ...whole.outputFiles].map(({ path, text }) => [
      path.slice(outdir.length + 1),
      text.includes('typeof require') ? requireMade + text : text,
    ]),
  );
  files.set('LICENSES.txt', licensesOf(metafile));
  return { files, metafile };
}

/** Of every library that is in the bundle: they ask that their license goes with their text. */
function licensesOf({ inputs }: Metafile): string {
  const folders = new Set(
    Object.keys(inputs).flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []),
  );
  const texts = [...folders].sort().map((folder) => {
    const { name, version } = JSON.parse(
      readFileSync(join(root, folder, 'package.json'), 'utf8'),
    ) as { readonly name: string; readonly version: string };
    const license = ['LICENSE', 'license', 'LICENSE.md'].flatMap((file) => {
      try {
        return [readFileSync(join(root, folder, file), 'utf8')];
      } catch {
        return [];
      }
    })[0];
    if (license === undefined) throw new Error(`${folder} has no license beside it.`);
    return `${name} ${version}\n\n${license.trim()}\n`;
  });
  return `The files of this folder contain the libraries below, each under its license.\n\n${texts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

/** @param folder Is emptied first. */
export function writeBundle({ files }: Bundle, folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  chmodSync(join(folder, 'holdfast.js'), 0o755);
}

if (import.meta.main) writeBundle(await makeBundle(), resolve(root, bundleFolder));
