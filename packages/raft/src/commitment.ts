/** The largest value that a majority has reached. Sorted in full each time: cleverness has cost others a quorum. */
export function committedIndex(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => b - a);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
