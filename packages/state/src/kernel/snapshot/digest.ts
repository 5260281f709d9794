/**
 * A 64-bit hash of text, made of two lanes of 32-bit multiply-and-mix. It finds damage and
 * divergence; it is no defence against somebody who wants two texts to collide.
 */
const firstPrime = 0x9e3779b1;
const secondPrime = 0x85ebca77;

export class TextHash {
  #first = 0x243f6a88;
  #second = 0x13198a2e;

  add(text: string): void {
    let first = this.#first;
    let second = this.#second;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      first = Math.imul(first ^ code, firstPrime);
      first ^= first >>> 15;
      second = Math.imul(second + code + index, secondPrime);
      second ^= second >>> 13;
    }
    // The length keeps ("ab", "c") apart from ("a", "bc").
    this.#first = Math.imul(first ^ text.length, secondPrime) | 0;
    this.#second = Math.imul(second ^ text.length, firstPrime) | 0;
  }

  /** 16 hexadecimal digits. */
  digest(): string {
    return hexadecimal(this.#first) + hexadecimal(this.#second);
  }
}

function hexadecimal(lane: number): string {
  return (lane >>> 0).toString(16).padStart(8, '0');
}
