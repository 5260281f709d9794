/**
 * Writes what programs can name of the packages that they use (docs/api/), from the declarations that a build made, or with
 * `--check` tells which report no longer says that.
 *
 * API-1: whatever is exported is in the report of its package, as the compiler declares it, without comments and private
 *     parts: a change of the public surface is a change of a file that is read before it lands.
 * API-2: what one of them exports of another package is in a report too: that package has one.
 * API-3: a package that is published has a report, or its README says that what it exports is no promise.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseSync } from 'oxc-parser';

export type ReadText = (path: string) => string;

/** Without comments, private parts and the words that say that it is only declared. */
export function plain(text: string): string {
  return text
    .replaceAll(/\/\*[^]*?\*\/|\/\/[^\n]*/g, '')
    .replaceAll(/^\s*(?:#private;|private .*)$\n?/gm, '')
    .replace(/^export (?:declare )?/, '')
    .replaceAll(/[ \t]+$/gm, '')
    .replaceAll(/\n{2,}/g, '\n')
    .trim();
}

/** @param path Of a declaration file. @returns The declarations, by the names under which they are exported. */
export function exportsOf(path: string, read: ReadText): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  const text = read(path);
  const { program, errors } = parseSync(path, text, { lang: 'dts' });
  if (errors.length > 0) throw new Error(`${path} cannot be parsed: ${errors[0]?.message ?? ''}`);
  const from = (source: string): ReadonlyMap<string, string> | undefined =>
    source.startsWith('.')
      ? exportsOf(join(dirname(path), source.replace(/\.[jt]s$/, '.d.ts')), read)
      : undefined;
  for (const node of program.body) {
    if (node.type === 'ExportAllDeclaration') {
      const all = from(node.source.value);
      if (all === undefined)
        texts.set(`* of ${node.source.value}`, `* from '${node.source.value}'`);
      for (const [name, found] of all ?? []) texts.set(name, found);
    } else if (node.type === 'ExportNamedDeclaration' && node.declaration) {
      const { declaration } = node;
      const found = plain(text.slice(node.start, node.end));
      for (const name of namesOf(declaration)) {
        const earlier = texts.get(name); // An overload is declared once more.
        texts.set(name, earlier === undefined ? found : `${earlier}\n${found}`);
      }
    } else if (node.type === 'ExportNamedDeclaration')
      for (const { local, exported } of node.specifiers) {
        const [own, name] = [nameOf(local), nameOf(exported)];
        if (node.source === null) continue;
        const source = node.source.value;
        const found = from(source);
        texts.set(name, found?.get(own) ?? `${own} from '${source}'`);
      }
  }
  return texts;
}

const nameOf = (node: object): string =>
  'name' in node ? String(node.name) : 'value' in node ? String(node.value) : '';

function namesOf(declaration: object): string[] {
  if ('declarations' in declaration && Array.isArray(declaration.declarations))
    return declaration.declarations.map(({ id }: { readonly id: object }) => nameOf(id));
  return 'id' in declaration && declaration.id !== null ? [nameOf(declaration.id as object)] : [];
}

/** The report of a package. @param entries By the name under which they are imported. */
export function report(entries: ReadonlyMap<string, string>, read: ReadText): string {
  const parts = [...entries].map(([name, path]) => {
    const texts = [...exportsOf(path, read)].sort(([a], [b]) => (a < b ? -1 : 1));
    return `# ${name}\n\n${texts.map(([, text]) => text).join('\n\n')}\n`;
  });
  return `Made by "make documents". What programs can name; a change here is a change for them.\n\n${parts.join('\n')}`;
}

/** What programs use, what they may be built of, and the packages whose declarations those pass on (API-2). */
const reported: readonly string[] = [
  'api',
  'cli',
  'client',
  'engine',
  'guards',
  'protocol',
  'quorum',
  'quorum-client',
  'raft',
  'redis-voters',
  'server',
  'state',
  'storage',
];

/** API-3: a line of the README of a package that has no report. */
export const noPromise =
  'It is published because other packages of Holdfast need it; what it exports may change in any release.';

/** API-3. @param readmes Those of all packages that are published, by their short names. */
export function unpromised(
  readmes: ReadonlyMap<string, string>,
  names: readonly string[],
): string[] {
  return [...readmes].flatMap(([name, readme]) => {
    const says = readme.replaceAll(/\s+/g, ' ').includes(noPromise);
    if (names.includes(name) !== says) return [];
    return says
      ? [
          `The README of ${name} says that what it exports is no promise, and there is a report of it.`,
        ]
      : [`${name} is published and has no report: report it, or let its README say: ${noPromise}`];
  });
}

/** API-2. @returns The entries of other packages that a report passes on and that have none, each once. */
export function unreported(text: string, names: readonly string[]): string[] {
  const sources = [...text.matchAll(/^[\w*]+(?: as \w+)? from '([^']+)'$/gm)].map(
    ([, source = '']) => source,
  );
  const known = new Set(names.map((name) => `@holdfast/${name}`));
  return [...new Set(sources)].filter(
    (source) => !known.has(source.split('/').slice(0, 2).join('/')),
  );
}

interface Exports {
  readonly name: string;
  readonly private?: boolean;
  readonly exports: Readonly<Record<string, { readonly types: string }>>;
}

const manifestOf = (name: string): Exports =>
  JSON.parse(readFileSync(join('packages', name, 'package.json'), 'utf8')) as Exports;

if (import.meta.main) {
  const isCheck = process.argv.includes('--check');
  const readmes = new Map(
    readdirSync('packages')
      .filter((name) => manifestOf(name).private !== true)
      .map((name) => [name, readFileSync(join('packages', name, 'README.md'), 'utf8')]),
  );
  for (const fault of unpromised(readmes, reported)) {
    console.error(fault);
    process.exitCode = 1;
  }
  for (const name of reported) {
    const folder = join('packages', name);
    const manifest = manifestOf(name);
    const entries = new Map(
      Object.entries(manifest.exports)
        // For the project's own tools, without a promise.
        .filter(([entry]) => entry !== './parts')
        .map(([entry, { types }]) => [manifest.name + entry.slice(1), join(folder, types)]),
    );
    const text = report(entries, (path) => readFileSync(path, 'utf8'));
    const path = `docs/api/${name}.txt`;
    for (const source of unreported(text, reported)) {
      console.error(`${manifest.name} exports what ${source} declares, which has no report.`);
      process.exitCode = 1;
    }
    if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
    if (isCheck) {
      console.error(`${path} does not say what ${manifest.name} exports. Run "make documents".`);
      process.exitCode = 1;
    } else {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      console.log(`${path} written.`);
    }
  }
}
