/**
 * The whole: the states of the nodes, what has happened, what is left of the budget, and the messages under
 * way, as one row of integers.
 *
 * What is left out, and why nothing is missed by it:
 *
 * LEFT-1: a message that is lost is one that never arrives, and a node that is down is one that nothing happens
 *         to: neither needs an action of its own.
 * LEFT-2: an action that changes no node and sends nothing leads to a state that can do less than the one before
 *         (a message or a part of the budget is gone), so it is not taken. Where a line of several messages is full it is:
 *         the place that it leaves lets an older one stay when the next is sent.
 * LEFT-3: an answer of a term before the one on its receiver's disk is taken away: the core never heeds it
 *         any more, also after a restart. Each is given to it once, in a table: an answer that changes something after
 *         all ends the search.
 * LEFT-4: what a host does by itself with what comes out, it does at once: no other node can tell when.
 */
import type { Emit, TransitionSystem } from '../search/model.ts';
import { costOf, left, packed, unitOf } from './bounds.ts';
import type { GivenStep, RaftConfiguration } from './bounds.ts';
import { Chronicles } from './chronicle.ts';
import { newDisk } from './disk.ts';
import { votersOf } from './facts.ts';
import {
  aboutOf,
  codeOf,
  codeOfChange,
  codeOfDelivery,
  idOf,
  kindOf,
  kinds,
  nodeOf,
} from './inputs.ts';
import { LocalSteps } from './local-steps.ts';
import { RaftPromises } from './promises.ts';
import { Renamings } from './renaming.ts';
import { StateRow } from './row.ts';
import { tellAction, tellState } from './telling.ts';

export class RaftModel implements TransitionSystem {
  readonly width: number;
  readonly symmetries: number;
  readonly configuration: RaftConfiguration;
  readonly steps: LocalSteps;
  readonly chronicles: Chronicles;
  readonly renamings: Renamings;
  readonly row: StateRow;
  readonly #promises: RaftPromises;
  readonly #start: Int32Array;
  /** The successor that is being made. */
  readonly #made: Int32Array;
  /** The names to tell nodes by. */
  naming = 0;

  constructor(configuration: RaftConfiguration) {
    const { nodes, voters, interchangeable, ticksOf, without = [] } = configuration;
    this.configuration = configuration;
    this.renamings = new Renamings(nodes, interchangeable);
    this.symmetries = this.renamings.count;
    this.steps = new LocalSteps(configuration, this.renamings);
    const members = voters.map(idOf).map((id) => ({ id, address: id, role: 'voter' }) as const);
    this.chronicles = new Chronicles(this.renamings, votersOf({ members }));
    this.row = new StateRow(nodes, configuration.lineCapacity, {
      renamings: this.renamings,
      steps: this.steps,
      chronicles: this.chronicles,
    });
    this.width = this.row.width;
    this.#promises = new RaftPromises(nodes, this.steps, this.chronicles, new Set(without));
    this.#made = new Int32Array(this.width);
    this.#start = new Int32Array(this.width);
    for (let node = 0; node < nodes; node++) {
      const membership = { members: voters.includes(node) ? members : [] };
      this.#start[node] = this.steps.start(node, newDisk(membership)).state;
      const ticks = ticksOf?.[node] ?? configuration.budget.ticks;
      this.#start[this.row.ticksPlace] =
        (this.#start[this.row.ticksPlace] ?? 0) | (ticks << (3 * node));
    }
    this.#start[this.row.budgetPlace] = packed(configuration.budget);
    for (const step of configuration.behind ?? []) this.#go(step);
  }

  /** One action of the way that is given, as those of LEFT-1 and LEFT-4. @throws Error where it cannot happen. */
  #go(step: GivenStep): void {
    let next: Int32Array | undefined;
    this.expand(this.#start, (state, action, symmetry, broken) => {
      if (next !== undefined || broken !== undefined) return;
      if (!this.#isStep(step, action)) return;
      if (symmetry !== 0)
        throw new Error('A way is given by names, so no nodes are interchangeable.');
      next = state.slice();
    });
    if (next === undefined) throw new Error(`It cannot begin so: ${JSON.stringify(step)}`);
    this.#start.set(next);
  }

