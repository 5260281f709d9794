/** Metrics of the node, as it tells them to Prometheus: values by name, and quantiles of what was measured between two reads. */

/** By name with its labels, as they stand in the text. */
export type Metrics = ReadonlyMap<string, number>;

/** @param names What is wanted, as the names begin: there may be a thousand queues, of which each has its own. */
export function readMetrics(text: string, names: readonly string[]): Metrics {
  const found = new Map<string, number>();
  for (const line of text.split('\n')) {
    const at = line.lastIndexOf(' ');
    if (at <= 0 || !names.some((name) => line.startsWith(name))) continue;
    const value = Number(line.slice(at + 1));
    if (Number.isFinite(value)) found.set(line.slice(0, at), value);
  }
  return found;
}

interface Bucket {
  /** The last one has no limit: Infinity. */
  readonly upTo: number;
  readonly count: number;
}

/** Of a histogram without other labels; counts include those of the buckets before. */
function bucketsOf(metrics: Metrics, name: string): readonly Bucket[] {
  const buckets: Bucket[] = [];
  for (const [key, count] of metrics) {
    if (!key.startsWith(`${name}_bucket{`)) continue;
    const upTo = /\ble="([^"]+)"/.exec(key)?.[1];
    if (upTo !== undefined)
      buckets.push({ upTo: upTo === '+Inf' ? Infinity : Number(upTo), count });
  }
  return buckets.toSorted((one, other) => one.upTo - other.upTo);
}

/**
 * As `histogram_quantile` of Prometheus has it: evenly spread within a bucket, and the last limit for what is beyond it.
 *
 * @returns Undefined where nothing was measured between the two, or counting began anew.
 */
export function quantileBetween(
  before: Metrics,
  after: Metrics,
  name: string,
  quantile: number,
): number | undefined {
  const past = bucketsOf(before, name);
  const counts = bucketsOf(after, name).map(({ upTo, count }, index) => ({
    upTo,
    count: count - (past[index]?.count ?? 0),
  }));
  const total = counts.at(-1)?.count ?? 0;
  if (total <= 0 || counts.some(({ count }) => count < 0)) return undefined;
  const rank = quantile * total;
  const at = counts.findIndex(({ count }) => count >= rank);
  const [from, fewer] = [counts[at - 1]?.upTo ?? 0, counts[at - 1]?.count ?? 0];
  const found = counts[at];
  if (found === undefined || found.upTo === Infinity) return from;
  return from + ((found.upTo - from) * (rank - fewer)) / (found.count - fewer);
}
