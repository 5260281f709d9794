/** A command of which each owner does its part: what the next one is asked, and what all of it came to. */
import type { CommandResult, Delivery, QueueCommand } from '@holdfast/state';

export class Spread {
  readonly #command: QueueCommand;
  readonly #deliveries: Delivery[] = [];
  #moved = 0;
  #more = false;
  #through = 0;
  #wasFound = false;

  constructor(command: QueueCommand) {
    this.#command = command;
  }

  /** Whether one of the owners has done its part. */
  get wasAnswered(): boolean {
    return this.#wasFound;
  }

  /** For the next owner; undefined: there is no more to ask for. */
  next(): QueueCommand | undefined {
    const command = this.#command;
    if (!('count' in command)) return command;
    const left = command.count - this.#deliveries.length - this.#moved;
    if (left > 0) return { ...command, count: left };
    this.#more = true;
    return undefined;
  }

  /** @returns False where it is a refusal, which is that of all. */
  take(result: CommandResult): boolean {
    if (!result.ok) return this.#wasFound;
    this.#wasFound = true;
    if (result.type === 'queue_taken')
      for (const one of result.deliveries) this.#deliveries.push(one);
    if (result.type === 'queue_moved') {
      this.#moved += result.count;
      this.#more ||= result.more;
      this.#through = Math.max(this.#through, result.through);
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
      through: this.#through,
    };
  }
}
