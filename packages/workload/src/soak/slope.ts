/** Whether something stays flat: the straight line through what was measured. */

export interface TrendPoint {
  readonly atMs: number;
  readonly value: number;
}

export interface Trend {
  readonly first: number;
  readonly last: number;
  readonly perHour: number;
  /** By how much the line rises over what was looked at. */
  readonly rise: number;
}

const hourMs = 60 * 60 * 1000;

/**
 * Least squares over the second half of the points: in the first one caches and pools are filled, and code is compiled.
 * Undefined: there are fewer than two points in it.
 */
export function trendOf(points: readonly TrendPoint[]): Trend | undefined {
  const late = points.slice(Math.floor(points.length / 2));
  const first = late[0];
  const last = late.at(-1);
  if (first === undefined || last === undefined || last.atMs === first.atMs) return undefined;
  const meanMs = late.reduce((sum, { atMs }) => sum + atMs, 0) / late.length;
  const mean = late.reduce((sum, { value }) => sum + value, 0) / late.length;
  let together = 0;
  let apart = 0;
  for (const { atMs, value } of late) {
    together += (atMs - meanMs) * (value - mean);
    apart += (atMs - meanMs) ** 2;
  }
  const perMs = together / apart;
  return {
    first: first.value,
    last: last.value,
    perHour: perMs * hourMs,
    rise: perMs * (last.atMs - first.atMs),
  };
}
