/**
 * What requests may use of a turn of the event loop, by whatever interface they come, and which of those that wait for another turn
 * is begun next. To read a request, to check it and to encode what it asks for is not interrupted: meanwhile no tick of the node is
 * on time, and nothing of another client is read.
 *
 * REQUEST-TURN-1: the requests of all interfaces together are begun until a turn has used `mostMs` for them; what comes then waits.
 *     Where nothing has used up the turn, a small request is begun as it comes, whatever waits; a large one where no other large one
 *     waits, and the turn has used less than `waitingMs`.
 * REQUEST-TURN-2: each turn begins some of what waits, one of each caller in turn (CALLER-RING-1): what keeps or gives back and probes for
 *     `waitingMs` and at least one, other small ones likewise, then large ones likewise. Where small ones still wait, that has to be made up for by as much time for small ones before
 *     another large one is begun. So small ones wait for at most as many turns as callers wait, however much each has sent, and while
 *     both wait each has half of the time.
 * REQUEST-TURN-3: of large things one at a time is begun and not done, before any other large one is begun: what it was parsed to takes
 *     many times its bytes.
 * REQUEST-TURN-4: what waits of connections that are read on is bounded (WAITING-BYTES-1). Beyond that a request is refused with
 *     `overloaded`, and not executed. What keeps or gives back (RATE-2), and a probe, has room of its own above that, which no other request
 *     takes: a node whose liveness probe is refused would be ended and started anew.
 * REQUEST-TURN-6: what keeps or gives back, and a probe, of HTTP and of gRPC, waits for nothing else, of its own caller either: a service whose programs share one key sends
 *     thousands of requests at once, and behind these its sessions would end (HTTP-TURN-2 is for one connection alone).
 * REQUEST-TURN-5: what a request throws that has waited is told, and holds up no other one.
 */
import type { Clock } from '@holdfast/engine/parts';
import { RequestError } from '../request-error.ts';
import { CallerRing } from './caller-ring.ts';
import { WaitingBytes } from './waiting-bytes.ts';

/** To read so many, check them and encode what they ask for takes a quarter of a millisecond. */
export const largeBytes: number = 16 * 1024;
/** Far below what makes a tick late. */
const mostMs = 16;
/** About as long again takes it to answer them. */
const waitingMs = 4;
/** As much as the engine has of commands that wait. */
const mostWaitingBytes = 64 * 1024 * 1024;
/** A thousand requests of one caller alone. */
const mostBytesOfHolders = 16 * 1024 * 1024;
/** Of a request beside its body: a few headers, and what keeps it. */
const bytesOfRequest = 8 * 1024;

/** Among what a request waits (REQUEST-TURN-2, REQUEST-TURN-6). */
export type WaitsAmong = 'holders' | 'small' | 'large';

const noRoom: RequestError = new RequestError(
  'overloaded',
  'Too many requests wait for their turn on this node. The request was not executed. Retry later, or use another node.',
);

/** What is to be begun, on an interface that goes on reading while it waits. */
export interface TurnRequest {
  /** Whose limits it counts for. */
  readonly share: string | undefined;
  readonly byteLength: number;
  /** What its head takes in memory, where it may be large. Called only where it has to wait, as `isForHolders` is. */
  headBytes?(): number;
  /** Whether it keeps or gives back what is held, or is a probe. */
  isForHolders(): boolean;
  /** Called once. */
  begin(): void;
}

/** Of a request that waits (REQUEST-TURN-4). */
export interface TurnRoom {
  /** Called once, when it is begun. */
  giveBack(): void;
}

export class RequestTurns {
  readonly #clock: Pick<Clock, 'now' | 'endOfTurn'>;
  readonly #onDefect: (error: unknown) => void;
  readonly #ofHolders = new CallerRing<() => void>();
  readonly #small = new CallerRing<() => void>();
  readonly #large = new CallerRing<() => void>();
  readonly #rings = { holders: this.#ofHolders, small: this.#small, large: this.#large } as const;
  /** The rest of a large one (REQUEST-TURN-3). */
  #begun: (() => void) | undefined;
  readonly #waitingBytes = new WaitingBytes(mostWaitingBytes);
  readonly #bytesOfHolders = new WaitingBytes(mostBytesOfHolders);
  #usedMs = 0;
  /** So much more time large ones have had than small ones, since one of these waits (REQUEST-TURN-2). */
  #aheadMs = 0;
  #isPlanned = false;

  /** @param onDefect Told of what a request threw that had waited. */
  constructor(
    clock: Pick<Clock, 'now' | 'endOfTurn'>,
    onDefect: (error: unknown) => void = () => undefined,
  ) {
    this.#clock = clock;
    this.#onDefect = onDefect;
  }

  /** By requests, in this turn. */
  get usedMs(): number {
    return this.#usedMs;
  }

