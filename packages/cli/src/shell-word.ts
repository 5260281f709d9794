import { printable } from './printable.ts';

/**
 * A text as one word of a command line that is printed to be pasted: quoted where a shell would read it otherwise, and
 * where a terminal would act on it in the quotes of bash, ksh and zsh that take escapes.
 */
export function shellWord(text: string): string {
  if (printable(text) !== text) return `$'${Array.from(text, escaped).join('')}'`;
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function escaped(character: string): string {
  if (printable(character) !== character) {
    const code = (character.codePointAt(0) ?? 0).toString(16);
    // Of \u shells read four digits, and take a fifth one for the next character.
    return code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`;
  }
  return character === '\\' || character === "'" ? `\\${character}` : character;
}
