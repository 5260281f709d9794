/**
 * Follows the events of the state machine and knows what they may tell (C6 of `witness.ts`): a second
 * opinion on exclusion, tokens and order, written without the state machine's own code.
 */
import type { Event, Mode } from '@holdfast/state';

interface Waiter {
  readonly sessionId: string;
  readonly requestId: string;
}

interface Resource {
  /** By session. */
  readonly holds: Map<string, { readonly mode: Mode; readonly fenceToken: number }>;
  readonly queue: Waiter[];
}

export class Grants {
  readonly #report: (message: string) => void;
  readonly #resources = new Map<string, Resource>();
  #lastToken = 0;
  #count = 0;

  constructor(report: (message: string) => void) {
    this.#report = report;
  }

  get count(): number {
    return this.#count;
  }

  onEvents(events: readonly Event[]): void {
    for (const event of events) {
      if (event.type === 'granted') this.#onGranted(event);
      else if (event.type === 'hold_ended') this.#onEnded(event);
      else if (event.type === 'hold_lowered') {
        const { sessionId, fenceToken } = event;
        this.#resource(event.name).holds.set(sessionId, { mode: 'shared', fenceToken });
      } else if (event.type === 'waiting') this.#onWaiting(event);
      else if (event.type === 'wait_ended')
        this.#leave(event.name, event.sessionId, String(event.requestId));
    }
  }

  #resource(name: string): Resource {
    let resource = this.#resources.get(name);
    if (resource === undefined)
      this.#resources.set(name, (resource = { holds: new Map(), queue: [] }));
    return resource;
  }

  #onGranted(event: Extract<Event, { readonly type: 'granted' }>): void {
    const { name, sessionId, fenceToken, mode } = event;
    const requestId = String(event.requestId);
    this.#count += 1;
    const { holds, queue } = this.#resource(name);
    const told = `"${name}" was given to ${sessionId} (${mode}, token ${String(fenceToken)})`;
    if (fenceToken <= this.#lastToken)
      this.#report(`${told} after token ${String(this.#lastToken)} had been given.`);
    this.#lastToken = Math.max(this.#lastToken, fenceToken);
    for (const [other, hold] of holds) {
      if (other === sessionId || (mode === 'shared' && hold.mode === 'shared')) continue;
      this.#report(`${told} while ${other} held it (${hold.mode}, ${String(hold.fenceToken)}).`);
    }
    // A holder that takes more passes those who hold nothing.
    const ahead = queue[0];
    if (
      ahead !== undefined &&
      !holds.has(sessionId) &&
      (ahead.sessionId !== sessionId || ahead.requestId !== requestId)
    )
      this.#report(`${told} while ${ahead.sessionId} was ahead in the queue.`);
    holds.set(sessionId, { mode, fenceToken });
    this.#leave(name, sessionId, requestId);
  }

  #onEnded({ name, sessionId, fenceToken }: Extract<Event, { readonly type: 'hold_ended' }>): void {
    const { holds } = this.#resource(name);
    if (!holds.has(sessionId))
      this.#report(
        `The hold of "${name}" by ${sessionId} (token ${String(fenceToken)}) ended, but there was none.`,
      );
    holds.delete(sessionId);
  }

  #onWaiting({ name, sessionId, requestId }: Extract<Event, { readonly type: 'waiting' }>): void {
    const { holds, queue } = this.#resource(name);
    const waiter = { sessionId, requestId: String(requestId) };
    if (holds.has(sessionId)) {
      const behindRaises = queue.findIndex((other) => !holds.has(other.sessionId));
      queue.splice(behindRaises < 0 ? queue.length : behindRaises, 0, waiter);
    } else queue.push(waiter);
  }

  #leave(name: string, sessionId: string, requestId: string): void {
    const { queue } = this.#resource(name);
    const position = queue.findIndex(
      (waiter) => waiter.sessionId === sessionId && waiter.requestId === requestId,
    );
    if (position >= 0) queue.splice(position, 1);
  }
}
