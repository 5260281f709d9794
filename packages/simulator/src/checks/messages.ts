/**
 * What must hold of queues, by what was applied (each entry seen once, as the first node applies it) and by what
 * clients were told and believe.
 *
 * MESSAGES-1: messages of a key are delivered in the order of their push, one at a time.
 * MESSAGES-2: a message is not delivered again while its visibility stands, nor while it waits for its retry, nor after its
 *      acknowledgement.
 * MESSAGES-3: fence tokens of deliveries rise.
 * MESSAGES-4: a push that was answered is applied, and no message is lost: what was pushed and not acknowledged is there.
 * MESSAGES-5: of two who were delivered the same message, or messages of the same key, at most one believes to hold it.
 * MESSAGES-6: what a consumer is given, and what each member has of a message, is the payload that was pushed.
 */
import type { QueueDelivery } from '@holdfast/client';
import type { AssembledEngine, Batch } from '@holdfast/engine/parts';
import { nodeIdentity, restoreStateMachine } from '@holdfast/state';
import type { Command, CommandResult, ResourceName, StateMachine } from '@holdfast/state';
import type { Machine } from '../world/machine.ts';

/** The queue of every run that has one. */
export const mail = 'mail';
const idsAtOnce = 100;
const mostEmptyPops = 1000;
/** Longer than any message is in flight or delayed. */
const allAreDueMs = 10 ** 9;

/** Of a node. */
type Stored = Pick<AssembledEngine['replica'], 'state' | 'payloads'>;

interface Message {
  readonly id: number;
  readonly key: string;
  /** In the time of the cluster: not delivered before. */
  notBeforeMs: number;
  isInFlight: boolean;
  isDead: boolean;
}

interface Belief {
  readonly machine: Machine;
  readonly process: number;
  readonly delivery: QueueDelivery;
}

export class Messages {
  readonly #report: (message: string) => void;
  readonly #live = new Map<number, Message>();
  /** Payloads as JSON. */
  readonly #pushed = new Map<number, string>();
  #beliefs: Belief[] = [];
  #lastToken = 0;

  constructor(report: (message: string) => void) {
    this.#report = report;
  }

  // ---- what clients see -------------------------------------------------------------------------

  /** MESSAGES-4. */
  toldPushed(id: number): void {
    if (!this.#pushed.has(id))
      this.#report(`A push was answered with message ${String(id)}, which no node has applied.`);
  }

  /** MESSAGES-5. */
  believes(machine: Machine, delivery: QueueDelivery): void {
    this.#beliefs = this.#beliefs.filter(isBelieved);
    this.#beliefs.push({ machine, process: machine.process, delivery });
    this.compare();
  }

  /** MESSAGES-6. */
  given({ id, payload }: QueueDelivery): void {
    if (JSON.stringify(payload) !== this.#pushed.get(id))
      this.#report(`Message ${String(id)} was delivered with ${JSON.stringify(payload)}.`);
  }

  /** MESSAGES-6. */
  async compareStored(nodeId: string, { state, payloads }: Stored): Promise<void> {
    for (const stored of state.queues.stored()) {
      const [text] = await payloads.given([stored]);
      if (text !== this.#pushed.get(stored.id))
        this.#report(`${nodeId} has "${String(text)}" of message ${String(stored.id)}.`);
    }
  }

  /** One that is paused looks at its clock before it does anything. */
  compare(): void {
    const running = this.#beliefs.filter(
      (belief) => isBelieved(belief) && belief.machine.state === 'running',
    );
    for (const [index, { machine, delivery }] of running.entries())
      for (const other of running.slice(index + 1))
        if (other.delivery.key === delivery.key)
          this.#report(
            `${machine.name} and ${other.machine.name} both believe to hold messages of "${delivery.key}": ${String(delivery.id)} and ${String(other.delivery.id)}.`,
          );
  }

  // ---- what is applied --------------------------------------------------------------------------

  onApplied({ time, commands }: Batch, results: readonly CommandResult[]): void {
    for (const [index, { command }] of commands.entries()) {
      const result = results[index];
      if (result?.ok === true) this.#onResult(time, command, result);
    }
  }

  #onResult(time: number, command: Command, result: CommandResult & { readonly ok: true }): void {
    if (result.type === 'queue_pushed' && command.type === 'queue_push')
      for (const [index, { id, duplicate }] of result.messages.entries()) {
        if (duplicate) continue;
        const { key = '', payload = null } = command.messages[index] ?? {};
        this.#pushed.set(id, JSON.stringify(payload));
        this.#live.set(id, { id, key, notBeforeMs: 0, isInFlight: false, isDead: false });
      }
    else if (result.type === 'queue_taken' && command.type === 'queue_pop')
      for (const delivery of result.deliveries) {
        this.#delivered(time, delivery.id, delivery.fenceToken);
        const message = this.#live.get(delivery.id);
        if (message === undefined) continue;
        if (command.visibilityMs === undefined) this.#live.delete(delivery.id);
        else this.#holdUntil(message, time + command.visibilityMs, true);
      }
    else if (result.type === 'queue_acknowledged') {
      if (!this.#live.delete(result.id))
        this.#report(`Message ${String(result.id)} was acknowledged twice.`);
    } else if (result.type === 'queue_extended' && command.type === 'queue_extend') {
      const message = this.#live.get(result.id);
      if (message !== undefined) this.#holdUntil(message, time + command.visibilityMs, true);
    } else if (result.type === 'queue_returned') {
      const message = this.#live.get(result.id);
      if (message === undefined) return;
      message.isDead = result.dead;
      this.#holdUntil(message, time + result.retryInMs, false);
    }
  }

  #holdUntil(message: Message, untilMs: number, isInFlight: boolean): void {
    message.notBeforeMs = untilMs;
    message.isInFlight = isInFlight;
  }

