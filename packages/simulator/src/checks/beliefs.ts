/**
 * What clients believe to hold, by their own clocks: of two that exclude each other at most one may
 * believe at a time. And the resource behind each lock, which checks fence tokens.
 */
import { Hold } from '@holdfast/client';
import type { Held } from '@holdfast/client';
import type { Machine } from '../world/machine.ts';

interface Belief {
  readonly machine: Machine;
  readonly process: number;
  readonly hold: Held;
}

export class Beliefs {
  readonly #report: (message: string) => void;
  readonly #holds = new Map<string, Set<Belief>>();
  /** The largest token that each resource has seen. */
  readonly #seen = new Map<string, number>();
  #refusedWrites = 0;

  constructor(report: (message: string) => void) {
    this.#report = report;
  }

  /** Writes that a resource refused because of an older token: zombies that it stopped. */
  get refusedWrites(): number {
    return this.#refusedWrites;
  }

  add(machine: Machine, hold: Held): void {
    const name = nameOf(hold);
    const beliefs = this.#holds.get(name) ?? new Set();
    this.#holds.set(name, beliefs);
    const belief = { machine, process: machine.process, hold };
    for (const other of beliefs) {
      if (!isAwake(other) || hold.state === 'released') beliefs.delete(other);
    }
    beliefs.add(belief);
    this.compare(name);
  }

  /** Every pair that runs now. One that is paused looks at its clock before it does anything. */
  compare(name: string): void {
    const believers = [...(this.#holds.get(name) ?? [])].filter(
      (belief) =>
        belief.machine.state === 'running' &&
        belief.process === belief.machine.process &&
        belief.hold.isHeld(),
    );
    const exclusive = believers.find(({ hold }) => modeOf(hold) === 'exclusive');
    const other = believers.find((belief) => belief !== exclusive);
    if (
      exclusive !== undefined &&
      other !== undefined &&
      exclusive.hold.fenceToken !== other.hold.fenceToken
    )
      this.#report(
        `${exclusive.machine.name} (token ${String(exclusive.hold.fenceToken)}) and ${other.machine.name} (token ${String(other.hold.fenceToken)}, ${modeOf(other.hold)}) both believe to hold "${name}".`,
      );
  }

  /** A write to what an exclusive lock protects. A hold that is believed in is never refused. */
  write(name: string, fenceToken: number, believed: boolean): void {
    const seen = this.#seen.get(name) ?? 0;
    if (fenceToken >= seen) {
      this.#seen.set(name, fenceToken);
      return;
    }
    this.#refusedWrites += 1;
    if (believed)
      this.#report(
        `Who believed to hold "${name}" wrote with token ${String(fenceToken)} after ${String(seen)}.`,
      );
  }
}

function isAwake({ machine, process, hold }: Belief): boolean {
  if (process !== machine.process || !machine.isOn) return false;
  return machine.state === 'paused' || hold.state === 'held';
}

const modeOf = (hold: Held): 'exclusive' | 'shared' =>
  hold instanceof Hold ? hold.mode : 'exclusive';

/** An election is another thing than a lock of its name. */
export const nameOf = ({ kind, name }: Held): string =>
  kind === 'lock' ? name : `${kind} ${name}`;
