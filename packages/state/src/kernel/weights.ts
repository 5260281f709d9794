/** What values and answers take in memory, roughly: by the lengths of their texts, the same on every node. */
import type { JsonValue } from './names.ts';
import type { CommandResult } from './outcomes.ts';
import { utf8Length } from './utf8-length.ts';

/** What a record takes beside its texts. */
export const recordBytes = 256;

/** As JSON, in UTF-8. */
export function valueBytes(value: JsonValue | undefined): number {
  return value === undefined ? 0 : utf8Length(JSON.stringify(value));
}

/** Refusals alone have texts. */
export function resultBytes(result: CommandResult | undefined): number {
  if (result === undefined || result.ok) return 0;
  const { message, details } = result;
  return message.length + (details === undefined ? 0 : JSON.stringify(details).length);
}