  #isStep(step: GivenStep, action: number): boolean {
    const code = Math.floor(action / 8);
    if (((action >>> 1) & 3) !== step.node) return false;
    if ('does' in step) return code === codeOf(step.does);
    if (kindOf(code) !== kinds.deliver || aboutOf(code) % 4 !== step.from) return false;
    return this.steps.messages.value(aboutOf(code) >>> 2).type === step.hears;
  }

  get lacks(): boolean {
    return false;
  }

  learn(): Promise<void> {
    return Promise.resolve();
  }

  start(): Int32Array {
    this.naming = 0;
    return this.#start;
  }

  judge(state: Int32Array): string | undefined {
    return this.#promises.judge(state);
  }

  expand(state: Int32Array, emit: Emit): void {
    const { nodes } = this.configuration;
    for (let node = 0; node < nodes; node++) this.#expandNode(state, node, emit);
    for (let from = 0; from < nodes; from++) {
      for (let to = 0; to < nodes; to++) if (from !== to) this.#expandLine(state, from, to, emit);
    }
  }

  tell(state: Int32Array, action: number): string {
    return tellAction(this, state, action);
  }

  describe(state: Int32Array): readonly string[] {
    return tellState(this, state);
  }

  rename(symmetry: number): void {
    const { renamings } = this;
    this.naming = renamings.composed(this.naming, renamings.inverse(symmetry));
  }

  named(broken: string): string {
    const { renamings, naming } = this;
    return broken.replaceAll(/\b[A-D]\b/g, (id) => idOf(renamings.to(naming, nodeOf(id))));
  }

  get happened(): readonly string[] {
    return this.steps.happened;
  }

  /** LOCAL-2. @throws Error */
  audit(): number {
    return this.steps.audit(1);
  }

  stats(): Readonly<Record<string, number>> {
    return {
      'states of one node': this.steps.size,
      'steps of the core': this.steps.steps,
      messages: this.steps.messages.size,
      histories: this.chronicles.size,
    };
  }

  #expandNode(state: Int32Array, node: number, emit: Emit): void {
    const { facts } = this.steps;
    const { configuration, row } = this;
    const local = state[node] ?? 0;
    const budget = state[row.budgetPlace] ?? 0;
    if (left(budget, 'ticks') > 0 && row.ticksLeft(state, node) > 0)
      this.#take(state, node, codeOf('tick'), emit);
    if (facts.canPersist.at(local) === 1) this.#take(state, node, codeOf('persist'), emit);
    if (left(budget, 'crashes') > 0) this.#take(state, node, codeOf('crash'), emit);
    if (facts.isVerifying.at(local) === 1) {
      this.#take(state, node, codeOf('verified', 1), emit);
      if (left(budget, 'damages') > 0) this.#take(state, node, codeOf('verified', 0), emit);
    }
    if (left(budget, 'snapshots') > 0 && facts.canSnapshot.at(local) === 1)
      this.#take(state, node, codeOf('snapshot'), emit);
    if (facts.leads.at(local) === 0) return;
    const proposals = left(budget, 'proposals');
    if (proposals > 0) this.#take(state, node, codeOf('propose', proposals), emit);
    const reads = left(budget, 'reads');
    if (reads > 0) this.#take(state, node, codeOf('read', reads), emit);
    if (left(budget, 'stepDowns') > 0) this.#take(state, node, codeOf('step_down'), emit);
    for (let other = 0; other < configuration.nodes; other++) {
      if (left(budget, 'transfers') > 0 && other !== node)
        this.#take(state, node, codeOf('transfer', other), emit);
      if (left(budget, 'changes') === 0) continue;
      for (const type of configuration.changeTypes)
        this.#take(state, node, codeOfChange(type, other), emit);
    }
  }

  #expandLine(state: Int32Array, from: number, to: number, emit: Emit): void {
    const { row } = this;
    const first = row.line(from, to);
    const mayStay = left(state[row.budgetPlace] ?? 0, 'duplicates') > 0;
    for (let place = first; place < first + row.capacity; place++) {
      const message = (state[place] ?? 0) - 1;
      if (message < 0) return;
      const code = codeOfDelivery(message, from);
      this.#take(state, to, code, emit, place);
      if (mayStay) this.#take(state, to, code, emit, place, true);
    }
  }

  /** @param place Of the message that arrives. @param stays It is under way still. */
  #take(
    state: Int32Array,
    node: number,
    code: number,
    emit: Emit,
    place = -1,
    stays = false,
  ): void {
    const { steps, row } = this;
    const made = this.#made;
    const transition = steps.step(state[node] ?? 0, code);
    const action = code * 8 + node * 2 + (stays ? 1 : 0);
    const broken = steps.broken(transition);
    if (broken !== undefined) {
      emit(state, action, 0, `the core stops: ${broken}`);
      return;
    }
    const next = steps.next(transition);
    const sent = steps.sentCount(transition);
    const told = steps.told(transition);
    if (next < 0) return;
    const before = state[row.chroniclePlace] ?? 0;
    const chronicle =
      told === 0 ? before : this.chronicles.after(before, node, told, steps.happenings.value(told));
    if (chronicle < 0) {
      emit(state, action, 0, this.chronicles.whatBroke(chronicle));
      return;
    }
    const changesNothing = next === state[node] && sent === 0 && chronicle === before;
    if (changesNothing && (stays || !row.isFullOfSeveral(state, place))) return; // LEFT-2
    made.set(state);
    made[node] = next;
    made[row.chroniclePlace] = chronicle;
    if (stays) made[row.budgetPlace] = (made[row.budgetPlace] ?? 0) - unitOf('duplicates');
    else if (place >= 0) row.remove(made, place);
    this.#pay(made, node, code);
    for (let at = 0; at < sent; at++)
      row.send(made, node, steps.sentTo(transition, at), steps.sentMessage(transition, at));
    row.forgetOld(made, node); // LEFT-3
    const symmetry = row.canonicalize(made);
    emit(row.canonical, action, symmetry, undefined);
  }

  #pay(made: Int32Array, node: number, code: number): void {
    const { row } = this;
    const kind = kindOf(code);
    let cost = costOf(kind);
    if (kind === kinds.verified && aboutOf(code) === 0) cost = unitOf('damages');
    made[row.budgetPlace] = (made[row.budgetPlace] ?? 0) - cost;
    if (kind === kinds.tick) made[row.ticksPlace] = (made[row.ticksPlace] ?? 0) - (1 << (3 * node));
  }
}
