/** Inputs that are nearly right: what is right, changed in a few places, by a seed. */

/** Mulberry32. */
export function randomOf(seed: number): (limit: number) => number {
  let state = seed | 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * limit);
  };
}

/** Where parsers go wrong: lengths at their ends, brackets, numbers that are none, texts that are names of objects' own. */
const pieces: readonly Buffer[] = [
  '{',
  '}',
  '[',
  ']',
  '"',
  '\\',
  ',',
  ':',
  '\n',
  '\r\n\r\n',
  '\0',
  'null',
  'true',
  '-1',
  '1e999',
  '0.1',
  '9007199254740993',
  '__proto__',
  'constructor',
  'toString',
  '"\\ud800"',
  '[[[[[[[[',
  '{"a":',
  '\u{1F512}',
  '%00',
  '../',
  '&a *a',
  '!!js',
].map((text) => Buffer.from(text));
const words: readonly Buffer[] = [0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fffffff, 0xffffffff].map(
  (value) => {
    const word = Buffer.alloc(4);
    word.writeUInt32BE(value);
    return word;
  },
);

type Change = (
  bytes: Buffer,
  random: (limit: number) => number,
  others: readonly Buffer[],
) => Buffer;

const spliced = (bytes: Buffer, at: number, taken: number, put: Buffer): Buffer =>
  Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(Math.min(bytes.length, at + taken))]);

const changes: readonly Change[] = [
  (bytes, random) => {
    const copy = Buffer.from(bytes);
    const at = random(copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 << random(8));
    return copy;
  },
  (bytes, random) => spliced(bytes, random(bytes.length + 1), 0, Buffer.of(random(256))),
  (bytes, random) => spliced(bytes, random(bytes.length), 1 + random(16), Buffer.alloc(0)),
  (bytes, random) =>
    spliced(
      bytes,
      random(bytes.length + 1),
      random(5),
      pieces[random(pieces.length)] ?? Buffer.alloc(0),
    ),
  (bytes, random) =>
    spliced(bytes, random(bytes.length + 1), 4, words[random(words.length)] ?? Buffer.alloc(0)),
  (bytes, random) => bytes.subarray(0, random(bytes.length + 1)),
  (bytes, random) => {
    const at = random(bytes.length);
    return spliced(bytes, random(bytes.length + 1), 0, bytes.subarray(at, at + 1 + random(64)));
  },
  (bytes, random, others) => {
    const other = others[random(others.length)] ?? bytes;
    return Buffer.concat([
      bytes.subarray(0, random(bytes.length + 1)),
      other.subarray(random(other.length + 1)),
    ]);
  },
];

const longest = 64 * 1024;

/** One of the seeds, changed a few times; now and then noise. */
export function mutated(seeds: readonly Buffer[], random: (limit: number) => number): Buffer {
  if (random(20) === 0) return Buffer.from(Array.from({ length: random(200) }, () => random(256)));
  let bytes: Buffer = seeds[random(seeds.length)] ?? Buffer.alloc(0);
  for (let left = 1 + random(4); left > 0; left--) {
    const change = changes[random(changes.length)];
    if (change !== undefined && bytes.length > 0) bytes = change(bytes, random, seeds);
  }
  return bytes.subarray(0, longest);
}
