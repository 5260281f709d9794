/** All ways of exchanging names within blocks of names that may take each other's place. */
export class NamingGroup {
  /** Where each name goes; the first leaves all as they are. */
  readonly all: readonly (readonly number[])[];
  readonly #inverse: readonly number[];
  readonly #composed: readonly (readonly number[])[];

  /** @param blocks Names are exchanged within each of them alone. No name is in two. */
  constructor(names: number, blocks: readonly (readonly number[])[]) {
    const fixed = Array.from({ length: names }, (_, name) => name);
    let all: readonly (readonly number[])[] = [fixed];
    for (const block of blocks)
      all = permutations(block).flatMap((order) =>
        all.map((before) =>
          before.map((to) => {
            const place = block.indexOf(to);
            return place < 0 ? to : (order[place] ?? to);
          }),
        ),
      );
    this.all = all;
    const find = (wanted: readonly number[]): number =>
      this.all.findIndex((one) => one.every((to, name) => to === wanted[name]));
    this.#inverse = this.all.map((to) => find(fixed.map((name) => to.indexOf(name))));
    this.#composed = this.all.map((second) =>
      this.all.map((first) => find(fixed.map((name) => second[first[name] ?? 0] ?? 0))),
    );
  }

  get count(): number {
    return this.all.length;
  }

  to(renaming: number, name: number): number {
    return this.all[renaming]?.[name] ?? name;
  }

  inverse(renaming: number): number {
    return this.#inverse[renaming] ?? 0;
  }

  /** First `first`, then `second`. */
  composed(second: number, first: number): number {
    return this.#composed[second]?.[first] ?? 0;
  }
}

function permutations(of: readonly number[]): readonly (readonly number[])[] {
  if (of.length <= 1) return [of];
  return of.flatMap((first) =>
    permutations(of.filter((one) => one !== first)).map((rest) => [first, ...rest]),
  );
}
