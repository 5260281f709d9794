/**
 * What has happened so far, as far as the promises speak of it, and what a new happening breaks:
 *
 * election safety: one leader a term; leader completeness: a leader has all that was committed in earlier terms;
 * state machine safety: all apply the same at an index, in order and without gaps; a proven read sees all
 * that was committed anywhere when it was asked.
 */
import { lacksCommitted } from '@holdfast/checker';
import { decodeMembership } from '@holdfast/raft';
import { Interner } from '../search/interner.ts';
import { PairMap } from '../search/pair-map.ts';
import { votersOf } from './facts.ts';
import type { Happening } from './happenings.ts';
import { idOf } from './inputs.ts';
import type { Renamings } from './renaming.ts';

export interface Committed {
  readonly term: number;
  readonly text: string;
  readonly isMembership: boolean;
  /** The term of the first node that applied it: it was committed then or before. */
  readonly inTerm: number;
}

export interface RunChronicle {
  /** By term, from 0 on; -1: nobody led it. */
  readonly leaders: readonly number[];
  /** By index, from 1 on. */
  readonly committed: readonly Committed[];
  /** Not answered yet: how much was committed anywhere when it was asked. */
  readonly reads: readonly {
    readonly node: number;
    readonly readId: number;
    readonly asked: number;
  }[];
}

type Next = RunChronicle | string;

export class Chronicles {
  readonly #renamings: Renamings;
  readonly #chronicles = new Interner<RunChronicle>();
  readonly #known = new PairMap();
  readonly #broken: string[] = [];
  readonly #voters = new Map<number, number>();
  readonly #initialVoters: number;
  readonly #renamed: readonly Map<number, number>[];

  constructor(renamings: Renamings, initialVoters: number) {
    this.#renamings = renamings;
    this.#initialVoters = initialVoters;
    this.#renamed = renamings.all.map(() => new Map<number, number>());
    this.#intern({ leaders: [], committed: [], reads: [] });
  }

  get size(): number {
    return this.#chronicles.size;
  }

  value(number: number): RunChronicle {
    return this.#chronicles.value(number);
  }

