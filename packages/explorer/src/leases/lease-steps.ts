/**
 * What one lease node or client does, found out once (as raft/local-steps.ts does for the core). A node's step is run at
 * once; a client's code waits, so that its steps are noted as missing and run by `learn`. What the shipped code throws ends the
 * search as an error: it has no assertions of its own that would tell of a broken promise.
 *
 * LEASE-LOCAL-1: the same state of a node reached in two ways does the same ever after, and sends the same: `audit` looks at that.
 *     A way is second only where the node was started from another file, or given other inputs: the way of a renamed state leads
 *     back to itself under the inverse renaming.
 */
import { IntList } from '../search/int-list.ts';
import { Interner } from '../search/interner.ts';
import { PairMap } from '../search/pair-map.ts';
import {
  aged,
  beginAttempt,
  hear,
  heardBy,
  outlineOf,
  releaseHold,
  validFor,
} from './client-run.ts';
import type { ClientState, ClientStep } from './client-run.ts';
import { inputCode, inputs } from './inputs.ts';
import { LeaseNodeRun, newFile } from './lease-node-run.ts';
import type { LeaseFile, NodeInput } from './lease-node-run.ts';
import type { LeaseMessage } from './messages.ts';
import { momentOfFiles, whichOfFile } from './moments.ts';

type Local =
  | {
      readonly type: 'node';
      readonly owner: number;
      readonly startFile: LeaseFile;
      /** Since the start. */
      readonly codes: readonly number[];
      readonly file: LeaseFile;
    }
  | { readonly type: 'client'; readonly state: ClientState };

type NodeLocal = Extract<Local, { type: 'node' }>;

const none = -1;

const sameNumbers = (one: readonly number[], other: readonly number[]): boolean =>
  one.length === other.length && one.every((value, place) => value === other[place]);

export class LeaseSteps {
  readonly messages: Interner<LeaseMessage> = new Interner();
  /** By state: bits of what can be done, and for how long a client believes in its lease. */
  readonly can: IntList = new IntList();
  readonly validFor: IntList = new IntList();
  readonly destinations: IntList = new IntList();
  /** Of a node: which of its files it has, from 0 on; -1: that has voted. Of a client: -1. */
  readonly newFiles: IntList = new IntList();
  /** The same for states that differ in names alone. */
  readonly outlines: IntList = new IntList();
  readonly #outlines = new Interner<true>();
  readonly #locals = new Interner<Local>();
  readonly #known = new PairMap();
  readonly #next = new IntList();
  readonly #sent: (readonly number[])[] = [];
  readonly #tokens = new IntList();
  readonly #founded = new IntList();
  /** A second way to each state of a node, for the audit. */
  readonly #others = new Map<number, NodeLocal>();
  /** The same where it is the way of a state under another name: it does not take the place of one that was walked. */
  readonly #renamedOthers = new Map<number, NodeLocal>();
  readonly #heeded = new PairMap();
  #missing: { readonly state: number; readonly code: number }[] = [];
  readonly #ttl: number;
  steps = 0;

  /** @param ttl of leases, in units of time. */
  constructor(ttl: number) {
    this.#ttl = ttl;
  }

  get size(): number {
    return this.#locals.size;
  }

  get lacks(): boolean {
    return this.#missing.length > 0;
  }

  local(state: number): Local {
    return this.#locals.value(state);
  }