  /** Of requests that wait. */
  get waitingBytes(): number {
    return this.#waitingBytes.all + this.#bytesOfHolders.all;
  }

  /** Monotonic, in ms. */
  now(): number {
    return this.#clock.now();
  }

  /** Whether something of so many bytes is begun as it comes. */
  mayBegin(byteLength: number): boolean {
    if (byteLength < largeBytes) return this.#usedMs < mostMs; // REQUEST-TURN-1
    return this.#usedMs < waitingMs && this.#begun === undefined && this.#large.isEmpty; // REQUEST-TURN-3
  }

  /** That requests have taken so long in this turn. */
  used(ms: number, isLarge: boolean): void {
    if (ms <= 0) return;
    this.#usedMs += ms;
    this.#aheadMs = Math.max(0, this.#aheadMs + (isLarge ? ms : -ms));
    this.#plan();
  }

  /** In one of the next turns (REQUEST-TURN-2). What is large begins at most one large thing, and what is small none. */
  wait(share: string | undefined, among: WaitsAmong, begin: () => void): void {
    this.#rings[among].push(share ?? '', begin);
    this.#plan();
  }

  /** The rest of the large one that is being begun (REQUEST-TURN-3). */
  goOn(rest: () => void): void {
    this.#begun = rest;
    this.#plan();
  }

  /** At once or in its turn. @returns Why it is refused: then it is never begun. */
  begin(request: TurnRequest): RequestError | undefined {
    if (this.mayBegin(request.byteLength)) {
      this.timed(request);
      return undefined;
    }
    const room = this.takeRoom(request);
    if (room instanceof RequestError) return room;
    this.wait(request.share, waitsAmong(request), () => {
      room.giveBack();
      this.timed(request);
    });
    return undefined;
  }

  /** For a request that is to wait. @returns Why it is refused, where there is none (REQUEST-TURN-4). */
  takeRoom(request: Omit<TurnRequest, 'begin'>): TurnRoom | RequestError {
    const { share = '', byteLength } = request;
    const bytes = byteLength + bytesOfRequest + (request.headBytes?.() ?? 0);
    const ofAll = roomIn(this.#waitingBytes, share, bytes);
    if (ofAll !== undefined || !request.isForHolders()) return ofAll ?? noRoom;
    return roomIn(this.#bytesOfHolders, share, bytes) ?? noRoom;
  }

  /** Begins it, and counts what that takes. */
  timed(request: Pick<TurnRequest, 'byteLength' | 'begin'>): void {
    const startedMs = this.#clock.now();
    try {
      request.begin();
    } finally {
      this.used(this.#clock.now() - startedMs, request.byteLength >= largeBytes);
    }
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#clock.endOfTurn(this.#endTurn);
  }

  /** One for all turns: this is the hot path. */
  readonly #endTurn = (): void => {
    this.#usedMs = 0;
    const aheadMs = this.#aheadMs;
    this.#beginSome(this.#nextOfHolders); // REQUEST-TURN-6
    this.#aheadMs = aheadMs; // Their time is not that of other small ones.
    this.#beginSome(this.#nextSmall);
    if (this.#small.isEmpty) this.#aheadMs = 0;
    if (this.#aheadMs === 0) this.#beginSome(this.#nextLarge); // REQUEST-TURN-2
    this.#isPlanned = false;
    // Also where nobody waits: what this turn has used counts until the next one.
    if (this.#usedMs > 0 || !this.#isIdle) this.#plan();
  };

  /** REQUEST-TURN-2 */
  #beginSome(takeNext: () => (() => void) | undefined): void {
    const untilMs = this.#usedMs + waitingMs;
    do {
      const next = takeNext();
      if (next === undefined) return;
      try {
        next();
      } catch (error) {
        this.#onDefect(error); // REQUEST-TURN-5
      }
    } while (this.#usedMs < untilMs);
  }

  get #isIdle(): boolean {
    const { holders, small, large } = this.#rings;
    return this.#begun === undefined && large.isEmpty && small.isEmpty && holders.isEmpty;
  }

  readonly #nextOfHolders = (): (() => void) | undefined => this.#ofHolders.shift();

  readonly #nextSmall = (): (() => void) | undefined => this.#small.shift();

  readonly #nextLarge = (): (() => void) | undefined => {
    const begun = this.#begun;
    if (begun === undefined) return this.#large.shift();
    this.#begun = undefined;
    return begun; // REQUEST-TURN-3
  };
}

/** One that has to wait. */
export const waitsAmong = (
  request: Pick<TurnRequest, 'byteLength' | 'isForHolders'>,
): WaitsAmong => {
  if (request.byteLength >= largeBytes) return 'large';
  return request.isForHolders() ? 'holders' : 'small';
};

function roomIn(all: WaitingBytes, share: string, bytes: number): TurnRoom | undefined {
  return all.take(share, bytes) ? { giveBack: () => all.giveBack(share, bytes) } : undefined;
}
