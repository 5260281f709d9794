/** A list of 32-bit integers that grows by doubling: tens of millions of them cost four bytes each. */
export class IntList {
  data: Int32Array;
  length = 0;

  constructor(capacity: number = 1024) {
    this.data = new Int32Array(capacity);
  }

  push(value: number): void {
    if (this.length === this.data.length) this.#grow(this.length + 1);
    this.data[this.length++] = value;
  }

  pushAll(values: Int32Array): void {
    const end = this.length + values.length;
    if (end > this.data.length) this.#grow(end);
    this.data.set(values, this.length);
    this.length = end;
  }

  at(index: number): number {
    return this.data[index] ?? 0;
  }

  clear(): void {
    this.length = 0;
  }

  #grow(needed: number): void {
    const larger = new Int32Array(Math.max(needed, this.data.length * 2));
    larger.set(this.data);
    this.data = larger;
  }
}
