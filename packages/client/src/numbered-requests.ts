/**
 * The numbers of a session's requests, by which the cluster does each of them once.
 *
 * NUMBERED-1: a number counts as unanswered until nobody can want to know any more what became of it: the answer of a
 *      request that was cancelled is needed until the cancellation itself is answered. Below the oldest of them,
 *      and nowhere else, the cluster may forget.
 * NUMBERED-2: the cluster remembers the latest 1024 answers of a session. At most `maxInFlight` requests are under
 *      way, and none begins that is `maxAhead` or more above one whose outcome is being settled: what is still
 *      needed is among those that it remembers.
 * NUMBERED-3: of both bounds a share is left to what gives back: however much a session waits for, it can release what it holds.
 * NUMBERED-4: so many wait for their turn, at most; the next one is refused with `overloaded`. What gives back is not counted: there is
 *      no more of it than the session holds.
 */
import { HoldfastError } from '@holdfast/protocol';
import type { ClientClock } from './clock.ts';
import { Links } from './links.ts';

const maxInFlight = 512;
const maxAhead = 512;
/** Of both, for what gives back (NUMBERED-3). */
const forGivingBack = 64;

/** That wait for their turn (NUMBERED-4). */
const maxWaiting = 10_000;

/** A request that has its number, until it is closed. */
export interface NumberedRequest {
  readonly id: number;
  /** All numbers below have been answered for good (NUMBERED-1). */
  readonly ackedBelow: number;
  /** The caller was told that it failed, and what became of it is being settled: see NUMBERED-2. */
  keep(): void;
  /** Nobody wants to know any more what became of it. Repeating it does nothing. */
  close(): void;
}

/** How long a request waits for its turn, and what cancels it. */
export interface TurnSettings {
  readonly timeoutMs: number;
  /** It gives back: NUMBERED-3. */
  readonly givesBack?: boolean;
  readonly signal?: AbortSignal | undefined;
}

interface RequestEvents {
  readonly onKept: (id: number) => void;
  readonly onClosed: (id: number) => void;
}

/** An unanswered request, between those that have their numbers before and after it. */
class OpenRequest implements NumberedRequest {
  readonly id: number;
  before: OpenRequest | undefined;
  after: OpenRequest | undefined;
  readonly #open: Links<OpenRequest>;
  readonly #onKept: (id: number) => void;
  readonly #onClosed: (id: number) => void;
  #isOpen = true;

  constructor(id: number, open: Links<OpenRequest>, { onKept, onClosed }: RequestEvents) {
    this.id = id;
    this.#open = open;
    this.#onKept = onKept;
    this.#onClosed = onClosed;
    open.add(this);
  }

  get ackedBelow(): number {
    return Math.min(this.#open.first?.id ?? this.id, this.id);
  }

  keep(): void {
    if (this.#isOpen) this.#onKept(this.id);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#open.remove(this);
    this.#onClosed(this.id);
  }
}

export class NumberedRequests {
  readonly #clock: ClientClock;
  /** In the order of their numbers. */
  readonly #unanswered = new Links<OpenRequest>();
  /** Those of them that were kept. */
  readonly #kept = new Set<number>();
  readonly #queue = new Set<() => void>();
  readonly #queueToGiveBack = new Set<() => void>();
  readonly #events: RequestEvents = {
    onKept: (id) => this.#kept.add(id),
    onClosed: (id) => {
      this.#kept.delete(id);
      this.#wake();
    },
  };
  #next = 1;

  constructor(clock: ClientClock) {
    this.#clock = clock;
  }

  /** Nothing is under way. */
  get isQuiet(): boolean {
    return this.#unanswered.size === 0;
  }

  /**
   * Gives a request its number, when it is its turn: at once where there is room.
   *
   * @param assertActive Throws when the session is over, also while the request waited for its turn.
   * @throws HoldfastError `deadline_exceeded`, `cancelled`, `overloaded`: nothing was sent.
   */
  open(assertActive: () => void, turn: TurnSettings): NumberedRequest | Promise<NumberedRequest> {
    if (!this.#hasRoomFor(turn.givesBack)) return this.#openLater(assertActive, turn);
    assertActive();
    return this.#begin();
  }

  async #openLater(assertActive: () => void, turn: TurnSettings): Promise<NumberedRequest> {
    await this.#whenRoom(assertActive, turn);
    assertActive();
    return this.#begin();
  }

  #begin(): NumberedRequest {
    return new OpenRequest(this.#next++, this.#unanswered, this.#events);
  }

  /** The session is over: nobody waits for a turn any more. */
  wakeAll(): void {
    for (const queue of [this.#queueToGiveBack, this.#queue]) {
      for (const wake of queue) wake();
      queue.clear();
    }
  }

  /** NUMBERED-2, NUMBERED-3. */
  #hasRoomFor(givesBack = false): boolean {
    const leave = givesBack ? 0 : forGivingBack;
    if (this.#unanswered.size >= maxInFlight - leave) return false;
    for (const id of this.#kept) if (this.#next - id >= maxAhead - leave) return false;
    return true;
  }

  #wake(): void {
    const givesBack = this.#queueToGiveBack.size > 0;
    const queue = givesBack ? this.#queueToGiveBack : this.#queue;
    const [wake] = queue;
    if (wake === undefined || !this.#hasRoomFor(givesBack)) return;
    queue.delete(wake);
    wake();
  }

  async #whenRoom(
    assertActive: () => void,
    { timeoutMs, signal, givesBack = false }: TurnSettings,
  ): Promise<void> {
    const deadlineMs = this.#clock.now() + timeoutMs;
    const queue = givesBack ? this.#queueToGiveBack : this.#queue;
    if (!givesBack && queue.size >= maxWaiting) throw tooManyWait(); // NUMBERED-4
    while (!this.#hasRoomFor(givesBack)) {
      assertActive();
      if (signal?.aborted === true)
        throw new HoldfastError(
          'cancelled',
          'The caller cancelled the call.',
          {},
          { effect: 'none' },
        );
      const leftMs = deadlineMs - this.#clock.now();
      if (leftMs <= 0) throw tooMany();
      await this.#woken(queue, leftMs, signal);
    }
    this.#wake(); // There may be room for the next one too.
  }

  #woken(
    queue: Set<() => void>,
    longestMs: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        signal?.removeEventListener('abort', wake);
        queue.delete(wake);
        resolve();
      };
      const cancel = this.#clock.after(longestMs, wake);
      signal?.addEventListener('abort', wake, { once: true });
      queue.add(wake);
    });
  }
}

const tooMany = (): HoldfastError =>
  new HoldfastError(
    'deadline_exceeded',
    `The session has ${String(maxInFlight - forGivingBack)} requests in flight or with unknown outcome, which is its limit; this one was not sent.`,
    {},
    { effect: 'none' },
  );

const tooManyWait = (): HoldfastError =>
  new HoldfastError(
    'overloaded',
    `The session has ${String(maxWaiting)} requests that wait for their turn, which is its limit; this one was not sent. Wait for answers first.`,
  );
