/** What values and answers take in memory, roughly: by the lengths of their texts, the same on every node. */
import type { JsonValue } from './names.ts';
import type { CommandResult } from './outcomes.ts';

/** What a record takes beside its texts. */
export const recordBytes = 256;

/** As JSON, in UTF-8. */
export function valueBytes(value: JsonValue | undefined): number {
  return value === undefined ? 0 : utf8Length(JSON.stringify(value));
}

export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    // A pair of surrogates is two units and four bytes.
    if (code >= 0x800) bytes += code >= 0xd800 && code <= 0xdfff ? 1 : 2;
    else if (code >= 0x80) bytes += 1;
  }
  return bytes;
}

/** Refusals alone have texts. */
export function resultBytes(result: CommandResult | undefined): number {
  if (result === undefined || result.ok) return 0;
  const { message, details } = result;
  return message.length + (details === undefined ? 0 : JSON.stringify(details).length);
}
