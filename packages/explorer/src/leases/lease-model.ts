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
import { newFile } from './lease-node-run.ts';
import { inputCode, LeaseSteps } from './lease-steps.ts';
import { momentOf } from './moments.ts';
import { clientCount, nodeCount, processName, tellLeaseMessage } from './messages.ts';

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
  /** Messages that arrive and stay under way: any, or what the first client asks the first node alone, which stands for each of them. */
  readonly copies: number;
  readonly copied: 'any' | 'first_acquire';
  /** Rounds of questions of each node that does not vote. */
  readonly rounds: readonly [number, number, number];
  /** Voters that had their time, for both clients together. */
  readonly silences: number;
  readonly releases: number;
}

const processes = nodeCount + clientCount;
const maxTokenPlace = processes;
const budgetPlace = processes + 1;
const roundsPlace = processes + 2;
/** Bits of moments at which nobody had voted (see moments.ts). */
const momentsPlace = processes + 3;
const firstMessage = processes + 4;
/** Far more than come together within the bounds; one more ends the search. */
const maxMessages = 24;

const order = ['ticks', 'restarts', 'losses', 'copies', 'silences', 'releases'] as const;
type Kind = (typeof order)[number];
/** Four bits for each. */
const unit = (kind: Kind): number => 1 << (4 * order.indexOf(kind));
const left = (budget: number, kind: Kind): number => (budget >>> (4 * order.indexOf(kind))) & 15;

export class LeaseModel implements TransitionSystem {
  readonly width: number = firstMessage + maxMessages;
  readonly symmetries = 1;
  readonly steps: LeaseSteps;
  readonly #configuration: LeaseConfiguration;
  readonly #start: Int32Array;
  readonly #made: Int32Array;

  constructor(configuration: LeaseConfiguration) {
    this.#configuration = configuration;
    this.steps = new LeaseSteps(configuration.ttl);
    const { haveVoted, rounds } = configuration;
    const start = new Int32Array(this.width);
    for (let node = 0; node < nodeCount; node++)
      start[node] = this.steps.startNode(node, newFile(node * 10 + 1, haveVoted));
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
    return this.#start;
  }

  judge(state: Int32Array): string | undefined {
    let believing = 0;
    for (let client = nodeCount; client < processes; client++)
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
    for (let client = nodeCount; client < processes; client++)
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
    if (this.#configuration.copied === 'any') return true;
    const { type, from, to } = this.steps.messages.value(number);
    return type === 'acquire' && from === nodeCount && to === 0;
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
    for (let process = 0; process < processes; process++) {
      const transition = this.steps.step(state[process] ?? 0, inputCode('tick'));
      made[process] = this.steps.next(transition);
    }
    made[budgetPlace] = (made[budgetPlace] ?? 0) - unit('ticks');
    emit(made, 0, 0, undefined);
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
    else if (place >= 0) remove(made, place);
    pay(made, process, code);
    for (const message of sent) {
      const to = steps.destinations.at(message);
      if (to < nodeCount || steps.heeds(made[to] ?? 0, message)) send(made, message);
    }
    if (process >= nodeCount) this.#forgetUnheeded(made, process);
    emit(made, action, 0, undefined);
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
      if (isFor && !this.steps.heeds(made[client] ?? 0, message)) remove(made, place);
      else place += 1;
    }
  }

  tell(state: Int32Array, action: number): string {
    if (action === 0) return 'time passes';
    const { steps } = this;
    const stays = (action & 1) === 1;
    const process = ((action - 16) >>> 1) & 7;
    const code = Math.floor((action - 16) / 16);
    const transition = steps.step(state[process] ?? 0, code);
    const next = steps.local(Math.max(0, steps.next(transition)));
    const effects = steps.sent(transition).map((number) => {
      const message = steps.messages.value(number);
      return `sends ${processName(message.to)}: ${tellLeaseMessage(message)}`;
    });
    if (steps.token(transition) > 0)
      effects.unshift(`holds the lease with token ${String(steps.token(transition))}`);
    else if (next.type === 'client' && next.state.type === 'idle') effects.unshift('holds nothing');
    const words = `${processName(process)} ${tellInput(steps, code)}${stays ? ' (and a copy stays under way)' : ''}`;
    return [words, ...effects].join('\n       ');
  }

  describe(state: Int32Array): readonly string[] {
    return Array.from({ length: processes }, (_, process) => {
      const local = this.steps.local(state[process] ?? 0);
      const text =
        local.type === 'client'
          ? JSON.stringify(local.state)
          : `file ${JSON.stringify(local.file)}`;
      return `     ${processName(process)}: ${text}`;
    });
  }

  rename(): void {
    // Every process keeps its name here.
  }

  named(broken: string): string {
    return broken;
  }

  get happened(): readonly string[] {
    return this.steps.happened;
  }

  audit(): number {
    return this.steps.audit();
  }

  stats(): Readonly<Record<string, number>> {
    return {
      'states of one node or client': this.steps.size,
      'steps of shipped code': this.steps.steps,
      messages: this.steps.messages.size,
    };
  }
}

function tellInput(steps: LeaseSteps, code: number): string {
  const about = code >>> 4;
  switch (code & 15) {
    case 1: {
      const message = steps.messages.value(about);
      return `hears from ${processName(message.from)}: ${tellLeaseMessage(message)}`;
    }
    case 2:
      return 'begins a round of questions';
    case 3:
      return 'ends its round: the others had their time';
    case 4:
      return 'restarts';
    case 5:
      return 'loses its file and starts with a new one';
    case 6:
      return 'asks for the lease';
    case 7:
      return `waits for ${processName(about)} no longer`;
    default:
      return 'releases its lease';
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

function remove(made: Int32Array, place: number): void {
  made.copyWithin(place, place + 1);
  made[made.length - 1] = 0;
}

/** In order of their numbers; the same message is under way once. */
function send(made: Int32Array, message: number): void {
  if (made[made.length - 1] !== 0)
    throw new Error('More messages are under way than a row has room for.');
  let place = firstMessage;
  while (made[place] !== 0 && (made[place] ?? 0) < message + 1) place += 1;
  if (made[place] === message + 1) return;
  made.copyWithin(place + 1, place, made.length - 1);
  made[place] = message + 1;
}