  #delivered(time: number, id: number, fenceToken: number): void {
    const message = this.#live.get(id);
    const what = `Message ${String(id)} was delivered`;
    if (fenceToken <= this.#lastToken)
      this.#report(`${what} with token ${String(fenceToken)} after ${String(this.#lastToken)}.`); // MESSAGES-3
    this.#lastToken = Math.max(fenceToken, this.#lastToken);
    if (message === undefined) {
      this.#report(`${what}, which was acknowledged or never pushed.`); // MESSAGES-2
      return;
    }
    if (message.notBeforeMs > time || message.isDead)
      this.#report(
        `${what} at ${String(time)}, and may not be before ${String(message.notBeforeMs)}.`,
      ); // MESSAGES-2
    for (const other of this.#live.values()) {
      if (other.key !== message.key || other === message || other.isDead) continue;
      if (other.id < id) this.#report(`${what} before ${String(other.id)} of its key.`); // MESSAGES-1
      if (other.isInFlight && other.notBeforeMs > time)
        this.#report(`${what} while ${String(other.id)} of its key was in flight.`); // MESSAGES-1
    }
  }

  /** MESSAGES-4. Once all members agree. */
  compareState(state: StateMachine): void {
    const there = idsIn(state);
    const lost = [...this.#live.keys()].filter((id) => !there.has(id));
    const left = [...there].filter((id) => !this.#live.has(id));
    if (lost.length > 0)
      this.#report(`Not there, but pushed and not acknowledged: ${lost.join(', ')}.`);
    if (left.length > 0)
      this.#report(`There, but acknowledged or never pushed: ${left.join(', ')}.`);
  }
}

/** Of all messages, those in flight and dead letters included: a copy of the state gives them out when all are due. */
function idsIn(state: StateMachine): ReadonlySet<number> {
  const name = mail as ResourceName;
  const copy = restoreStateMachine(state.snapshot());
  const time = copy.time + allAreDueMs;
  const ids = new Set<number>();
  // An entry works off a part of what is due, so one that takes nothing does not show that there is nothing.
  let emptyPops = 0;
  while ((copy.queues.show(name)?.counts.depth ?? 0) > 0 && emptyPops < mostEmptyPops) {
    const command = { type: 'queue_pop', name, count: idsAtOnce } as const;
    const commands = [{ identity: nodeIdentity, command }];
    const [result] = copy.apply({ index: copy.index + 1, time, commands }).results;
    const taken = result?.ok === true && result.type === 'queue_taken' ? result.deliveries : [];
    for (const { id } of taken) ids.add(id);
    if (taken.length === 0) emptyPops += 1;
  }
  for (let after: number | undefined = 0; after !== undefined;) {
    const page: ReturnType<StateMachine['queues']['deadIds']> = copy.queues.deadIds(
      name,
      after,
      idsAtOnce,
    );
    for (const { id } of page?.letters ?? []) ids.add(id);
    after = page?.more === true ? page.letters.at(-1)?.id : undefined;
  }
  return ids;
}

const isBelieved = ({ machine, process, delivery }: Belief): boolean =>
  machine.isOn && process === machine.process && delivery.isHeld();
