/**
 * What one node does, found out once. A node's next state and what it sends depend on its state and the
 * input alone, so that a step of the whole is one look into a table, and the shipped core runs only for
 * what the table does not hold yet.
 *
 * LOCAL-1: a node's state is what its core, disk and queue of writes depend on (`Node.image`). A state is
 *          reached again by giving a new core the inputs that led to it, from its last start on.
 * LOCAL-2: the same state reached in two ways does the same ever after: `audit` looks at that, for an image
 *          that left something out would hide states.
 * LOCAL-3: a promise is broken where the core says so itself, asks of a disk what it cannot do, or refuses a message of a
 *          member. Any other error is one of the search, and ends it: it is no find.
 */
import { imageOfMessage, RaftInvariantError } from '@holdfast/raft';
import type { Message } from '@holdfast/raft';
import { IntList } from '../search/int-list.ts';
import { Interner } from '../search/interner.ts';
import { PairMap } from '../search/pair-map.ts';
import { DiskPromiseError } from './disk.ts';
import type { DurableState } from './disk.ts';
import { Facts } from './facts.ts';
import type { Happening } from './happenings.ts';
import { codeOf, idOf, inputOf, nodeOf } from './inputs.ts';
import { Node, RefusedMessageError } from './node.ts';
import type { CoreLimits } from './node.ts';
import { Renamings } from './renaming.ts';

/** How a state was reached first; `code` -1: a start from the disk. */
interface Origin {
  readonly owner: number;
  readonly parent: number;
  readonly code: number;
  readonly disk: DurableState;
}

const none = -1;

/** LOCAL-3. */
const isBrokenPromise = (error: unknown): error is Error =>
  error instanceof RaftInvariantError ||
  error instanceof DiskPromiseError ||
  error instanceof RefusedMessageError;

export class LocalSteps {
  readonly facts: Facts = new Facts();
  readonly happenings: Interner<readonly Happening[]> = new Interner();
  readonly messages: Interner<Message> = new Interner();
  /** By message: its term, and whether it is an answer or the like, which tells nothing in a later term. */
  readonly messageTerms: IntList = new IntList();
  readonly messageIsAnswer: IntList = new IntList();
  readonly #limits: CoreLimits;
  readonly #renamings: Renamings;
  readonly #states = new Interner<Origin>();
  readonly #known = new PairMap();
  /** By transition: the next state (-1: it cannot happen), happenings, place and count of what is sent. */
  readonly #next = new IntList();
  readonly #told = new IntList();
  readonly #sentFrom = new IntList();
  readonly #sentCount = new IntList();
  /** Pairs of node and message. */
  readonly #sent = new IntList();
  readonly #broken = new Map<number, string>();
  readonly #renamedStates: readonly IntList[];
  readonly #renamedMessages: readonly IntList[];
  /** A second way to each state, for the audit. */
  readonly #others = new Map<number, Origin>();
  steps = 0;

  constructor(limits: CoreLimits, renamings: Renamings) {
    this.#limits = limits;
    this.#renamings = renamings;
    this.#renamedStates = renamings.all.map(() => new IntList());
    this.#renamedMessages = renamings.all.map(() => new IntList());
    this.happenings.intern('[]', []);
  }

  get size(): number {
    return this.#states.size;
  }

  start(owner: number, disk: DurableState): { readonly state: number; readonly told: number } {
    const node = new Node(idOf(owner), this.#limits, disk);
    const { happenings } = node.take();
    const state = this.#intern(node, { owner, parent: none, code: none, disk });
    return { state, told: this.happenings.intern(JSON.stringify(happenings), happenings) };
  }

  /** @returns The number of the transition. */
  step(state: number, code: number): number {
    const known = this.#known.get(state, code);
    if (known >= 0) return known;
    const transition = this.#run(state, code);
    this.#known.set(state, code, transition);
    return transition;
  }

  next(transition: number): number {
    return this.#next.at(transition);
  }

  told(transition: number): number {
    return this.#told.at(transition);
  }

  sentCount(transition: number): number {
    return this.#sentCount.at(transition);
  }

  sentTo(transition: number, place: number): number {
    return this.#sent.at(this.#sentFrom.at(transition) + 2 * place);
  }

  sentMessage(transition: number, place: number): number {
    return this.#sent.at(this.#sentFrom.at(transition) + 2 * place + 1);
  }

  broken(transition: number): string | undefined {
    return this.#broken.get(transition);
  }

  /** @throws Error where a node in this state heeds what was taken for one that it does not (LEFT-3). */
  assertUnheeded(state: number, code: number): void {
    const transition = this.step(state, code);
    const isUnheeded =
      this.next(transition) === state &&
      this.sentCount(transition) === 0 &&
      this.told(transition) === 0 &&
      !this.#broken.has(transition);
    if (!isUnheeded)
      throw new Error('A node heeds an answer of an earlier term: it must not be left out.');
  }

  // ---- the same under other names -----------------------------------------------------------------

  renamed(renaming: number, state: number): number {
    const list = this.#renamedStates[renaming];
    if (renaming === 0 || list === undefined) return state;
    const known = list.at(state);
    if (known > 0) return known - 1;
    const renamed = this.#rename(renaming, state);
    while (list.length <= state) list.push(0);
    list.data[state] = renamed + 1;
    return renamed;
  }

  renamedMessage(renaming: number, message: number): number {
    const list = this.#renamedMessages[renaming];
    if (renaming === 0 || list === undefined) return message;
    const known = list.at(message);
    if (known > 0) return known - 1;
    const renamed = this.#message(this.#renamings.message(renaming, this.messages.value(message)));
    while (list.length <= message) list.push(0);
    list.data[message] = renamed + 1;
    return renamed;
  }

  renamedCode(renaming: number, code: number): number {
    return this.#renamings.code(renaming, code, (message) =>
      this.renamedMessage(renaming, message),
    );
  }