  startNode(owner: number, file: LeaseFile): number {
    const run = new LeaseNodeRun(owner, file, this.#ttl);
    return this.#internNode(run, { owner, startFile: file, codes: [] }, this.#others);
  }

  startClient(client: number): number {
    return this.client({ type: 'idle', client, attempts: 0 });
  }

  /** The state of a node, under another name, that is reached by these inputs since it started. */
  renamedNode(owner: number, startFile: LeaseFile, codes: readonly number[]): number {
    const run = new LeaseNodeRun(owner, startFile, this.#ttl);
    for (const code of codes) run.feed(this.#nodeInput(code));
    return this.#internNode(run, { owner, startFile, codes }, this.#renamedOthers);
  }

  /** Each step that was taken. */
  known(): Iterable<readonly [state: number, code: number, transition: number]> {
    return this.#known.entries();
  }

  /** @returns Below 0: it has to be learned first. */
  step(state: number, code: number): number {
    const known = this.#known.get(state, code);
    if (known >= 0) return known;
    const local = this.#locals.value(state);
    if (local.type === 'client' && code !== inputCode('tick')) {
      this.#missing.push({ state, code });
      return none;
    }
    this.steps += 1;
    const transition =
      local.type === 'client'
        ? this.#append({ state: aged(local.state, this.#ttl), sent: [] }, local.state)
        : this.#runNode(local, code);
    this.#known.set(state, code, transition);
    return transition;
  }

  async learn(): Promise<void> {
    const missing = this.#missing;
    this.#missing = [];
    for (const { state, code } of missing) {
      const local = this.#locals.value(state);
      if (local.type !== 'client' || this.#known.get(state, code) >= 0) continue;
      this.steps += 1;
      const step = await this.#runClient(local.state, code);
      this.#known.set(state, code, this.#append(step, local.state));
    }
  }

  /** Whether a client in this state waits for this message. If not, it never will: each is for one attempt. */
  heeds(state: number, message: number): boolean {
    const known = this.#heeded.get(state, message);
    if (known >= 0) return known === 1;
    const local = this.#locals.value(state);
    const heeds =
      local.type === 'node' ||
      (local.state.type === 'asking' &&
        heardBy(local.state, this.messages.value(message)) !== undefined);
    this.#heeded.set(state, message, heeds ? 1 : 0);
    return heeds;
  }

  next(transition: number): number {
    return this.#next.at(transition);
  }

  sent(transition: number): readonly number[] {
    return this.#sent[transition] ?? [];
  }

  /** Of the lease that is held from now on; 0: none. */
  token(transition: number): number {
    return this.#tokens.at(transition);
  }

  /** The moment of which a list speaks that a node has written down after a round of its own (see moments.ts); -1: none. */
  founded(transition: number): number {
    return this.#founded.at(transition) - 1;
  }

  #runNode(local: NodeLocal, code: number): number {
    const { owner, startFile, codes, file } = local;
    if (code === inputCode('restart')) {
      const starts = file.hasVoted ? 0 : file.starts + 1;
      return this.#appendNode(this.startNode(owner, { ...file, starts }), []);
    }
    if (code === inputCode('lose'))
      return this.#appendNode(this.startNode(owner, newFile(file.id + 1, false)), []);
    const run = this.#after(local, code);
    if (run === undefined) return this.#appendNode(none, []);
    const way = { owner, startFile, codes: [...codes, code] };
    const next = this.#internNode(run, way, this.#others);
    const { hasFounded } = run;
    const transition = this.#appendNode(next, run.take());
    if (hasFounded) this.#founded.data[transition] = momentOfFiles(run.file.bootstrapSet) + 1;
    return transition;
  }

  /** Undefined where the input cannot happen. */
  #after({ owner, startFile, codes }: NodeLocal, code: number): LeaseNodeRun | undefined {
    const run = new LeaseNodeRun(owner, startFile, this.#ttl);
    for (const before of codes) run.feed(this.#nodeInput(before));
    run.take();
    return run.feed(this.#nodeInput(code)) ? run : undefined;
  }

  /**
   * Gives each state of a node that was reached in two ways the inputs that it was given before, by the other
   * way, and compares the next state and the messages.
   *
   * @returns How many steps were compared. @throws Error where one of them differs.
   */
  audit(): number {
    // LEASE-LOCAL-1
    let compared = 0;
    for (const [state, code, transition] of this.#known.entries()) {
      if (code === inputCode('restart') || code === inputCode('lose')) continue;
      for (const second of [this.#others.get(state), this.#renamedOthers.get(state)]) {
        if (second === undefined) continue;
        compared += 1;
        if (!this.#isLike(second, code, transition))
          throw new Error(`The image of a lease node leaves something out (input ${code}).`);
      }
    }
    return compared;
  }

  #isLike(second: NodeLocal, code: number, transition: number): boolean {
    const run = this.#after(second, code);
    const next = this.next(transition);
    if (run === undefined) return next === none;
    return (
      this.#locals.numberOf(JSON.stringify(run.image())) === next &&
      sameNumbers(
        run.take().map((message) => this.message(message)),
        this.sent(transition),
      )
    );
  }

  /** Kinds of messages, and of what clients came to be. */
  get happened(): readonly string[] {
    const kinds = new Set<string>();
    for (let number = 0; number < this.messages.size; number++)
      kinds.add(this.messages.value(number).type);
    for (let number = 0; number < this.#locals.size; number++) {
      const local = this.#locals.value(number);
      if (local.type === 'client') kinds.add(local.state.type);
    }
    return [...kinds].toSorted();
  }

  #nodeInput(code: number): NodeInput {
    switch (code & 15) {
      case inputs.tick:
        return { type: 'tick' };
      case inputs.ask_others:
        return { type: 'ask_others' };
      case inputs.end_round:
        return { type: 'end_round' };
      default:
        return { type: 'deliver', message: this.messages.value(code >>> 4) };
    }
  }

  #runClient(state: ClientState, code: number): Promise<ClientStep> {
    const about = code >>> 4;
    const kind = code & 15;
    if (kind === inputs.begin && state.type === 'idle') return beginAttempt(state, this.#ttl);
    if (kind === inputs.release && state.type === 'held') return releaseHold(state, this.#ttl);
    const nothing = Promise.resolve({ state, sent: [] });
    if (state.type !== 'asking') return nothing;
    if (kind === inputs.silent) {
      if (!state.pending.includes(about)) return nothing;
      return hear(state, { type: state.asked, voter: about, answer: 'silent' }, this.#ttl);
    }
    const heard = heardBy(state, this.messages.value(about));
    return heard === undefined ? nothing : hear(state, heard, this.#ttl);
  }

  #appendNode(next: number, sent: readonly LeaseMessage[]): number {
    this.#next.push(next);
    this.#tokens.push(0);
    this.#founded.push(0);
    this.#sent.push(sent.map((message) => this.message(message)));
    return this.#next.length - 1;
  }

  #append({ state, sent }: ClientStep, before: ClientState): number {
    const transition = this.#appendNode(this.client(state), sent);
    if (state.type === 'held' && before.type !== 'held')
      this.#tokens.data[transition] = state.token;
    return transition;
  }

  message(message: LeaseMessage): number {
    const { size } = this.messages;
    const number = this.messages.intern(JSON.stringify(message), message);
    if (number === size) this.destinations.push(message.to);
    return number;
  }

  /** @param others Where it is kept when it is a second way. */
  #internNode(
    run: LeaseNodeRun,
    way: Pick<NodeLocal, 'owner' | 'startFile' | 'codes'>,
    others: Map<number, NodeLocal>,
  ): number {
    const { size } = this.#locals;
    const local: NodeLocal = { type: 'node', ...way, file: run.file };
    const number = this.#locals.intern(JSON.stringify(run.image()), local);
    if (number === size) {
      this.can.push((run.mayAsk ? 1 : 0) | (run.isAsking ? 2 : 0));
      this.newFiles.push(run.file.hasVoted ? -1 : whichOfFile(run.file.id));
      this.validFor.push(0);
      this.#noteOutline(run.outline());
    } else if (!others.has(number) && !this.#isFirstWay(number, local)) others.set(number, local); // LEASE-LOCAL-1
    return number;
  }

  #isFirstWay(number: number, { startFile, codes }: NodeLocal): boolean {
    const first = this.#locals.value(number);
    return (
      first.type === 'node' &&
      sameNumbers(first.codes, codes) &&
      JSON.stringify(first.startFile) === JSON.stringify(startFile)
    );
  }

  client(state: ClientState): number {
    const { size } = this.#locals;
    const number = this.#locals.intern(JSON.stringify(state), { type: 'client', state });
    if (number === size) {
      this.newFiles.push(-1);
      const pending = state.type === 'asking' ? state.pending : [];
      const bits = pending.reduce((all, voter) => all | (4 << voter), 0);
      this.can.push(bits | (state.type === 'idle' ? 1 : 0) | (state.type === 'held' ? 2 : 0));
      this.validFor.push(validFor(state, this.#ttl));
      this.#noteOutline(outlineOf(state));
    }
    return number;
  }

  #noteOutline(outline: unknown): void {
    this.outlines.push(this.#outlines.intern(JSON.stringify(outline), true));
  }
}
