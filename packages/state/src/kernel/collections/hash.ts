/** Hashes of keys, the same on every node. Whatever depends on them in the order of a table says so there. */

/** By the last code units of a text alone. */
export function hashOfText(text: string, hashedLength: number = text.length): number {
  let hash = 0;
  for (let index = Math.max(0, text.length - hashedLength); index < text.length; index++)
    hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
  return hash;
}

export const hashOfNumber = (number: number): number =>
  Math.imul(number | 0, 0x9e37_79b1) ^ Math.floor(number / 2 ** 32);

/** Each bit of the outcome depends on all bits of the hash (the last step of MurmurHash3). */
export function mixed(hash: number): number {
  let bits = hash;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85eb_ca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2_ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
