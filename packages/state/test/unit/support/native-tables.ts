/** Looks at what native tables are given while something runs: a mock that keeps every call would be the largest of all. */

export interface Seen {
  /** Entries that were set or added. */
  moved: number;
  /** The most that one Map or Set had. */
  largest: number;
  /** Where that was, once it was more than `suspicious`. */
  where: string;
}

export function watchingTables<Result>(suspicious: number, run: (seen: Seen) => Result): Result {
  const seen: Seen = { moved: 0, largest: 0, where: '' };
  const look = ({ size }: { readonly size: number }): void => {
    seen.moved += 1;
    if (size <= seen.largest) return;
    seen.largest = size;
    if (size > suspicious && seen.where === '') seen.where = new Error('here').stack ?? '';
  };
  const [{ set }, { add }] = [Map.prototype, Set.prototype];
  const put = (prototype: object, name: string, value: unknown): void => {
    Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
  };
  put(Map.prototype, 'set', function (this: Map<unknown, unknown>, key: unknown, value: unknown) {
    set.call(this, key, value);
    look(this);
    return this;
  });
  put(Set.prototype, 'add', function (this: Set<unknown>, member: unknown) {
    add.call(this, member);
    look(this);
    return this;
  });
  try {
    return run(seen);
  } finally {
    put(Map.prototype, 'set', set);
    put(Set.prototype, 'add', add);
  }
}
