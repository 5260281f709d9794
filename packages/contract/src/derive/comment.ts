/** What a schema says of itself, in words: its description, and its limits where that does not name them. */
import type { Schema, Shape } from '../schema.ts';

/** Undefined: nothing is said of it. */
export function commentOf({ shape, description }: Schema): string | undefined {
  const limits = limitsOf(shape);
  if (description === undefined || description === '') return limits;
  return limits === undefined ? description : `${description} ${limits}`;
}

function limitsOf(shape: Shape): string | undefined {
  switch (shape.kind) {
    case 'string': {
      const { minLength = 0, maxLength } = shape;
      if (maxLength === undefined) return undefined;
      return minLength === 0
        ? `At most ${grouped(maxLength)} characters.`
        : `${grouped(minLength)} to ${grouped(maxLength)} characters.`;
    }
    case 'integer':
    case 'number': {
      const { minimum, maximum } = shape;
      return minimum === undefined || maximum === undefined
        ? undefined
        : `${grouped(minimum)} to ${grouped(maximum)}.`;
    }
    case 'list': {
      const { minItems, maxItems } = shape;
      return minItems === undefined || maxItems === undefined
        ? undefined
        : `${grouped(minItems)} to ${grouped(maxItems)} of them.`;
    }
    case 'nullable':
      return limitsOf(shape.of.shape);
    case 'boolean':
    case 'always':
    case 'words':
    case 'json':
    case 'message':
      return undefined;
  }
}

const grouped = (value: number): string => value.toLocaleString('en-US');

/** Lines of at most `width` characters, words kept whole. */
export function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
