import { createRequire } from 'node:module';

/**
 * Names come from anybody who may use the cluster. On a terminal a control character in one of them could
 * move the cursor or forge a line, so none is ever written there.
 */
const unprintable = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
/** Of these each character is a column. */
const plain = /^[\x20-\x7e]*$/;
type WidthOf = (text: string) => number;
/** Older Nodes cannot read an ES module but by an import, which takes its time at every start. */
let wideWidthOf: WidthOf | undefined = process.features.require_module
  ? undefined
  : (await import('string-width')).default;
let graphemes: Intl.Segmenter | undefined;

/** The text with every control character replaced by a visible mark. */
export function printable(text: string): string {
  return text.replaceAll(unprintable, '\ufffd');
}

/** A text of several lines, each of them printable. Only of lines that this program made: a name could forge one. */
export const printableLines = (text: string): string => text.split('\n').map(printable).join('\n');

/** One line on stderr, beside what a command prints. */
export function warn(text: string): void {
  process.stderr.write(`holdfast: ${printable(text)}\n`);
}

/** Columns that a printable text takes on a terminal. */
export function widthOf(text: string): number {
  return plain.test(text) ? text.length : widthOfWide(text);
}

/** Its library is read where a text needs it: its tables take as long as all other files of a command (START-1). */
function widthOfWide(text: string): number {
  wideWidthOf ??= readWidths();
  return wideWidthOf(text);
}

function readWidths(): WidthOf {
  const read: (name: 'string-width') => { readonly default: WidthOf } = createRequire(
    import.meta.url,
  );
  return read('string-width').default;
}

/** The text in exactly so many columns: cut with an ellipsis, or filled with spaces. */
export function fit(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const cut = cutTo(text, columns);
  const fill = ' '.repeat(Math.max(0, columns - widthOf(cut)));
  return align === 'left' ? cut + fill : fill + cut;
}

/** The text in at most so many columns. */
export function cutTo(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  if (columns <= 0) return '';
  let cut = '';
  let width = 0;
  // By what a reader takes for one character: a flag or a family of emoji is not cut in two.
  graphemes ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  for (const { segment } of graphemes.segment(text)) {
    width += widthOf(segment);
    if (width > columns - 1) break;
    cut += segment;
  }
  return `${cut}…`;
}
