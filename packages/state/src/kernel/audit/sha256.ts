/**
 * SHA-256 (FIPS 180-4) of a text in UTF-8: a pure package has no library for it. A test holds it against that of Node.
 */

/** The first 32 bits of the fractional part of a root of a prime. */
function fraction(prime: number, root: number): number {
  const value = prime ** (1 / root);
  return Math.floor((value - Math.floor(value)) * 2 ** 32) | 0;
}

const primes: readonly number[] = Array.from({ length: 312 }, (_, at) => at).filter(
  (candidate) =>
    candidate > 1 &&
    Array.from({ length: candidate - 2 }, (_, at) => at + 2).every(
      (other) => candidate % other > 0,
    ),
);
const initial = Int32Array.from(primes.slice(0, 8), (prime) => fraction(prime, 2));
const constants = Int32Array.from(primes.slice(0, 64), (prime) => fraction(prime, 3));

const blockBytes = 64;
/** The length, and the bit before it. */
const paddingBytes = 9;
const encoder = new TextEncoder();
/** Used by one call at a time: a record of usual length needs no memory of its own. */
let reused = new Uint8Array(4096);
const largestReused = 65_536;
let blockCount = 0;
const schedule = new Int32Array(64);
const state = new Int32Array(8);

function blocksOf(text: string): Uint8Array {
  const longest = text.length * 3 + paddingBytes + blockBytes;
  let bytes = reused;
  if (longest > bytes.length) {
    bytes = new Uint8Array(longest);
    if (longest <= largestReused) reused = bytes;
  }
  const { written } = encoder.encodeInto(text, bytes);
  const length = Math.ceil((written + paddingBytes) / blockBytes) * blockBytes;
  bytes.fill(0, written, length);
  bytes[written] = 0x80;
  // A text of this length has less than 2^32 bits by far (records are bounded as log entries are).
  const bits = written * 8;
  for (let at = 1; at <= 4; at++) bytes[length - at] = bits >>> (8 * (at - 1));
  blockCount = length / blockBytes;
  return bytes;
}

function fillSchedule(bytes: Uint8Array, start: number): void {
  for (let at = 0; at < 16; at++) {
    const from = start + 4 * at;
    schedule[at] =
      ((bytes[from] ?? 0) << 24) |
      ((bytes[from + 1] ?? 0) << 16) |
      ((bytes[from + 2] ?? 0) << 8) |
      (bytes[from + 3] ?? 0);
  }
  for (let at = 16; at < 64; at++) {
    const early = schedule[at - 15] ?? 0;
    const late = schedule[at - 2] ?? 0;
    const first = rotated(early, 7) ^ rotated(early, 18) ^ (early >>> 3);
    const second = rotated(late, 17) ^ rotated(late, 19) ^ (late >>> 10);
    schedule[at] = ((schedule[at - 16] ?? 0) + first + (schedule[at - 7] ?? 0) + second) | 0;
  }
}

const rotated = (word: number, bits: number): number => (word >>> bits) | (word << (32 - bits));

/** @returns 64 hexadecimal digits in lower case. */
export function sha256(text: string): string {
  const bytes = blocksOf(text);
  state.set(initial);
  for (let block = 0; block < blockCount; block++) {
    fillSchedule(bytes, block * blockBytes);
    compress();
  }
  let digest = '';
  for (let at = 0; at < 8; at++) digest += hexadecimal(state[at] ?? 0);
  return digest;
}

const digits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

const hexadecimal = (word: number): string =>
  `${digits[word >>> 24] ?? ''}${digits[(word >>> 16) & 255] ?? ''}${digits[(word >>> 8) & 255] ?? ''}${digits[word & 255] ?? ''}`;

function compress(): void {
  let a = state[0] ?? 0;
  let b = state[1] ?? 0;
  let c = state[2] ?? 0;
  let d = state[3] ?? 0;
  let e = state[4] ?? 0;
  let f = state[5] ?? 0;
  let g = state[6] ?? 0;
  let h = state[7] ?? 0;
  for (let at = 0; at < 64; at++) {
    const mixed = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
    const chosen = (e & f) ^ (~e & g);
    const first = (h + mixed + chosen + (constants[at] ?? 0) + (schedule[at] ?? 0)) | 0;
    const folded = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22);
    const second = (folded + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + second) | 0;
  }
  state[0] = (state[0] ?? 0) + a;
  state[1] = (state[1] ?? 0) + b;
  state[2] = (state[2] ?? 0) + c;
  state[3] = (state[3] ?? 0) + d;
  state[4] = (state[4] ?? 0) + e;
  state[5] = (state[5] ?? 0) + f;
  state[6] = (state[6] ?? 0) + g;
  state[7] = (state[7] ?? 0) + h;
}
