/** Says what a setting takes and what to do, where its schema refuses what was given. */
import { z } from 'zod';

/** A part of what `z.toJSONSchema` makes. */
interface Shape {
  readonly type?: unknown;
  readonly minimum?: unknown;
  readonly maximum?: unknown;
  readonly minLength?: unknown;
  readonly maxLength?: unknown;
  readonly maxItems?: unknown;
  readonly enum?: unknown;
  readonly const?: unknown;
}

interface Wanted {
  /** Continues "must be". */
  readonly what: string;
  /** What to do. */
  readonly next: string;
}

/** Given by the library itself when nobody wrote a text of the project's own. */
const codesWithoutText: ReadonlySet<string> = new Set([
  'invalid_type',
  'invalid_value',
  'too_small',
  'too_big',
  'not_multiple_of',
]);

/** One sentence on what is wrong, and one on what to do. */
export function explainWrongValue(
  schema: z.ZodType,
  issues: readonly { readonly code?: string | undefined; readonly message: string }[],
): string {
  const texts = issues.map(({ code, message }) =>
    code !== undefined && codesWithoutText.has(code) ? undefined : message,
  );
  const ownText = texts.find((text) => text !== undefined);
  if (ownText !== undefined) return `${withoutEnd(ownText)}. Correct it.`;
  const { what, next } = wanted(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
  return `must be ${what}. ${next}`;
}

const withoutEnd = (text: string): string => text.replace(/\.$/, '');

function wanted(shape: Shape): Wanted {
  const { enum: choices } = shape;
  if (Array.isArray(choices))
    return { what: `one of ${choices.join(', ')}`, next: 'Use one of these.' };
  if (typeof shape.const === 'string')
    return { what: `"${shape.const}"`, next: 'Use this value, or leave the setting out.' };
  switch (shape.type) {
    case 'boolean':
      return { what: 'true or false', next: 'Use one of these.' };
    case 'integer':
      return numberIn(shape, 'an integer');
    case 'number':
      return numberIn(shape, 'a number');
    case 'array':
      return {
        what: `a list${typeof shape.maxItems === 'number' ? ` of at most ${String(shape.maxItems)} entries` : ''}, none of them empty`,
        next: 'In a file write a YAML list of texts, in a flag or a variable separate the entries by commas.',
      };
    default:
      return textOf(shape);
  }
}

function numberIn({ minimum, maximum }: Shape, what: string): Wanted {
  if (typeof minimum === 'number' && typeof maximum === 'number')
    return {
      what: `${what} from ${String(minimum)} to ${String(maximum)}`,
      next: 'Use a value in this range.',
    };
  if (typeof minimum === 'number')
    return { what: `${what} of at least ${String(minimum)}`, next: 'Use a larger value.' };
  return { what, next: 'Write it in digits.' };
}

function textOf({ minLength, maxLength }: Shape): Wanted {
  if (typeof maxLength === 'number')
    return {
      what: `a text of ${String(typeof minLength === 'number' ? minLength : 0)} to ${String(maxLength)} characters`,
      next: 'Use one of that length, in a file in quotation marks.',
    };
  if (typeof minLength === 'number' && minLength > 0)
    return { what: 'a text that is not empty', next: 'Provide one, in a file in quotation marks.' };
  return { what: 'a text', next: 'In a file write it in quotation marks.' };
}
