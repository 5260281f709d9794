/**
 * What must not stay behind when this program is ended from outside: processes that may be paused, and
 * small disks. The last made is the first to go.
 */
const leftovers: (() => void)[] = [];

/** @returns what takes it off the list again. */
export function clearAtEnd(clear: () => void): () => void {
  leftovers.push(clear);
  return () => {
    const position = leftovers.indexOf(clear);
    if (position >= 0) leftovers.splice(position, 1);
  };
}

export function clearLeftovers(): void {
  for (const clear of leftovers.splice(0).toReversed()) clear();
}
