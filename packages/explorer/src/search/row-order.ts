/** Of rows of one length, by the first number in which they differ: the least of all namings stands for a state. */
export function isLess(one: Int32Array, other: Int32Array): boolean {
  for (let place = 0; place < one.length; place++) {
    const a = one[place] ?? 0;
    const b = other[place] ?? 0;
    if (a !== b) return a < b;
  }
  return false;
}