  /** @returns The next chronicle, or below 0 where something is broken (see `whatBroke`). */
  after(chronicle: number, node: number, told: number, happenings: readonly Happening[]): number {
    const key = told * 4 + node;
    const known = this.#known.get(chronicle, key);
    if (known >= 0) return known % 2 === 0 ? known / 2 : -(known + 1) / 2;
    let next: Next = this.#chronicles.value(chronicle);
    for (const happening of happenings) {
      if (typeof next !== 'string') next = follow(next, node, happening);
    }
    const value =
      typeof next === 'string' ? 2 * this.#broken.push(next) - 1 : 2 * this.#intern(next);
    this.#known.set(chronicle, key, value);
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  whatBroke(below: number): string {
    return this.#broken[-below - 1] ?? 'a promise';
  }

  /** Bits of those that vote by the newest committed membership. */
  voters(chronicle: number): number {
    const known = this.#voters.get(chronicle);
    if (known !== undefined) return known;
    const last = this.value(chronicle).committed.findLast(({ isMembership }) => isMembership);
    const voters = last === undefined ? this.#initialVoters : votersOf(membershipOf(last.text));
    this.#voters.set(chronicle, voters);
    return voters;
  }

  /** Where the entry of that membership stands; 0: it is the one of the start. */
  votersIndex(chronicle: number): number {
    return this.value(chronicle).committed.findLastIndex(({ isMembership }) => isMembership) + 1;
  }

  renamed(renaming: number, chronicle: number): number {
    const map = this.#renamed[renaming];
    if (renaming === 0 || map === undefined) return chronicle;
    const known = map.get(chronicle);
    if (known !== undefined) return known;
    const renamed = this.#intern(this.#rename(renaming, this.value(chronicle)));
    map.set(chronicle, renamed);
    return renamed;
  }

  #rename(renaming: number, { leaders, committed, reads }: RunChronicle): RunChronicle {
    const to = (node: number): number => (node < 0 ? node : this.#renamings.to(renaming, node));
    return {
      leaders: leaders.map(to),
      committed: committed.map((entry) =>
        entry.isMembership
          ? { ...entry, text: this.#renamings.membershipText(renaming, entry.text) }
          : entry,
      ),
      reads: sorted(reads.map((read) => ({ ...read, node: to(read.node) }))),
    };
  }

  #intern(chronicle: RunChronicle): number {
    return this.#chronicles.intern(JSON.stringify(chronicle), chronicle);
  }
}

/** The text of a membership entry, as `applied` tells it. */
export const membershipOf = (text: string): ReturnType<typeof decodeMembership> =>
  decodeMembership(Uint8Array.from(text.split(' ')[1]?.split(',') ?? [], Number));

const sorted = (reads: RunChronicle['reads']): RunChronicle['reads'] =>
  reads.toSorted((a, b) => a.readId - b.readId);

function follow(chronicle: RunChronicle, node: number, happening: Happening): Next {
  const { committed, reads } = chronicle;
  switch (happening.type) {
    case 'started': {
      const others = reads.filter((read) => read.node !== node);
      return holdsAt({ ...chronicle, reads: others }, node, happening.snapshot);
    }
    case 'restored':
      return holdsAt(chronicle, node, happening.snapshot);
    case 'leads':
      return lead(chronicle, node, happening);
    case 'applied':
      return apply(chronicle, node, happening);
    case 'asked': {
      const { readId } = happening;
      return { ...chronicle, reads: sorted([...reads, { node, readId, asked: committed.length }]) };
    }
    case 'failed':
      return { ...chronicle, reads: reads.filter(({ readId }) => readId !== happening.readId) };
    case 'proven': {
      const read = reads.find(({ readId }) => readId === happening.readId);
      if (read === undefined) return `reads: ${idOf(node)} proves a read that nobody asked`;
      if (happening.index < read.asked)
        return `reads: ${idOf(node)} proves a read at ${happening.index}, and ${read.asked} was committed when it was asked`;
      return { ...chronicle, reads: reads.filter((one) => one !== read) };
    }
  }
}

function lead(
  chronicle: RunChronicle,
  node: number,
  { term, log }: Extract<Happening, { type: 'leads' }>,
): Next {
  const { leaders, committed } = chronicle;
  const before = leaders[term] ?? -1;
  if (before >= 0 && before !== node)
    return `election safety: ${idOf(before)} and ${idOf(node)} lead term ${term}`;
  const { firstIndex, terms } = log;
  const leader = { term, firstIndex, termAt: (index: number) => terms[index - firstIndex] };
  for (const [place, entry] of committed.entries()) {
    const index = place + 1;
    if (lacksCommitted(leader, { ...entry, index }))
      return `leader completeness: ${idOf(node)} leads term ${term} and lacks the committed entry ${index} of term ${entry.term}`;
  }
  if (before === node) return chronicle;
  const next = Array.from({ length: Math.max(leaders.length, term + 1) }, (_, at) =>
    at === term ? node : (leaders[at] ?? -1),
  );
  return { ...chronicle, leaders: next };
}

function apply(
  chronicle: RunChronicle,
  node: number,
  { index, term, text, isMembership, inTerm }: Extract<Happening, { type: 'applied' }>,
): Next {
  const { committed } = chronicle;
  const known = committed[index - 1];
  if (known !== undefined) {
    if (known.term === term && known.text === text) return chronicle;
    return `state machine safety: ${idOf(node)} applies entry ${index} of term ${term}, and that of term ${known.term} was applied there`;
  }
  if (index !== committed.length + 1)
    return `state machine safety: ${idOf(node)} applies entry ${index}, and nobody has applied ${index - 1}`;
  return { ...chronicle, committed: [...committed, { term, text, isMembership, inTerm }] };
}

function holdsAt(
  chronicle: RunChronicle,
  node: number,
  { index, term }: { readonly index: number; readonly term: number },
): Next {
  if (index === 0 || chronicle.committed[index - 1]?.term === term) return chronicle;
  return `state machine safety: ${idOf(node)} has a snapshot of entry ${index} of term ${term}, which was not committed`;
}
