/**
 * A command of which each owner does its part: what the next one is asked, and what all of it came to.
 *
 * SPREAD-2: what is asked for by ids is asked of each owner by all of them, until all are found: nothing of it is left for another time.
 * SPREAD-1: all owners together give one pop no more bytes than one of them would: that is what the node keeps room for.
 */
import { maxTakenBytes } from '@holdfast/state';
import type { CommandResult, Delivery, QueueCommand } from '@holdfast/state';

export class Spread {
  readonly #command: QueueCommand;
  readonly #deliveries: Delivery[] = [];
  #moved = 0;
  #takenBytes = 0;
  #more = false;
  #through = 0;
  #wasFound = false;
  #hasMissed = false;

  constructor(command: QueueCommand) {
    this.#command = command;
  }

  /** Whether one of the owners has done its part. */
  get wasAnswered(): boolean {
    return this.#wasFound;
  }

  get hasTaken(): boolean {
    return this.#deliveries.length > 0;
  }

  get hasMissed(): boolean {
    return this.#hasMissed;
  }

  /** What the next owner may take at most (SPREAD-1). */
  get mostTaken(): number {
    return maxTakenBytes - this.#takenBytes;
  }

  /** For the next owner; undefined: there is no more to ask for. */
  next(): QueueCommand | undefined {
    const command = this.#command;
    if (!('count' in command)) return command;
    const left = command.count - this.#deliveries.length - this.#moved;
    // Each owner looks for its own among all ids (SPREAD-2).
    if ('ids' in command && command.ids !== undefined) return left <= 0 ? undefined : command;
    if (left <= 0 || this.mostTaken <= 0) {
      this.#more = true;
      return undefined;
    }
    const rest = { ...command, count: left };
    // The same messages of all owners, not also those that have come since.
    return rest.type === 'queue_purge' && this.#wasFound
      ? { ...rest, through: this.#through }
      : rest;
  }

  /** An owner has changed meanwhile: its part is not done, and is to be asked for again. */
  miss(): void {
    this.#more = true;
    this.#hasMissed = true;
  }

  /** @returns False where it is a refusal, which is that of all. */
  take(result: CommandResult): boolean {
    if (!result.ok) return this.#wasFound;
    this.#wasFound = true;
    if (result.type === 'queue_taken')
      for (const one of result.deliveries) {
        this.#deliveries.push(one);
        this.#takenBytes += Buffer.byteLength(one.payload);
      }
    if (result.type === 'queue_moved') {
      this.#moved += result.count;
      this.#more ||= result.more;
      // The first to answer knows the number of the latest message, which is one for all partitions.
      this.#through ||= result.through;
    }
    return true;
  }

  result(): CommandResult {
    if (this.#command.type === 'queue_pop')
      return { ok: true, type: 'queue_taken', deliveries: this.#deliveries };
    return {
      ok: true,
      type: 'queue_moved',
      count: this.#moved,
      more: this.#more,
      through: this.#through === 0 ? throughOf(this.#command) : this.#through,
    };
  }
}

/** Where no owner has told it: who asks again with it must not come to an end by that (RSTORE-5 of store.ts). */
const throughOf = (command: QueueCommand): number =>
  command.type === 'queue_purge' ? command.through : Number.MAX_SAFE_INTEGER;
