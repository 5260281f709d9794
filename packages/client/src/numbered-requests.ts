/**
 * The numbers of a session's requests, by which the cluster does each of them once.
 *
 * NR1: a number counts as unanswered until nobody can want to know any more what became of it: the answer of a
 *      request that was given up is needed until the giving up itself is answered. Below the oldest of them,
 *      and nowhere else, the cluster may forget.
 * NR2: the cluster remembers the latest 1024 answers of a session. At most `maxInFlight` requests are under
 *      way, and none begins that is `maxAhead` or more above one whose outcome is being settled: what is still
 *      needed is among those that it remembers.
 */
import { HoldfastError } from '@holdfast/protocol';
import type { ClientClock } from './clock.ts';

const maxInFlight = 512;
const maxAhead = 512;

/** A request that has its number, until it is closed. */
export interface NumberedRequest {
  readonly id: number;
  /** All numbers below have been answered for good (NR1). */
  readonly answeredBelow: number;
  /** The caller was told that it failed, and what became of it is being settled: see NR2. */
  keep(): void;
  /** Nobody wants to know any more what became of it. Repeating it does nothing. */
  close(): void;
}

/** How long a request waits for its turn, and what gives it up. */
export interface TurnSettings {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export class NumberedRequests {
  readonly #clock: ClientClock;
  readonly #unanswered = new Set<number>();
  /** Those of them that were kept. */
  readonly #kept = new Set<number>();
  readonly #queue = new Set<() => void>();
  #next = 1;

  constructor(clock: ClientClock) {
    this.#clock = clock;
  }

  /** Nothing is under way. */
  get isQuiet(): boolean {
    return this.#unanswered.size === 0;
  }

  /**
   * Gives a request its number, when it is its turn.
   *
   * @param assertActive Throws when the session is over, also while the request waited for its turn.
   * @throws HoldfastError `deadline_exceeded`, `aborted`: nothing was sent.
   */
  async open(assertActive: () => void, turn: TurnSettings): Promise<NumberedRequest> {
    if (!this.#hasRoom) await this.#whenRoom(assertActive, turn);
    assertActive();
    const id = this.#next++;
    this.#unanswered.add(id);
    const unanswered = this.#unanswered;
    return {
      id,
      get answeredBelow() {
        let oldest = id;
        for (const one of unanswered) {
          oldest = Math.min(one, id);
          break; // They are in their order.
        }
        return oldest;
      },
      keep: () => {
        if (unanswered.has(id)) this.#kept.add(id);
      },
      close: () => {
        if (!unanswered.delete(id)) return;
        this.#kept.delete(id);
        this.#wake();
      },
    };
  }

  /** The session is over: nobody waits for a turn any more. */
  wakeAll(): void {
    for (const wake of this.#queue) wake();
    this.#queue.clear();
  }

  /** NR2. */
  get #hasRoom(): boolean {
    if (this.#unanswered.size >= maxInFlight) return false;
    for (const id of this.#kept) if (this.#next - id >= maxAhead) return false;
    return true;
  }

  #wake(): void {
    for (const wake of this.#queue) {
      if (!this.#hasRoom) return;
      this.#queue.delete(wake);
      wake();
      return;
    }
  }

  async #whenRoom(assertActive: () => void, { timeoutMs, signal }: TurnSettings): Promise<void> {
    const deadlineMs = this.#clock.now() + timeoutMs;
    while (!this.#hasRoom) {
      assertActive();
      if (signal?.aborted === true)
        throw new HoldfastError('aborted', 'The caller gave up.', {}, { effect: 'none' });
      const leftMs = deadlineMs - this.#clock.now();
      if (leftMs <= 0) throw tooMany();
      await this.#woken(leftMs, signal);
    }
    this.#wake(); // There may be room for the next one too.
  }

  #woken(longestMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        signal?.removeEventListener('abort', wake);
        this.#queue.delete(wake);
        resolve();
      };
      const cancel = this.#clock.after(longestMs, wake);
      signal?.addEventListener('abort', wake, { once: true });
      this.#queue.add(wake);
    });
  }
}

const tooMany = (): HoldfastError =>
  new HoldfastError(
    'deadline_exceeded',
    `The session has ${String(maxInFlight)} requests under way, or some whose outcome is not known yet; this one was never sent.`,
    {},
    { effect: 'none' },
  );
