/**
 * Latencies of a run in bounded memory: buckets whose width is at most 1/128 of their value, so that
 * every quantile is exact to within one percent, from a microsecond up to about an hour.
 */
const subBuckets = 128;
const subBucketBits = 7;
const bucketCount = 26 * subBuckets;

export class Latencies {
  readonly #counts = new Uint32Array(bucketCount);
  #count = 0;
  #maxMicroseconds = 0;

  get count(): number {
    return this.#count;
  }

  /** @param ms zero or more milliseconds. */
  add(ms: number): void {
    const microseconds = Math.max(0, Math.round(ms * 1000));
    const bucket = Math.min(bucketCount - 1, bucketOf(microseconds));
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count += 1;
    if (microseconds > this.#maxMicroseconds) this.#maxMicroseconds = microseconds;
  }

  /**
   * @param part between 0 and 1.
   * @returns milliseconds below or at which this part of all latencies lies; NaN when there are none.
   */
  quantile(part: number): number {
    if (this.#count === 0) return NaN;
    const rank = Math.max(1, Math.ceil(part * this.#count));
    let seen = 0;
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      seen += this.#counts[bucket] ?? 0;
      if (seen >= rank) {
        return Math.min(upperEdgeOf(bucket), this.#maxMicroseconds) / 1000;
      }
    }
    return this.#maxMicroseconds / 1000;
  }
}

/** Up to 255 µs a bucket is one microsecond; above, 128 buckets for each doubling. */
function bucketOf(microseconds: number): number {
  if (microseconds < 2 * subBuckets) return microseconds;
  const shift = Math.floor(Math.log2(microseconds)) - subBucketBits;
  return shift * subBuckets + Math.floor(microseconds / 2 ** shift);
}

function upperEdgeOf(bucket: number): number {
  if (bucket < 2 * subBuckets) return bucket;
  const shift = Math.floor(bucket / subBuckets) - 1;
  const start = bucket - shift * subBuckets;
  return (start + 1) * 2 ** shift - 1;
}
