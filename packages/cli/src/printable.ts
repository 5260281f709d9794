/**
 * Names come from anybody who may use the cluster. On a terminal a control character in one of them could
 * move the cursor or forge a line, so none is ever written there.
 */
const unprintable = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
/** Two columns wide on terminals: CJK, Hangul, full-width forms, most emoji. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\p{Emoji_Presentation}\u{20000}-\u{3fffd}]/u;
/** Takes no column: accents that combine, joiners, variation selectors, tones of skin. */
const zeroWide = /^(?:\p{Mn}|\p{Me}|\p{Cf}|\p{Emoji_Modifier})$/u;

/** The text with every control character replaced by a visible mark. */
export function printable(text: string): string {
  return text.replaceAll(unprintable, '\ufffd');
}

/** Columns that a printable text takes on a terminal. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += columnsOf(character);
  return width;
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
  for (const character of text) {
    width += columnsOf(character);
    if (width > columns - 1) break;
    cut += character;
  }
  return `${cut}…`;
}

function columnsOf(character: string): number {
  if (zeroWide.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}
