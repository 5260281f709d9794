/**
 * What has to hold in every single state of the whole, whatever led to it:
 *
 * log matching: where two logs have an entry of the same index and term, they are the same up to there;
 * membership: no log holds two changes of the membership that are not committed (RAFT-MEMBER-1 of the core);
 * what was committed is never lost: it is on the disks of a majority of the voters;
 * leader completeness, beside what is looked at when a node begins to lead: whoever leads has what was committed in
 * earlier terms, also what was committed after it had been elected.
 */
import { lacksCommitted } from '@holdfast/checker';
import { PairMap } from '../search/pair-map.ts';
import type { Chronicles } from './chronicle.ts';
import { bitCount } from './facts.ts';
import type { LogFacts } from './facts.ts';
import { idOf } from './inputs.ts';
import type { LocalSteps } from './local-steps.ts';

export type PromiseName = 'log matching' | 'membership' | 'durability';

export class RaftPromises {
  readonly #nodes: number;
  readonly #steps: LocalSteps;
  readonly #chronicles: Chronicles;
  readonly #without: ReadonlySet<PromiseName>;
  readonly #matching = new PairMap();
  readonly #unsettled = new PairMap();
  readonly #held = new PairMap();
  readonly #lacking = new PairMap();

  constructor(
    nodes: number,
    steps: LocalSteps,
    chronicles: Chronicles,
    without: ReadonlySet<PromiseName>,
  ) {
    this.#nodes = nodes;
    this.#steps = steps;
    this.#chronicles = chronicles;
    this.#without = without;
  }

  /** @param state Its first integers are the states of the nodes, then comes the chronicle. */
  judge(state: Int32Array): string | undefined {
    return (
      this.#judgeLogs(state) ??
      this.#judgeMemberships(state) ??
      this.#judgeLeaders(state) ??
      this.#judgeDisks(state)
    );
  }

  #judgeLogs(state: Int32Array): string | undefined {
    if (this.#without.has('log matching')) return undefined;
    const { facts } = this.#steps;
    for (let one = 0; one < this.#nodes; one++) {
      for (let other = one + 1; other < this.#nodes; other++) {
        const a = state[one] ?? 0;
        const b = state[other] ?? 0;
        if (
          !this.#match(facts.log.at(a), facts.log.at(b)) ||
          !this.#match(facts.diskLog.at(a), facts.diskLog.at(b))
        )
          return `log matching: the logs of ${idOf(one)} and ${idOf(other)} differ before an entry that both have`;
      }
    }
    return undefined;
  }

  #match(one: number, other: number): boolean {
    if (one === other) return true;
    const known = this.#matching.get(one, other);
    if (known >= 0) return known === 1;
    const { logs } = this.#steps.facts;
    const isMatch = match(logs.value(one), logs.value(other));
    this.#matching.set(one, other, isMatch ? 1 : 0);
    return isMatch;
  }

  #judgeMemberships(state: Int32Array): string | undefined {
    if (this.#without.has('membership')) return undefined;
    const chronicle = state[this.#nodes] ?? 0;
    for (let node = 0; node < this.#nodes; node++) {
      const log = this.#steps.facts.log.at(state[node] ?? 0);
      let count = this.#unsettled.get(chronicle, log);
      if (count < 0) {
        const committed = this.#chronicles.value(chronicle).committed.length;
        const { baseIndex, entries } = this.#steps.facts.logs.value(log);
        count = entries
          .slice(Math.max(0, committed - baseIndex))
          .filter(({ isMembership }) => isMembership).length;
        this.#unsettled.set(chronicle, log, count);
      }
      if (count > 1)
        return `membership: the log of ${idOf(node)} holds ${String(count)} changes that are not committed`;
    }
    return undefined;
  }

  #judgeLeaders(state: Int32Array): string | undefined {
    const { facts } = this.#steps;
    const chronicle = state[this.#nodes] ?? 0;
    for (let node = 0; node < this.#nodes; node++) {
      const local = state[node] ?? 0;
      if (facts.leads.at(local) === 0) continue;
      let lacking = this.#lacking.get(chronicle, local);
      if (lacking < 0) {
        lacking = this.#firstLacking(chronicle, local);
        this.#lacking.set(chronicle, local, lacking);
      }
      if (lacking > 0)
        return `leader completeness: ${idOf(node)} leads term ${String(facts.terms.at(local))} and lacks the committed entry ${String(lacking)}`;
    }
    return undefined;
  }

  /** The index of it; 0: none. */
  #firstLacking(chronicle: number, local: number): number {
    const { facts } = this.#steps;
    const { baseIndex, entries } = facts.logs.value(facts.log.at(local));
    const leader = {
      term: facts.terms.at(local),
      firstIndex: baseIndex + 1,
      termAt: (index: number) => entries[index - baseIndex - 1]?.term,
    };
    const { committed } = this.#chronicles.value(chronicle);
    return (
      committed.findIndex((entry, at) => lacksCommitted(leader, { ...entry, index: at + 1 })) + 1
    );
  }

  /** Whose majority: of the newest committed membership, or of a newer one that is on its way. */
  #judgeDisks(state: Int32Array): string | undefined {
    if (this.#without.has('durability')) return undefined;
    const chronicle = state[this.#nodes] ?? 0;
    let holding = 0;
    for (let node = 0; node < this.#nodes; node++)
      if (this.#holdsAll(chronicle, this.#steps.facts.diskLog.at(state[node] ?? 0)))
        holding |= 1 << node;
    if (isMajority(this.#chronicles.voters(chronicle), holding)) return undefined;
    const newest = this.#chronicles.votersIndex(chronicle);
    for (let node = 0; node < this.#nodes; node++) {
      const { voters, votersIndex } = this.#steps.facts;
      const local = state[node] ?? 0;
      if (votersIndex.at(local) > newest && isMajority(voters.at(local), holding)) return undefined;
    }
    return 'durability: what was committed is not on the disks of a majority';
  }

  #holdsAll(chronicle: number, log: number): boolean {
    const known = this.#held.get(chronicle, log);
    if (known >= 0) return known === 1;
    const { committed } = this.#chronicles.value(chronicle);
    const { baseIndex, entries } = this.#steps.facts.logs.value(log);
    const holds = committed.every(
      ({ term }, place) => place < baseIndex || entries[place - baseIndex]?.term === term,
    );
    this.#held.set(chronicle, log, holds ? 1 : 0);
    return holds;
  }
}

const isMajority = (voters: number, holding: number): boolean =>
  voters > 0 && bitCount(voters & holding) * 2 > bitCount(voters);

function match(one: LogFacts, other: LogFacts): boolean {
  const first = Math.max(one.baseIndex, other.baseIndex) + 1;
  const last = Math.min(one.baseIndex + one.entries.length, other.baseIndex + other.entries.length);
  let isShared = false;
  for (let index = last; index >= first; index--) {
    const a = one.entries[index - one.baseIndex - 1];
    const b = other.entries[index - other.baseIndex - 1];
    if (a?.term === b?.term) isShared = true;
    if (isShared && (a?.term !== b?.term || a?.text !== b?.text)) return false;
  }
  return true;
}
