/**
 * The states of one lease node or client, and messages, under other names.
 *
 * LEASE-SYMMETRY-1: the state of a node under other names is reached by giving the shipped code the same inputs under those
 *     names, and has to look the same but for the names. What a client is told is renamed in its state.
 * LEASE-SYMMETRY-2: under other names each step is the same step: it leads to the same state, sends the same, holds the same
 *     token and writes down the same files, all under those names. `audit` looks at that for each step that was taken and
 *     each way of exchanging names. Exchanges of two names alone would not do: what they lead to was not itself taken, and
 *     would not be compared with what the next exchange makes of it.
 */
import { IntList } from '../search/int-list.ts';
import type { LeaseSteps } from './lease-steps.ts';
import type { LeaseRenamings } from './renaming.ts';

const ascending = (one: number, other: number): number => one - other;

export class LeaseSymmetry {
  readonly #steps: LeaseSteps;
  readonly #renamings: LeaseRenamings;
  /** One more than the number; 0: not known yet. */
  readonly #states: readonly IntList[];
  readonly #messages: readonly IntList[];

  constructor(steps: LeaseSteps, renamings: LeaseRenamings) {
    this.#steps = steps;
    this.#renamings = renamings;
    this.#states = renamings.all.map(() => new IntList());
    this.#messages = renamings.all.map(() => new IntList());
  }

  state(renaming: number, state: number): number {
    const list = this.#states[renaming];
    if (renaming === 0 || list === undefined) return state;
    return noted(list, state, () => this.#state(renaming, state));
  }

  message(renaming: number, message: number): number {
    const list = this.#messages[renaming];
    if (renaming === 0 || list === undefined) return message;
    return noted(list, message, () => {
      const { messages } = this.#steps;
      return this.#steps.message(this.#renamings.message(renaming, messages.value(message)));
    });
  }

  code(renaming: number, code: number): number {
    return this.#renamings.code(renaming, code, (message) => this.message(renaming, message));
  }

  /** LEASE-SYMMETRY-1. */
  #state(renaming: number, state: number): number {
    const steps = this.#steps;
    const local = steps.local(state);
    if (local.type === 'client') return steps.client(this.#renamings.client(renaming, local.state));
    const { owner, startFile, codes } = local;
    const renamed = steps.renamedNode(
      this.#renamings.to(renaming, owner),
      this.#renamings.file(renaming, startFile),
      codes.map((code) => this.code(renaming, code)),
    );
    if (steps.outlines.at(renamed) !== steps.outlines.at(state)) throw notAlike();
    return renamed;
  }

  /** LEASE-SYMMETRY-2. @returns How many steps were compared. @throws Error where one of them differs. */
  async audit(): Promise<number> {
    const steps = this.#steps;
    const known = [...steps.known()];
    const others = [...this.#renamings.all.keys()].slice(1);
    const under = (renaming: number, state: number, code: number): number =>
      steps.step(this.state(renaming, state), this.code(renaming, code));
    for (const renaming of others) for (const [state, code] of known) under(renaming, state, code);
    await steps.learn();
    for (const renaming of others)
      for (const [state, code, transition] of known)
        if (!this.#isAlike(renaming, transition, under(renaming, state, code))) throw notAlike();
    return known.length * others.length;
  }

  #isAlike(renaming: number, transition: number, renamed: number): boolean {
    const steps = this.#steps;
    const next = steps.next(transition);
    const founded = steps.founded(transition);
    const sent = steps.sent(transition).map((message) => this.message(renaming, message));
    return (
      steps.next(renamed) === (next < 0 ? next : this.state(renaming, next)) &&
      steps.token(renamed) === steps.token(transition) &&
      steps.founded(renamed) ===
        (founded < 0 ? founded : this.#renamings.moment(renaming, founded)) &&
      sent.toSorted(ascending).join() === steps.sent(renamed).toSorted(ascending).join()
    );
  }
}

const notAlike = (): Error =>
  new Error('Lease nodes or clients are not treated alike: symmetry cannot be used.');

function noted(list: IntList, place: number, find: () => number): number {
  const known = list.at(place);
  if (known > 0) return known - 1;
  const found = find();
  while (list.length <= place) list.push(0);
  list.data[place] = found + 1;
  return found;
}
