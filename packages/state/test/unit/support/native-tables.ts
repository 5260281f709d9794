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
  const setting = function (this: Map<unknown, unknown>, key: unknown, value: unknown): unknown {
    set.call(this, key, value);
    look(this);
    return this;
  };
  const adding = function (this: Set<unknown>, member: unknown): unknown {
    add.call(this, member);
    look(this);
    return this;
  };
  return replacing(Map.prototype, 'set', setting, () =>
    replacing(Set.prototype, 'add', adding, () => run(seen)),
  );
}

/** Counts the members of arrays that are moved because others are put in front of them or taken away there. */
export function watchingArrays<Result>(run: (seen: { moved: number }) => Result): Result {
  const seen = { moved: 0 };
  const { unshift, splice } = Array.prototype;
  const unshifting = function (this: unknown[], ...members: unknown[]): number {
    seen.moved += this.length;
    return unshift.apply(this, members);
  };
  const splicing = function (this: unknown[], ...how: [number, number, ...unknown[]]): unknown[] {
    const [start, count, ...members] = how;
    if (members.length !== count) seen.moved += Math.max(0, this.length - start);
    return splice.apply(this, how);
  };
  return replacing(Array.prototype, 'unshift', unshifting, () =>
    replacing(Array.prototype, 'splice', splicing, () => run(seen)),
  );
}

/** Runs something while a method of a prototype is another one. */
export function replacing<Result>(
  prototype: object,
  name: string,
  method: unknown,
  run: () => Result,
): Result {
  const before = Object.getOwnPropertyDescriptor(prototype, name) ?? {};
  Object.defineProperty(prototype, name, { ...before, value: method });
  try {
    return run();
  } finally {
    Object.defineProperty(prototype, name, before);
  }
}
