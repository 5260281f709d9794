/**
 * Rules have ids: a rule of a module is declared in the comment at the module's head and named again where it is upheld,
 * a rule of the whole state machine stands in SPEC.md.
 *
 * RULES-1: an id of a module (`RAFT-4`, `STATE-LOCK-2`) is declared once, at the head of one module.
 * RULES-2: what is named anywhere, in code, tests or documents, is declared; a rule of SPEC.md (`S3`) is named in code as
 *     `SPEC.md S3`, and is there. In documents it is named alone, and is there.
 * RULES-3: a rule of a module is named somewhere else than where it is declared.
 * RULES-4: where a document names rules behind a file, that file declares or names each of them, and none is of SPEC.md.
 *
 * Prints what breaks them and ends with status 1.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Source {
  readonly path: string;
  readonly text: string;
}

const idOfModule = /(?<![\w.'-])[A-Z]+(?:-[A-Z]+)*-\d+(?![\w-])/g;
/** As rules of modules were once called, and as those of SPEC.md are. */
const shortId = /(?<![\w./'-])(?<spec>SPEC\.md )?(?<id>[A-Z]{1,3}\d{1,2})(?![\w'-])/g;
/** Standards and products whose names look like ids. */
const names: ReadonlySet<string> = new Set([
  'CRC-32',
  'P-256',
  'SHA-1',
  'SHA-256',
  'SYS-001',
  'UTF-8',
  'UTF-16',
  'S3',
  'H2',
  'V8',
]);

/** The comment at the head of a module; empty where there is none. */
const headOf = (text: string): string =>
  /^(?:#![^\n]*\n|\/\/\/[^\n]*\n|import [^\n]*\n|\s)*\/\*\*([^]*?)\*\//.exec(text)?.[1] ?? '';

const declaredIn = (text: string): string[] =>
  [...headOf(text).matchAll(/^ \* ([A-Z]+(?:-[A-Z]+)*-\d+)[:.] /gm)].map(([, id = '']) => id);

/** The numbered rules of SPEC.md. */
const rulesOf = (spec: string): ReadonlySet<string> =>
  new Set([...spec.matchAll(/^\*\*([A-Z]+\d+)\.\*\*/gm)].map(([, id = '']) => id));

/** What breaks the rules, as sentences. */
export function brokenRules(sources: readonly Source[], spec: string): string[] {
  const declared = new Map<string, string>();
  const broken: string[] = [];
  for (const { path, text } of sources)
    for (const id of declaredIn(text)) {
      const other = declared.get(id);
      if (other !== undefined) broken.push(`${path}: ${id} is declared in ${other} already`);
      else declared.set(id, path);
    }
  const uses = new Map<string, number>();
  const ofSpec = rulesOf(spec);
  for (const source of sources) {
    for (const [id] of source.text.matchAll(idOfModule)) {
      uses.set(id, (uses.get(id) ?? 0) + 1);
      if (!declared.has(id) && !names.has(id))
        broken.push(`${source.path}: ${id} is declared nowhere`);
    }
    broken.push(...brokenShortIds(source, ofSpec));
  }
  for (const { path, text } of sources)
    if (path.endsWith('.md')) broken.push(...misplaced(path, text, sources));
  for (const [id, path] of declared)
    if (uses.get(id) === 1) broken.push(`${path}: ${id} is named nowhere else`);
  return broken;
}

/** In the comments of code, and in what a document says beside its examples: tests have data of their own. */
function brokenShortIds({ path, text }: Source, ofSpec: ReadonlySet<string>): string[] {
  if (path.endsWith('.md'))
    return [...text.replaceAll(/```[^]*?```|`[^`\n]*`|\]\([^)]*\)/g, '').matchAll(shortId)]
      .map(({ groups }) => groups?.['id'] ?? '')
      .filter((id) => !names.has(id) && !ofSpec.has(id))
      .map((id) => `${path}: SPEC.md has no rule ${id}`);
  if (!/\/src\/.*\.ts$/.test(path)) return [];
  const broken: string[] = [];
  for (const [comment] of text.matchAll(/\/\*\*[^]*?\*\/|(?<!:)\/\/ [^\n]*/g))
    for (const { groups } of comment.matchAll(shortId)) {
      const id = groups?.['id'] ?? '';
      if (names.has(id)) continue;
      if (groups?.['spec'] === undefined)
        broken.push(`${path}: ${id} has no package: write an id such as STATE-LOCK-2`);
      else if (!ofSpec.has(id)) broken.push(`${path}: SPEC.md has no rule ${id}`);
    }
  return broken;
}

/** In parentheses, or one after the other: `SEG-1 to 3`, `A-1, A-2 and B-1`. */
const fileWithRules =
  /`(?<file>[\w./-]+\.ts)` (?:\((?<inside>[A-Z][^)`]*)\)|(?<behind>[A-Z]+(?:-[A-Z]+)*-?\d+(?:(?:, | and | to )(?:[A-Z]+(?:-[A-Z]+)*-)?\d+)*))/g;

const range = /(?<name>[A-Z]+(?:-[A-Z]+)*)-(?<first>\d+) to (?:\k<name>-)?(?<last>\d+)/g;

/** `SEG-1 to 3` and `SEG-1 to SEG-3`: all of them. */
function idsIn(rules: string): ReadonlySet<string> {
  const ids = new Set([...rules.matchAll(idOfModule)].map(([id]) => id));
  for (const { groups } of rules.matchAll(range))
    for (let one = Number(groups?.['first']); one <= Number(groups?.['last']); one += 1)
      ids.add(`${groups?.['name'] ?? ''}-${String(one)}`);
  return ids;
}

/** RULES-4. A file is told by the end of its path. */
function misplaced(document: string, text: string, sources: readonly Source[]): string[] {
  const broken: string[] = [];
  for (const { groups } of text.matchAll(fileWithRules)) {
    const { file = '', inside, behind = '' } = groups ?? {};
    const rules = inside ?? behind;
    const found = sources.filter(({ path }) => path.endsWith(`/${file}`));
    if (found.length === 0) broken.push(`${document}: there is no file ${file}`);
    const [short] = /^[A-Z]+\d+/.exec(behind) ?? [];
    if (short !== undefined) broken.push(`${document}: ${short} is no rule of ${file}`);
    for (const id of idsIn(rules))
      if (found.length > 0 && !found.some((source) => namesOf(source).has(id)))
        broken.push(`${document}: ${file} neither declares nor names ${id}`);
  }
  return broken;
}

const namesOf = ({ text }: Source): ReadonlySet<string> =>
  new Set([...text.matchAll(idOfModule)].map(([id]) => id));

if (import.meta.main) {
  const paths = execFileSync(
    'git',
    ['ls-files', 'packages/*.ts', 'scripts/*.ts', 'docs/*.md', '*.md'],
    { encoding: 'utf8' },
  )
    .trim()
    .split('\n')
    .filter(
      (path) =>
        !/\/generated\/|^CHANGELOG\.md$|^docs\/decisions\/|rules\.test\.ts$|check-rules\.ts$/.test(
          path,
        ),
    );
  const sources = paths.map((path) => ({ path, text: readFileSync(path, 'utf8') }));
  const broken = brokenRules(sources, readFileSync('SPEC.md', 'utf8'));
  for (const sentence of new Set(broken)) console.error(sentence);
  if (broken.length > 0) process.exitCode = 1;
}
