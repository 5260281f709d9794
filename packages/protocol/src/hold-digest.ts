/**
 * A digest of a set of holds, kept up in constant time: whoever knows the same holds has the same one.
 *
 * HOLD-DIGEST-3: it depends on the set alone, never on the order of changes: a hold is added and taken away by
 *      sums modulo 2^32.
 * HOLD-DIGEST-4: a hold is named by its first token: no two holds of a cluster ever share one, and upgrading a lock
 *      does not change it.
 *
 * The state machine keeps the same (`HoldDigest` of the state); a test compares the two.
 */
export class HoldDigest {
  #high = 0;
  #low = 0;

  /** HOLD-DIGEST-3, HOLD-DIGEST-4. */
  add(firstToken: number): void {
    this.#high = (this.#high + hashOf(firstToken, highSeed)) | 0;
    this.#low = (this.#low + hashOf(firstToken, lowSeed)) | 0;
  }

  remove(firstToken: number): void {
    this.#high = (this.#high - hashOf(firstToken, highSeed)) | 0;
    this.#low = (this.#low - hashOf(firstToken, lowSeed)) | 0;
  }

  /** 16 hexadecimal digits. */
  get text(): string {
    return digits(this.#high) + digits(this.#low);
  }
}

const highSeed = 0x9e37_79b9;
const lowSeed = 0x85eb_ca6b;

/** Of all 53 bits of a token; the last steps are those of MurmurHash3. */
function hashOf(token: number, seed: number): number {
  let hash = Math.imul(token ^ seed, 0xcc9e_2d51) ^ Math.floor(token / 2 ** 32);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return hash ^ (hash >>> 16);
}

const digits = (sum: number): string => (sum >>> 0).toString(16).padStart(8, '0');
