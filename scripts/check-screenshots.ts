/**
 * The screenshots of the dashboard in the documents show the present dashboard.
 *
 * SCREENSHOT-1: beside the screenshots stands, for each of them, a hash of what the dashboard showed when it was taken (`docs/images/dashboard.json`,
 *     written with the screenshot). Screenshots are told whose hash is not that of the present sources.
 * SCREENSHOT-2: only what is seen counts: the style sheet, and the texts and tags in the sources of the page, whatever their order. To
 *     move, rename or explain code asks for no new screenshots; what is drawn by other numbers, or in another place, is not found.
 *
 * It is an error for a release alone (`make check RELEASE=1`) and else a warning: screenshots take a browser and minutes, all
 * of them are more than a megabyte that stays in the history, and those of two branches cannot be merged. So they are taken once for all changes.
 */
import { createHash } from 'node:crypto';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'oxc-parser';
import { styleSheet } from '../packages/dashboard/src/style-sheet.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const images = join(root, 'docs', 'images');
const recordFile = join(images, 'dashboard.json');

/** By name of a screenshot: the hash of what was shown when it was taken. */
export type ScreenshotRecord = Readonly<Record<string, string>>;

const readRecord = (): ScreenshotRecord =>
  JSON.parse(readFileSync(recordFile, 'utf8')) as ScreenshotRecord;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** Names of modules, and types. */
const unseen = new Set(['ImportDeclaration', 'TSLiteralType']);

/** Each text of a source. */
function* textsIn(node: unknown): Iterable<string> {
  if (!isObject(node) || unseen.has(String(node['type']))) return;
  const { type, value } = node;
  if (type === 'Literal' && typeof value === 'string') yield value;
  else if (type === 'TemplateElement' && isObject(value)) yield String(value['cooked']);
  else for (const child of Object.values(node)) yield* textsIn(child);
}

/** @param sources Of the modules of the page. @param style Of the style sheet. */
export function hashOfShown(sources: readonly string[], style: string): string {
  const shown = new Set<string>();
  for (const source of sources)
    for (const text of textsIn(parseSync('page.ts', source).program))
      // By tags, for a part of a template may become one of its own.
      for (const piece of text.split(/(?=<)|(?<=>)/)) shown.add(spaced(piece));
  shown.delete('');
  const all = JSON.stringify([[...shown].toSorted(), spaced(style)]);
  return createHash('sha256').update(all).digest('hex').slice(0, 16);
}

const spaced = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

function hashOfPresent(): string {
  const files = globSync('packages/dashboard/src/{page/*,page-text}.ts', { cwd: root });
  return hashOfShown(
    files.map((path) => readFileSync(join(root, path), 'utf8')),
    styleSheet,
  );
}

/** Of a screenshot that was taken now. */
export function recordScreenshot(name: string): void {
  const record = { ...readRecord(), [name]: hashOfPresent() };
  const ordered = Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(recordFile, `${JSON.stringify(Object.fromEntries(ordered), undefined, 2)}\n`);
}

/** Those that show an earlier dashboard, or of which that is not known. */
export const staleScreenshots = (
  names: readonly string[],
  record: ScreenshotRecord,
  present: string,
): readonly string[] => names.filter((name) => record[name] !== present);

if (import.meta.main) {
  const names = globSync('dashboard-*.png', { cwd: images })
    .map((path) => basename(path, '.png').replace('dashboard-', ''))
    .toSorted();
  const stale = staleScreenshots(names, readRecord(), hashOfPresent());
  const isRelease = process.env['RELEASE'] === '1';
  if (stale.length > 0) {
    console.error(
      `${isRelease ? '' : 'Warning: '}The dashboard changed since screenshots of it were taken (${stale.join(', ')}): run make test-dashboard SCREENSHOTS=1${isRelease ? '.' : ', once before the release.'}`,
    );
    process.exitCode = isRelease ? 1 : 0;
  }
}
