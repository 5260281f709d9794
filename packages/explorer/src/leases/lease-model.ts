/**
 * Three lease nodes and two clients that want the same lock: their states, the largest token that was ever held, what is
 * left of the budget, and the messages under way, as one row of integers.
 *
 * Checked: two clients never believe in a lease at one instant; each lease that is held has a larger token than all that
 * were held before; a bootstrap set is written down only where there was a moment at which none of their files had voted.
 *
 * Time passes for all at once. A message arrives at any time, or never; a copy of it later still where the budget has
 * one. That a voter had its time is told to a client at any moment. An action that changes no process and sends nothing
 * is not taken, for it leads to a state that can do less.
 */
import type { Emit, TransitionSystem } from '../search/model.ts';
import { inputCode } from './inputs.ts';
import { newFile } from './lease-node-run.ts';
import {
  addMessage,
  budgetPlace,
  firstMessage,
  LeaseRows,
  maxTokenPlace,
  momentsPlace,
  removeMessage,
  roundsPlace,
  rowWidth,
} from './lease-row.ts';
import { LeaseSteps } from './lease-steps.ts';
import { fileId, momentOf } from './moments.ts';
import { clientCount, nodeCount, processCount, processName } from './messages.ts';
import { LeaseRenamings } from './renaming.ts';
import { LeaseSymmetry } from './symmetry.ts';
import { LeaseTelling } from './telling.ts';

export interface LeaseConfiguration {
  readonly purpose: string;
  /** They have voted before; otherwise their files are new. */
  readonly haveVoted: boolean;
  /** Units of time for which a lease is granted. */
  readonly ttl: number;
  /** Of each client. */
  readonly attempts: readonly [number, number];
  readonly ticks: number;
  readonly restarts: number;
  readonly losses: number;
  /** Messages that arrive and stay under way. */
  readonly copies: number;
  readonly copied: 'any' | 'acquire';
  /** Rounds of questions of each node that does not vote. */
  readonly rounds: readonly [number, number, number];
  /** Voters that had their time, for both clients together. */
  readonly silences: number;
  readonly releases: number;
}

const order = ['ticks', 'restarts', 'losses', 'copies', 'silences', 'releases'] as const;
type Kind = (typeof order)[number];
/** Four bits for each. */
const unit = (kind: Kind): number => 1 << (4 * order.indexOf(kind));
const left = (budget: number, kind: Kind): number => (budget >>> (4 * order.indexOf(kind))) & 15;

/** Blocks of processes whose bounds are equal: nodes by their rounds of questions, clients by their attempts. */
export function alikeIn({ rounds, attempts }: LeaseConfiguration): readonly (readonly number[])[] {
  const bounds = [...rounds.map((count) => `node ${count}`), ...attempts.map(String)];
  const blocks = Map.groupBy(bounds.keys(), (process) => bounds[process]);
  return [...blocks.values()];
}

export class LeaseModel implements TransitionSystem {
  readonly width: number = rowWidth;
  readonly symmetries: number;
  readonly steps: LeaseSteps;
  readonly symmetry: LeaseSymmetry;
  readonly rows: LeaseRows;
  readonly #telling: LeaseTelling;
  readonly #configuration: LeaseConfiguration;
  readonly #start: Int32Array;
  readonly #made: Int32Array;

  /** @param alike Blocks of processes that may take each other's place; none: each state is one of its own. */
  constructor(
    configuration: LeaseConfiguration,
    alike: readonly (readonly number[])[] = alikeIn(configuration),
  ) {
    this.#configuration = configuration;
    const renamings = new LeaseRenamings(alike);
    this.symmetries = renamings.count;
    this.steps = new LeaseSteps(configuration.ttl);
    this.symmetry = new LeaseSymmetry(this.steps, renamings);
    this.rows = new LeaseRows(renamings, this.steps, this.symmetry);
    this.#telling = new LeaseTelling(renamings, this.steps, this.symmetry);
    const { haveVoted, rounds } = configuration;
    const start = new Int32Array(this.width);
    for (let node = 0; node < nodeCount; node++)
      start[node] = this.steps.startNode(node, newFile(fileId(node, 0), haveVoted));
    for (let client = 0; client < clientCount; client++)
      start[nodeCount + client] = this.steps.startClient(client);
    start[budgetPlace] = order.reduce((sum, kind) => sum + configuration[kind] * unit(kind), 0);
    start[roundsPlace] = rounds.reduce((sum, count, node) => sum | (count << (4 * node)), 0);
    this.#start = start;
    this.#noteMoment(start);
    this.#made = new Int32Array(this.width);
  }

