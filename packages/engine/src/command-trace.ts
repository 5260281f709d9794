/**
 * The spans of one command on the leader: from its queue until its entry is committed, then until it is applied, its turn to
 * be applied included.
 */
import type { TraceParent, TraceSpan } from '@holdfast/protocol';

export class CommandTrace {
  readonly #command: string;
  #span: TraceSpan;

  /** @param command Its type. */
  constructor(parent: TraceParent, command: string) {
    this.#command = command;
    this.#span = parent.begin('holdfast.commit', { 'holdfast.command': command });
  }

  committed(): void {
    this.#span.end();
    this.#span = this.#span.begin('holdfast.apply', { 'holdfast.command': this.#command });
  }

  /** @param errorCode What the state machine refused it with, or why it was not executed here. */
  ended(errorCode?: string): void {
    this.#span.end(errorCode);
  }
}
