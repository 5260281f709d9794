/**
 * The dashboard as files: one page, its style, its modules. They come with the program, are the same for everybody, and
 * hold nothing of the state: what is shown is asked for by the page, with the rights of whoever looks at it.
 *
 * PAGE-1: only the files of a list made at start are served, by name: no part of a request becomes a part of a path.
 * PAGE-2: the browser executes nothing but these files, and sends nothing to another host (`pageHeaders`).
 */
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { icon, pageOf } from './page-text.ts';
import { styleSheet } from './style-sheet.ts';

const compress = promisify(gzip);

export interface PageFile {
  readonly contentType: string;
  readonly content: Buffer;
  readonly compressed: Buffer;
  /** Of the content, in quotes (RFC 9110, 8.8.3). */
  readonly etag: string;
}

/** PAGE-2. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // Asked again each time: a node may have been upgraded.
  'cache-control': 'no-cache',
};

/** `.ts` where the sources are run without a build: then the types are taken out of what is served. */
const extension = extname(fileURLToPath(import.meta.url));
const modules = join(dirname(fileURLToPath(import.meta.url)), 'page');
/** What the page is built on: this module stands for it, and its one file is served in place of the module. */
const library = `library${extension}`;
/** The ES module without imports of its own, as the manifest of `htm` gives it to browsers. */
const libraryFile = (): string =>
  join(
    dirname(fileURLToPath(import.meta.resolve('htm/preact/standalone'))),
    'standalone.module.js',
  );

const scriptType = 'text/javascript; charset=utf-8';

type Load = () => Promise<string>;

/** What programs ask for in place of the page. */
const jsonOf: Readonly<Record<PageEntry, string>> = {
  main: '/cluster/status',
  'lease-nodes': '/nodes',
};

async function loadModule(name: string): Promise<string> {
  if (name === library) return readFile(libraryFile(), 'utf8');
  const text = await readFile(join(modules, name), 'utf8');
  if (extension === '.ts') return stripTypeScriptTypes(text);
  return text.replace(/\n\/\/# sourceMappingURL=.*\n?$/, '\n');
}

async function fileOf(contentType: string, text: string): Promise<PageFile> {
  const content = Buffer.from(text);
  const hash = createHash('sha256').update(content).digest('base64url');
  const compressed = await compress(content);
  return { contentType, content, compressed, etag: `"${hash.slice(0, 22)}"` };
}

/** Whose page it is: that of a node of a cluster, or of a lease node. */
export type PageEntry = 'main' | 'lease-nodes';

/** The entry and all that it imports, so that the browser asks for them at once, and none waits for another's imports. */
async function modulesOf(entry: string): Promise<readonly string[]> {
  const found = new Set([entry]);
  // What is added on the way is walked through as well.
  for (const name of found)
    for (const [, other = ''] of (await loadModule(name)).matchAll(
      /\bfrom\s*['"]\.\/([\w-]+\.[jt]s)['"]/g,
    ))
      found.add(other);
  return [...found];
}

export class Dashboard {
  readonly #page: readonly [string, Load];
  /** By name, without the page itself. */
  readonly #loads: ReadonlyMap<string, readonly [contentType: string, load: Load]>;
  readonly #loaded = new Map<string, Promise<PageFile>>();

  /** @param folder Where all files of the dashboard are served, as the page names them: `dashboard`. */
  constructor(folder: string, entry: PageEntry = 'main') {
    const names = readdirSync(modules).filter(
      (name) => name.endsWith(extension) && !name.endsWith('.d.ts'),
    );
    const script = `${entry}${extension}`;
    this.#page = [
      'text/html; charset=utf-8',
      async () => pageOf({ folder, script, modules: await modulesOf(script), json: jsonOf[entry] }),
    ];
    this.#loads = new Map<string, readonly [string, Load]>([
      ['style.css', ['text/css; charset=utf-8', async () => styleSheet]],
      ['icon.svg', ['image/svg+xml', async () => icon]],
      ...names.map((name) => [name, [scriptType, () => loadModule(name)]] as const),
    ]);
  }

  get names(): readonly string[] {
    return [...this.#loads.keys()];
  }

  page(): Promise<PageFile> {
    return this.#load('/', this.#page);
  }

  /** PAGE-1. */
  async file(name: string): Promise<PageFile | undefined> {
    const known = this.#loads.get(name);
    return known === undefined ? undefined : this.#load(name, known);
  }

  /** Each is read once; one that could not be read is read again the next time. */
  #load(name: string, [contentType, load]: readonly [string, Load]): Promise<PageFile> {
    const before = this.#loaded.get(name);
    if (before !== undefined) return before;
    const loaded = load().then((text) => fileOf(contentType, text));
    this.#loaded.set(name, loaded);
    loaded.catch(() => this.#loaded.delete(name));
    return loaded;
  }
}
