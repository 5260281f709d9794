/**
 * The nodes of a set side by side, for people: this one asks the others, with a deadline for each, and counts on how many
 * each lease stands. Each node tells of a moment of its own. Clients do not go by it.
 *
 * SIDE-1: what others are asked is bounded: who asks for the same within a second gets one answer, so many different
 *     questions are under way at a time, and so many answers are kept.
 * SIDE-2: a page ends where the first of the nodes has more to tell: of no lease on it a node was left out that told of others
 *     behind it.
 */
import { HoldfastError } from '@holdfast/protocol';
import type {
  QuorumLeaseSeen,
  QuorumNodesAnswer,
  QuorumNodeSeen,
  QuorumOverviewAnswer,
} from '@holdfast/protocol';
import { leasesOnAPage } from '../node/held-leases.ts';
import type { WantedLeases } from '../node/held-leases.ts';
import type { LeaseHost } from '../node/host.ts';

const freshMs = 1000;
const mostQuestions = 4;
/** Whoever turns over the pages of a large set asks a new question each time. */
const mostAnswers = 16;

export interface SideBySideParts {
  readonly host: Pick<LeaseHost, 'ofSet' | 'overview'>;
  readonly ask: (member: string, wanted: WantedLeases) => Promise<QuorumOverviewAnswer>;
  /** Monotonic, in ms. */
  readonly now: () => number;
  readonly wallNow: () => number;
}

interface Told {
  readonly seen: QuorumNodeSeen;
  readonly page: QuorumOverviewAnswer['page'];
  readonly more: boolean;
}

export class SideBySide {
  readonly #parts: SideBySideParts;
  /** By question; those asked last are last. */
  readonly #answers = new Map<
    string,
    { readonly untilMs: number; readonly answer: Promise<QuorumNodesAnswer> }
  >();
  #underWay = 0;

  constructor(parts: SideBySideParts) {
    this.#parts = parts;
  }

  /** SIDE-1. @throws HoldfastError `limit_exceeded`. */
  look(wanted: WantedLeases): Promise<QuorumNodesAnswer> {
    const now = this.#parts.now();
    for (const [question, { untilMs }] of this.#answers)
      if (now >= untilMs) this.#answers.delete(question);
    const question = JSON.stringify([wanted.prefix, wanted.after]);
    const known = this.#answers.get(question);
    if (known !== undefined) return known.answer;
    if (this.#underWay >= mostQuestions)
      throw new HoldfastError(
        'limit_exceeded',
        `${String(mostQuestions)} other questions to the nodes of the set are under way. Ask again in a moment.`,
        { limit: 'max_questions', value: mostQuestions, scope: 'node' },
      );
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size < mostAnswers) break;
      this.#answers.delete(oldest);
    }
    this.#underWay += 1;
    const answer = this.#askAll(wanted).finally(() => {
      this.#underWay -= 1;
    });
    this.#answers.set(question, { untilMs: now + freshMs, answer });
    return answer;
  }

  async #askAll(wanted: WantedLeases): Promise<QuorumNodesAnswer> {
    const { name, members, epoch, set } = this.#parts.host.ofSet();
    const all = members.length === 0 ? [name] : members;
    const told = await Promise.all(
      all.map((member) => this.#askOne(member, member === name, set, wanted)),
    );
    const needed = Math.floor(all.length / 2) + 1;
    return {
      node: name,
      epoch,
      set,
      needed,
      nodes: told.map(({ seen }) => seen),
      ...leasesOf(told, needed),
    };
  }

  async #askOne(name: string, isThis: boolean, set: string, wanted: WantedLeases): Promise<Told> {
    const { host, ask, now, wallNow } = this.#parts;
    const [askedMs, askedWallMs] = [now(), wallNow()];
    try {
      const { page, more, ...told } = await (isThis ? host.overview(wanted) : ask(name, wanted));
      const tookMs = now() - askedMs;
      const seen: QuorumNodeSeen = {
        name,
        problem: null,
        same_set: told.set === set,
        round_trip_ms: Math.ceil(tookMs),
        clock_ahead_ms: isThis ? 0 : Math.round(told.wall_ms - (askedWallMs + tookMs / 2)),
        told,
      };
      return { seen, page, more };
    } catch (error) {
      const seen: QuorumNodeSeen = {
        name,
        problem: problemOf(error),
        same_set: false,
        round_trip_ms: null,
        clock_ahead_ms: null,
        told: null,
      };
      return { seen, page: [], more: false };
    }
  }
}

/** For people: what a library says of a connection is in its cause. */
function problemOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'It did not answer in time.';
  if (error.name === 'ZodError') return 'It does not answer as a lease node of this release.';
  const { cause } = error;
  return cause instanceof Error ? cause.message : error.message;
}

interface Standing {
  readonly resource: string;
  readonly lease: string;
  readonly client_id: string;
  token: number;
  waiters: number;
  readonly on: string[];
  readonly remainingMs: number[];
}

/** SIDE-2. */
function leasesOf(
  told: readonly Told[],
  needed: number,
): Pick<QuorumNodesAnswer, 'leases' | 'next'> {
  const ends = told.flatMap(({ page, more }) => (more ? (page.at(-1)?.resource ?? []) : []));
  const end = ends.reduce<string | undefined>(
    (first, one) => (first === undefined || one < first ? one : first),
    undefined,
  );
  const found = new Map<string, Standing>();
  for (const { seen, page } of told)
    for (const row of page) {
      if (end !== undefined && row.resource > end) continue;
      const key = JSON.stringify([row.resource, row.lease]);
      const { resource, lease, client_id } = row;
      const standing = found.get(key) ?? {
        resource,
        lease,
        client_id,
        token: 0,
        waiters: 0,
        on: [],
        remainingMs: [],
      };
      standing.token = Math.max(standing.token, row.token);
      standing.waiters = Math.max(standing.waiters, row.waiters);
      standing.on.push(seen.name);
      standing.remainingMs.push(row.remaining_ms);
      found.set(key, standing);
    }
  const names = [...new Set([...found.values()].map(({ resource }) => resource))].toSorted(byText);
  const shown = new Set(names.slice(0, leasesOnAPage));
  const last = names[Math.min(names.length, leasesOnAPage) - 1];
  const isCut = names.length > leasesOnAPage;
  return {
    leases: [...found.values()]
      .filter(({ resource }) => shown.has(resource))
      .toSorted(
        (one, other) => byText(one.resource, other.resource) || other.on.length - one.on.length,
      )
      .map((standing) => seenOf(standing, needed)),
    next: isCut ? (last ?? null) : (end ?? null),
  };
}

function seenOf({ remainingMs, ...standing }: Standing, needed: number): QuorumLeaseSeen {
  // It stands on a majority until the first of the last `needed` of its nodes drops it.
  const untilMs = remainingMs.toSorted((one, other) => other - one)[needed - 1];
  return { ...standing, majority: untilMs !== undefined, remaining_ms: untilMs ?? null };
}

/** As the nodes order them: by units of UTF-16. */
const byText = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
