/** Many ids, in many small sets: none takes long to grow. */
const shardCount = 256;

export class IdSet {
  readonly #shards: readonly Set<number>[] = Array.from(
    { length: shardCount },
    () => new Set<number>(),
  );

  add(id: number): void {
    this.#shards[id % shardCount]?.add(id);
  }

  has(id: number): boolean {
    return this.#shards[id % shardCount]?.has(id) === true;
  }
}
