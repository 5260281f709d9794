/**
 * Makes of the client commands one bundle, `packages/cli/dist/bundle/holdfast.js`: the command that is published. It is made from the
 * sources and keeps their names and lines; only what Node 20 cannot read is written in older words. A group of commands is a file
 * of its own (START-1), and the commands that need packages of the server are left to the modules (BUNDLE-1).
 */
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Metafile, Plugin } from 'esbuild';

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

/** For the one file in which esbuild looks for it: `ws` is CommonJS and requires modules of Node. */
const withRequire = `import { createRequire as bundleRequire } from 'node:module';
const require = bundleRequire(import.meta.url);
`;

export interface Bundle {
  /** The texts, by the path in the folder of the bundle. */
  readonly files: ReadonlyMap<string, string>;
  readonly metafile: Metafile;
}

export async function makeBundle(): Promise<Bundle> {
  const outdir = join(root, bundleFolder);
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [
      { in: 'packages/cli/src/bundle-entry.ts', out: 'holdfast' },
      // A process of its own, started as the file beside the one that starts it.
      { in: 'packages/cli/src/run/guard.ts', out: 'parts/guard' },
    ],
    outdir,
    chunkNames: 'parts/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['source'],
    plugins: [leaveOut],
    // Both only make `ws` faster where a program has them.
    external: ['bufferutil', 'utf-8-validate'],
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  const files = new Map(
    outputFiles.map(({ path, text }) => [
      path.slice(outdir.length + 1),
      text.includes('typeof require') ? withRequire + text : text,
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
