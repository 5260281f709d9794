/**
 * What one identity may do: the rules of its roles, compiled so that a request is decided by few look-ups.
 *
 * RIGHTS-1: what no rule permits is not permitted. There are no rules that forbid: the order of rules does not matter.
 * RIGHTS-2: a rule permits its verb on what it names, a rule of `admin` every verb on that. A rule of all resources of a
 *     kind permits what asks for no name; a rule of a name or a prefix does not.
 * RIGHTS-3: of prefixes that cover each other the shortest alone is kept. Then no two have a name in common, and the
 *     one prefix that may cover a name is the last that is not behind it in order.
 */
import type { AccessRule, Verb } from './commands.ts';

/** A rule, and the role that it is of. */
export interface RoleRule {
  readonly role: string;
  readonly rule: AccessRule;
}

/** Names of one kind, or of all, that one verb is permitted on. */
interface Permitted {
  all: RoleRule | undefined;
  readonly names: Map<string, RoleRule>;
  /** In order (RIGHTS-3). */
  prefixes: readonly string[];
  ofPrefixes: readonly RoleRule[];
}

/** Where names that are permitted begin; with `isName` it is that name alone. */
export interface NameRange {
  readonly start: string;
  readonly isName: boolean;
}

const everyKind = '*';

export class Rights {
  /** By verb and kind. */
  readonly #permitted = new Map<Verb, Map<string, Permitted>>();
  readonly #verbs = new Set<Verb>();

  constructor(rules: Iterable<RoleRule>) {
    const prefixes = new Map<Permitted, Map<string, RoleRule>>();
    for (const roleRule of rules) {
      const { verb, kind, name, prefix } = roleRule.rule;
      this.#verbs.add(verb);
      const permitted = this.#of(verb, kind ?? everyKind);
      if (name !== undefined) permitted.names.set(name, roleRule);
      else if (prefix === undefined || prefix === '') permitted.all ??= roleRule;
      else {
        const some = prefixes.get(permitted) ?? new Map<string, RoleRule>();
        prefixes.set(permitted, some.set(prefix, roleRule));
      }
    }
    for (const [permitted, some] of prefixes) keepShortest(permitted, some);
  }

  #of(verb: Verb, kind: string): Permitted {
    const kinds = this.#permitted.get(verb) ?? new Map<string, Permitted>();
    this.#permitted.set(verb, kinds);
    const found = kinds.get(kind);
    if (found !== undefined) return found;
    const made = { all: undefined, names: new Map(), prefixes: [], ofPrefixes: [] };
    kinds.set(kind, made);
    return made;
  }

  /** What may permit this verb on this kind. */
  #allOf(verb: Verb, kind: string): readonly Permitted[] {
    const all = (verb === 'admin' ? [verb] : [verb, 'admin' as const]).flatMap((one) => {
      const kinds = this.#permitted.get(one);
      return [kinds?.get(kind), kinds?.get(everyKind)];
    });
    return all.filter((one) => one !== undefined);
  }

  /** Whether it may do something at all by this verb. */
  hasVerb(verb: Verb): boolean {
    return this.#verbs.has(verb) || this.#verbs.has('admin');
  }

  get isEmpty(): boolean {
    return this.#verbs.size === 0;
  }

  /**
   * The rule that permits it; undefined: none does (RIGHTS-1).
   *
   * @param name Undefined: all of the kind.
   */
  ruleFor(verb: Verb, kind: string, name: string | undefined): RoleRule | undefined {
    const found = this.#find(verb, kind, name) ?? this.#find(verb, everyKind, name);
    if (found !== undefined || verb === 'admin') return found;
    return this.#find('admin', kind, name) ?? this.#find('admin', everyKind, name); // RIGHTS-2
  }

  permits(verb: Verb, kind: string, name: string | undefined): boolean {
    return this.ruleFor(verb, kind, name) !== undefined;
  }

  /** Whether it is permitted on some of the kind, whatever their names. */
  permitsSome(verb: Verb, kind: string): boolean {
    return this.#allOf(verb, kind).length > 0;
  }

  /**
   * The names of a kind on which the verb is permitted, as ranges that follow each other in order and have no name in
   * common. Undefined: all of them.
   */
  rangesOf(verb: Verb, kind: string): readonly NameRange[] | undefined {
    const prefixes = new Map<string, true>();
    const names = new Set<string>();
    for (const permitted of this.#allOf(verb, kind)) {
      if (permitted.all !== undefined) return undefined;
      for (const prefix of permitted.prefixes) prefixes.set(prefix, true);
      for (const name of permitted.names.keys()) names.add(name);
    }
    const shortest = shortestOf(prefixes);
    const ranges = [
      ...shortest.map((start) => ({ start, isName: false })),
      ...[...names]
        .filter((name) => coveringIndex(shortest, name) === undefined)
        .map((start) => ({ start, isName: true })),
    ];
    return ranges.toSorted((a, b) => (a.start < b.start ? -1 : 1));
  }

  #find(verb: Verb, kind: string, name: string | undefined): RoleRule | undefined {
    const permitted = this.#permitted.get(verb)?.get(kind);
    if (permitted === undefined) return undefined;
    if (permitted.all !== undefined || name === undefined) return permitted.all;
    const exact = permitted.names.get(name);
    if (exact !== undefined) return exact;
    const index = coveringIndex(permitted.prefixes, name);
    return index === undefined ? undefined : permitted.ofPrefixes[index];
  }
}

/** RIGHTS-3. */
function keepShortest(permitted: Permitted, some: ReadonlyMap<string, RoleRule>): void {
  permitted.prefixes = shortestOf(some);
  permitted.ofPrefixes = permitted.prefixes.flatMap((prefix) => some.get(prefix) ?? []);
}

function shortestOf(prefixes: ReadonlyMap<string, unknown>): readonly string[] {
  const kept: string[] = [];
  // Whatever has a prefix follows it in order, before anything that has it not.
  for (const prefix of [...prefixes.keys()].toSorted()) {
    const last = kept.at(-1);
    if (last === undefined || !prefix.startsWith(last)) kept.push(prefix);
  }
  return kept;
}

/** RIGHTS-3. @param prefixes In order, none of them a prefix of another one. */
function coveringIndex(prefixes: readonly string[], name: string): number | undefined {
  let low = 0;
  let high = prefixes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((prefixes[middle] ?? '') <= name) low = middle + 1;
    else high = middle;
  }
  const last = prefixes[low - 1];
  return last !== undefined && name.startsWith(last) ? low - 1 : undefined;
}

export const ruleText = ({ verb, kind = everyKind, name, prefix }: AccessRule): string => {
  if (name !== undefined) return `${verb} ${kind} ${name}`;
  return `${verb} ${kind} ${prefix ?? ''}*`;
};