  get lacks(): boolean {
    return this.steps.lacks;
  }

  learn(): Promise<void> {
    return this.steps.learn();
  }

  start(): Int32Array {
    this.#telling.begin();
    return this.#start;
  }

  judge(state: Int32Array): string | undefined {
    let believing = 0;
    for (let client = nodeCount; client < processCount; client++)
      if (this.steps.validFor.at(state[client] ?? 0) > 0) believing += 1;
    return believing > 1 ? 'mutual exclusion: both clients believe in a lease' : undefined;
  }

  expand(state: Int32Array, emit: Emit): void {
    const budget = state[budgetPlace] ?? 0;
    if (left(budget, 'ticks') > 0) this.#passTime(state, emit);
    for (let node = 0; node < nodeCount; node++) {
      const can = this.steps.can.at(state[node] ?? 0);
      const rounds = ((state[roundsPlace] ?? 0) >>> (4 * node)) & 15;
      if ((can & 1) !== 0 && rounds > 0) this.#take(state, node, inputCode('ask_others'), emit);
      if ((can & 2) !== 0) this.#take(state, node, inputCode('end_round'), emit);
      if (left(budget, 'restarts') > 0) this.#take(state, node, inputCode('restart'), emit);
      if (left(budget, 'losses') > 0) this.#take(state, node, inputCode('lose'), emit);
    }
    for (let client = nodeCount; client < processCount; client++)
      this.#expandClient(state, client, budget, emit);
    for (let place = firstMessage; place < this.width; place++) {
      const message = (state[place] ?? 0) - 1;
      if (message < 0) break;
      const to = this.steps.destinations.at(message);
      this.#take(state, to, inputCode('deliver', message), emit, place);
      if (left(budget, 'copies') > 0 && this.#mayBeCopied(message))
        this.#take(state, to, inputCode('deliver', message), emit, place, true);
    }
  }

  #mayBeCopied(number: number): boolean {
    const { copied } = this.#configuration;
    return copied === 'any' || this.steps.messages.value(number).type === copied;
  }

