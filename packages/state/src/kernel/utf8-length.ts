/**
 * Bytes of a text in UTF-8.
 *
 * UTF8-1: they are the same for every text, however they are counted: bounds of the state rest on them, on every member.
 */

const encoder = new TextEncoder();
/** Shorter ones are looked at unit by unit: to begin an encoding takes longer. */
const shortUnits = 64;
/** Written to and never read. */
const scratch = new Uint8Array(65_536);

export function utf8Length(text: string): number {
  return text.length >= shortUnits && isAscii(text) ? text.length : countedLength(text);
}

/** Of a text that fits in the scratch; false of others. What is not ASCII has no room for its bytes there. */
function isAscii(text: string): boolean {
  if (text.length > scratch.byteLength) return false;
  const { read } = encoder.encodeInto(text, scratch.subarray(0, text.length));
  return read === text.length; // UTF8-1
}

function countedLength(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    // A pair of surrogates is two units and four bytes.
    if (code >= 0x800) bytes += code >= 0xd800 && code <= 0xdfff ? 1 : 2;
    else if (code >= 0x80) bytes += 1;
  }
  return bytes;
}