  #rename(renaming: number, state: number): number {
    const { owner, parent, code, disk } = this.#states.value(state);
    let renamed: number;
    if (parent === none) {
      const snapshot = { ...disk.snapshot };
      const membership = this.#renamings.membership(renaming, snapshot.membership);
      const other = { ...disk, snapshot: { ...snapshot, membership } };
      renamed = this.start(this.#renamings.to(renaming, owner), other).state;
    } else {
      const from = this.renamed(renaming, parent);
      renamed = this.next(this.step(from, this.renamedCode(renaming, code)));
    }
    if (renamed < 0 || this.facts.blind.at(renamed) !== this.facts.blind.at(state))
      throw new Error('The core does not treat its members alike: symmetry cannot be used.');
    return renamed;
  }

  // ---- running the core ---------------------------------------------------------------------------

  #run(state: number, code: number): number {
    this.steps += 1;
    const transition = this.#next.length;
    try {
      const node = this.#nodeAfter(this.#states.value(state), state, code);
      if (node === undefined) return this.#append(none, 0, []);
      const { sent, happenings } = node.take();
      const { owner } = this.#states.value(state);
      const next = this.#intern(node, { owner, parent: state, code, disk: node.disk });
      const told = this.happenings.intern(JSON.stringify(happenings), happenings);
      const pairs = sent.flatMap(({ to, message }) => [nodeOf(to), this.#message(message)]);
      return this.#append(next, told, pairs);
    } catch (error) {
      if (!isBrokenPromise(error)) throw error; // LOCAL-3
      this.#broken.set(transition, error.message);
      return this.#append(state, 0, []);
    }
  }

  #append(next: number, told: number, sent: readonly number[]): number {
    this.#next.push(next);
    this.#told.push(told);
    this.#sentFrom.push(this.#sent.length);
    this.#sentCount.push(sent.length / 2);
    for (const value of sent) this.#sent.push(value);
    return this.#next.length - 1;
  }

  /** Undefined where the input cannot happen. */
  #nodeAfter(origin: Origin, state: number, code: number): Node | undefined {
    if (code === codeOf('crash')) return new Node(idOf(origin.owner), this.#limits, origin.disk);
    const node = this.#replayed(origin, state);
    return node.feed(this.#input(code)) ? node : undefined;
  }

  /** LOCAL-1. */
  #replayed(last: Origin, state: number): Node {
    const codes: number[] = [];
    let origin = last;
    for (let at = state; origin.code !== codeOf('crash') && origin.parent !== none;) {
      codes.push(origin.code);
      at = origin.parent;
      origin = this.#states.value(at);
    }
    const node = new Node(idOf(origin.owner), this.#limits, this.#diskAtStart(origin));
    for (const code of codes.toReversed()) node.feed(this.#input(code));
    node.take();
    return node;
  }

  #diskAtStart({ parent, disk }: Origin): DurableState {
    return parent === none ? disk : this.#states.value(parent).disk;
  }

  #input(code: number): ReturnType<typeof inputOf> {
    return inputOf(code, (number) => this.messages.value(number));
  }

  #message(message: Message): number {
    const { size } = this.messages;
    const number = this.messages.intern(JSON.stringify(imageOfMessage(message)), message);
    if (number === size) {
      this.messageTerms.push(message.term);
      const { type } = message;
      this.messageIsAnswer.push(type.endsWith('_answer') || type === 'timeout_now' ? 1 : 0);
    }
    return number;
  }

  #intern(node: Node, origin: Origin): number {
    const { size } = this.#states;
    const image = node.image();
    const number = this.#states.intern(JSON.stringify(image), origin);
    if (number === size) this.facts.add(node, image.core.log);
    else if (!this.#others.has(number)) this.#others.set(number, origin);
    return number;
  }

  /**
   * LOCAL-2: gives each state that was reached in two ways the inputs that it was given before, by the other way, and
   * compares the next state, the messages, and what is told.
   *
   * @returns How many steps were compared. @throws Error where one of them differs.
   */
  audit(every: number): number {
    let compared = 0;
    for (const [one, other, transition] of this.#known.entries()) {
      const second = this.#others.get(one);
      if (second === undefined || transition % every !== 0 || this.#broken.has(transition))
        continue;
      compared += 1;
      const node = this.#nodeAfter(second, one, other);
      if (!this.#isLike(transition, node))
        throw new Error(`The image of a node leaves something out (input ${other}).`);
    }
    return compared;
  }

  #isLike(transition: number, node: Node | undefined): boolean {
    const next = this.next(transition);
    if (node === undefined) return next === none;
    const { sent, happenings } = node.take();
    const pairs = sent.flatMap(({ to, message }) => [nodeOf(to), this.#message(message)]);
    const first = this.#sentFrom.at(transition);
    return (
      this.#states.numberOf(JSON.stringify(node.image())) === next &&
      this.happenings.intern(JSON.stringify(happenings), happenings) === this.told(transition) &&
      pairs.length === 2 * this.sentCount(transition) &&
      pairs.every((value, place) => value === this.#sent.at(first + place))
    );
  }

  /** Kinds of what happened in any of the steps. */
  get happened(): readonly Happening['type'][] {
    const types = Array.from({ length: this.happenings.size }, (_, number) =>
      this.happenings.value(number).map(({ type }) => type),
    );
    return [...new Set(types.flat())].toSorted();
  }
}