  #expandClient(state: Int32Array, client: number, budget: number, emit: Emit): void {
    const local = this.steps.local(state[client] ?? 0);
    if (local.type !== 'client') return;
    const can = this.steps.can.at(state[client] ?? 0);
    const most = this.#configuration.attempts[client - nodeCount] ?? 0;
    if ((can & 1) !== 0 && local.state.attempts < most)
      this.#take(state, client, inputCode('begin'), emit);
    if ((can & 2) !== 0 && left(budget, 'releases') > 0)
      this.#take(state, client, inputCode('release'), emit);
    if (left(budget, 'silences') === 0) return;
    for (let voter = 0; voter < nodeCount; voter++)
      if ((can & (4 << voter)) !== 0) this.#take(state, client, inputCode('silent', voter), emit);
  }

  /** For all at once. */
  #passTime(state: Int32Array, emit: Emit): void {
    const made = this.#made;
    made.set(state);
    for (let process = 0; process < processCount; process++) {
      const transition = this.steps.step(state[process] ?? 0, inputCode('tick'));
      made[process] = this.steps.next(transition);
    }
    made[budgetPlace] = (made[budgetPlace] ?? 0) - unit('ticks');
    const symmetry = this.rows.canonicalize(made);
    emit(this.rows.canonical, 0, symmetry, undefined);
  }

  #take(
    state: Int32Array,
    process: number,
    code: number,
    emit: Emit,
    place = -1,
    stays = false,
  ): void {
    const { steps } = this;
    const transition = steps.step(state[process] ?? 0, code);
    if (transition < 0) return; // It is learned first, then this state is expanded again.
    const action = (code * 8 + process) * 2 + (stays ? 1 : 0) + 16;
    const next = steps.next(transition);
    const sent = steps.sent(transition);
    if (next < 0 || (next === state[process] && sent.length === 0)) return;
    const token = steps.token(transition);
    const largest = state[maxTokenPlace] ?? 0;
    if (token > 0 && token <= largest) {
      emit(
        state,
        action,
        0,
        `tokens: ${processName(process)} holds a lease with token ${token}, and ${largest} was held before`,
      );
      return;
    }
    const founded = steps.founded(transition);
    if (founded >= 0 && ((state[momentsPlace] ?? 0) & (1 << founded)) === 0) {
      const what = 'writes down a bootstrap set whose files were never all new at one moment';
      emit(state, action, 0, `founding: ${processName(process)} ${what}`);
      return;
    }
    const made = this.#made;
    made.set(state);
    made[process] = next;
    if (process < nodeCount) this.#noteMoment(made);
    if (token > 0) made[maxTokenPlace] = token;
    if (stays) made[budgetPlace] = (made[budgetPlace] ?? 0) - unit('copies');
    else if (place >= 0) removeMessage(made, place);
    pay(made, process, code);
    for (const message of sent) {
      const to = steps.destinations.at(message);
      if (to < nodeCount || steps.heeds(made[to] ?? 0, message)) addMessage(made, message);
    }
    if (process >= nodeCount) this.#forgetUnheeded(made, process);
    const symmetry = this.rows.canonicalize(made);
    emit(this.rows.canonical, action, symmetry, undefined);
  }

  #noteMoment(made: Int32Array): void {
    const moment = momentOf((node) => this.steps.newFiles.at(made[node] ?? 0));
    if (moment >= 0) made[momentsPlace] = (made[momentsPlace] ?? 0) | (1 << moment);
  }

  /** Answers that a client does not wait for any more can do nothing. */
  #forgetUnheeded(made: Int32Array, client: number): void {
    for (let place = firstMessage; place < this.width;) {
      const message = (made[place] ?? 0) - 1;
      if (message < 0) return;
      const isFor = this.steps.destinations.at(message) === client;
      if (isFor && !this.steps.heeds(made[client] ?? 0, message)) removeMessage(made, place);
      else place += 1;
    }
  }

  tell(state: Int32Array, action: number): string {
    return this.#telling.action(state, action);
  }

  describe(state: Int32Array): readonly string[] {
    return this.#telling.state(state);
  }

  rename(symmetry: number): void {
    this.#telling.rename(symmetry);
  }

  named(broken: string): string {
    return this.#telling.named(broken);
  }

  get happened(): readonly string[] {
    return this.steps.happened;
  }

  /** LEASE-LOCAL-1, LEASE-SYMMETRY-2. @throws Error */
  async audit(): Promise<number> {
    const compared = this.steps.audit();
    return compared + (await this.symmetry.audit());
  }

  stats(): Readonly<Record<string, number>> {
    return {
      'states of one node or client': this.steps.size,
      'steps of shipped code': this.steps.steps,
      messages: this.steps.messages.size,
    };
  }
}

const costs: ReadonlyMap<number, number> = new Map([
  [4, unit('restarts')],
  [5, unit('losses')],
  [7, unit('silences')],
  [8, unit('releases')],
]);

function pay(made: Int32Array, process: number, code: number): void {
  made[budgetPlace] = (made[budgetPlace] ?? 0) - (costs.get(code & 15) ?? 0);
  if ((code & 15) === 2) made[roundsPlace] = (made[roundsPlace] ?? 0) - (1 << (4 * process));
}
