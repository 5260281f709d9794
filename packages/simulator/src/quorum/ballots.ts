/**
 * What the nodes and the clients of a quorum lease may do (spec of the quorum lease, docs/quorum-lease.md).
 *
 * BALLOTS-1: at no instant do two clients hold one resource, each by its own clock, also one that is paused.
 *     Compared when a hold begins, when one was renewed (what was not certain for a while is again), and when
 *     something is written.
 * BALLOTS-2: tokens of one resource strictly increase, in the order in which it was held. Where clocks run as they
 *     like BALLOTS-1 is not promised, and of BALLOTS-2 is left that no two holds have the same token.
 * BALLOTS-3: a resource that checks tokens refuses what comes with an older one, and never one who holds.
 * BALLOTS-4: a lease that a node was told is released never stands there again.
 * BALLOTS-5: no client believes in a lease for longer than a majority has promised (`promises.ts`), at any moment at which
 *     beliefs are compared (BALLOTS-1): also where nobody else wants the resource, and nothing comes of it.
 */
import type { QuorumHold } from '@holdfast/quorum-client';
import type { Machine } from '../world/machine.ts';
import type { Promises } from './promises.ts';

/** What is asked of a hold. */
export type Believed = Pick<QuorumHold, 'name' | 'fenceToken' | 'state' | 'isHeld' | 'validForMs'>;

/** Of arithmetic. */
const roundingMs = 1e-3;

interface Belief {
  readonly machine: Machine;
  readonly process: number;
  readonly hold: Believed;
}

export class Ballots {
  readonly #report: (message: string) => void;
  readonly #beliefs = new Map<string, Set<Belief>>();
  readonly #lastToken = new Map<string, number>();
  readonly #tokens = new Set<string>();
  /** Clocks keep within what the drift buffer is for. */
  readonly #clocksAgree: boolean;
  readonly #promises: Promises;
  readonly #written = new Map<string, number>();
  /** By node. */
  readonly #releasedAt = new Map<string, Set<string>>();
  #refusedWrites = 0;
  #granted = 0;
  /** A fault may be waiting for a vote. */
  onVote: (node: string) => void = () => undefined;

  constructor(clocksAgree: boolean, promises: Promises, report: (message: string) => void) {
    this.#clocksAgree = clocksAgree;
    this.#promises = promises;
    this.#report = report;
  }

  get refusedWrites(): number {
    return this.#refusedWrites;
  }

  /** Votes that nodes gave. */
  get votes(): number {
    return this.#granted;
  }

  /** BALLOTS-1, BALLOTS-2. */
  held(machine: Machine, hold: Believed): void {
    const { name, fenceToken } = hold;
    const token = `token ${String(fenceToken)} of "${name}"`;
    if (this.#tokens.has(token)) this.#report(`${machine.name} holds ${token}, which was held.`);
    this.#tokens.add(token);
    if (!this.#clocksAgree) return;
    const last = this.#lastToken.get(name) ?? 0;
    if (fenceToken <= last)
      this.#report(
        `${machine.name} holds "${name}" with token ${String(fenceToken)}, after token ${String(last)}.`,
      );
    this.#lastToken.set(name, Math.max(last, fenceToken));
    const beliefs = this.#beliefs.get(name) ?? new Set();
    this.#beliefs.set(name, beliefs);
    beliefs.add({ machine, process: machine.process, hold });
    this.#compare(name);
  }

  /** BALLOTS-1. */
  renewed(name: string): void {
    this.#compare(name);
  }

  #compare(name: string): void {
    const beliefs = this.#beliefs.get(name) ?? new Set();
    const holders: string[] = [];
    for (const belief of beliefs) {
      const { machine, process, hold } = belief;
      // A process that has ended believes nothing; what has run out comes back no more.
      if (!machine.isOn || process !== machine.process || hold.state !== 'held')
        beliefs.delete(belief);
      else if (hold.isHeld()) {
        holders.push(`${machine.name} (token ${String(hold.fenceToken)})`);
        this.#checkBelief(belief);
      }
    }
    if (holders.length > 1) this.#report(`${holders.join(' and ')} hold "${name}".`);
  }

  /** BALLOTS-5. */
  #checkBelief({ machine, hold }: Belief): void {
    const believedUntilMs = machine.now() + hold.validForMs;
    const beyondMs = believedUntilMs - this.#promises.certainUntilMs(machine, hold.name);
    if (beyondMs > roundingMs)
      this.#report(
        `${machine.name} believes in "${hold.name}" for ${beyondMs.toFixed(3)} ms longer than a majority promised.`,
      );
  }

  /** BALLOTS-1, BALLOTS-3. @param holds Whether the writer holds it at the moment in which the write arrives. */
  write(name: string, token: number, holds: boolean): void {
    this.#compare(name);
    const seen = this.#written.get(name) ?? 0;
    if (token >= seen) {
      this.#written.set(name, token);
      return;
    }
    this.#refusedWrites += 1;
    if (holds && this.#clocksAgree)
      this.#report(
        `Who holds "${name}" wrote with token ${String(token)} after ${String(seen)}: refused.`,
      );
  }

  /** BALLOTS-4. */
  granted(node: string, leaseId: string): void {
    this.#granted += 1;
    this.onVote(node);
    if (this.#releasedAt.get(node)?.has(leaseId) === true)
      this.#report(`${node} granted ${leaseId}, which it had been told is released.`);
  }

  released(node: string, leaseId: string): void {
    const released = this.#releasedAt.get(node) ?? new Set();
    this.#releasedAt.set(node, released);
    released.add(leaseId);
  }

  /** Its file is gone, and with it what it was told. */
  forgets(node: string): void {
    this.#releasedAt.delete(node);
  }
}
