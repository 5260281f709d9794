/**
 * Follows the events of the state machine and knows what they may tell (WITNESS-6 of `witness.ts`): a second
 * opinion on exclusion, tokens and order, written without the state machine's own code.
 */
import type { Event, Mode } from '@holdfast/state';

interface Waiter {
  readonly sessionId: string;
  readonly requestId: string;
  /** How many that came later were given something before it. */
  passed: number;
}

/** Resources that are asked for with priorities, and how often somebody may be passed there. */
const urgentPrefix = 'urgent';
const mostPasses = 32;

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

  /** Of the one semaphore of a run, by token. */
  readonly #permits = new Map<number, number>();
  readonly #permitLimit: number;

  constructor(permitLimit: number, report: (message: string) => void) {
    this.#permitLimit = permitLimit;
    this.#report = report;
  }

  get count(): number {
    return this.#count;
  }

  onEvents(events: readonly Event[]): void {
    for (const event of events) {
      if (event.type === 'granted') this.#onGranted(event);
      else if (event.type === 'hold_ended') this.#onEnded(event);
      else if (event.type === 'hold_downgraded') {
        const { sessionId, fenceToken } = event;
        this.#resource(event.name).holds.set(sessionId, { mode: 'shared', fenceToken });
      } else if (event.type === 'waiting') this.#onWaiting(event);
      else if (event.type === 'wait_ended')
        this.#leave(keyOf(event), event.sessionId, String(event.requestId));
      else if (event.type === 'permits_granted') this.#onPermits(event);
      else if (event.type === 'permits_ended') this.#onPermitsEnded(event);
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
    const key = keyOf(event);
    const { holds, queue } = this.#resource(key);
    const told = `"${key}" was given to ${sessionId} (${mode}, token ${String(fenceToken)})`;
    if (fenceToken <= this.#lastToken)
      this.#report(`${told} after token ${String(this.#lastToken)} had been given.`);
    this.#lastToken = Math.max(this.#lastToken, fenceToken);
    for (const [other, hold] of holds) {
      if (other === sessionId || (mode === 'shared' && hold.mode === 'shared')) continue;
      this.#report(`${told} while ${other} held it (${hold.mode}, ${String(hold.fenceToken)}).`);
    }
    // A holder that takes more passes those who hold nothing.
    if (!holds.has(sessionId)) this.#pass(queue, name, sessionId, requestId, told);
    holds.set(sessionId, { mode, fenceToken });
    this.#leave(key, sessionId, requestId);
  }

  /** Whoever came earlier has been passed. */
  #pass(
    queue: readonly Waiter[],
    name: string,
    sessionId: string,
    requestId: string,
    told: string,
  ): void {
    const most = name.startsWith(urgentPrefix) ? mostPasses : 0;
    for (const ahead of queue) {
      if (ahead.sessionId === sessionId && ahead.requestId === requestId) return;
      ahead.passed += 1;
      if (ahead.passed > most)
        this.#report(`${told} while ${ahead.sessionId} was ahead in the queue.`);
    }
  }

  #onEnded(event: Extract<Event, { readonly type: 'hold_ended' }>): void {
    const { name, sessionId, fenceToken } = event;
    const { holds } = this.#resource(keyOf(event));
    if (!holds.has(sessionId))
      this.#report(
        `The hold of "${name}" by ${sessionId} (token ${String(fenceToken)}) ended, but there was none.`,
      );
    holds.delete(sessionId);
  }

  #onWaiting(event: Extract<Event, { readonly type: 'waiting' }>): void {
    const { sessionId, requestId } = event;
    const { holds, queue } = this.#resource(keyOf(event));
    const waiter = { sessionId, requestId: String(requestId), passed: 0 };
    if (holds.has(sessionId)) {
      const behindRaises = queue.findIndex((other) => !holds.has(other.sessionId));
      queue.splice(behindRaises < 0 ? queue.length : behindRaises, 0, waiter);
    } else queue.push(waiter);
  }

  #onPermits(event: Extract<Event, { readonly type: 'permits_granted' }>): void {
    const { name, sessionId, fenceToken, permits } = event;
    const requestId = String(event.requestId);
    this.#count += 1;
    const told = `${String(permits)} permits of "${name}" were given to ${sessionId} (token ${String(fenceToken)})`;
    if (fenceToken <= this.#lastToken)
      this.#report(`${told} after token ${String(this.#lastToken)} had been given.`);
    this.#lastToken = Math.max(this.#lastToken, fenceToken);
    this.#permits.set(fenceToken, permits);
    const out = [...this.#permits.values()].reduce((sum, count) => sum + count, 0);
    if (out > this.#permitLimit) this.#report(`${told}, which makes ${String(out)} in all.`);
    const key = keyOf({ kind: 'semaphore', name });
    this.#pass(this.#resource(key).queue, name, sessionId, requestId, told);
    this.#leave(key, sessionId, requestId);
  }

  #onPermitsEnded({ name, fenceToken }: Extract<Event, { readonly type: 'permits_ended' }>): void {
    if (!this.#permits.delete(fenceToken))
      this.#report(
        `Permits of "${name}" (token ${String(fenceToken)}) ended, but there were none.`,
      );
  }

  #leave(name: string, sessionId: string, requestId: string): void {
    const { queue } = this.#resource(name);
    const position = queue.findIndex(
      (waiter) => waiter.sessionId === sessionId && waiter.requestId === requestId,
    );
    if (position >= 0) queue.splice(position, 1);
  }
}

/** Each kind is a name space of its own. */
const keyOf = ({ kind, name }: { readonly kind?: string; readonly name: string }): string =>
  kind === undefined || kind === 'lock' ? name : `${kind} ${name}`;
