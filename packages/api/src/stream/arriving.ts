/**
 * Frames that have come on one stream and are not begun yet, a bounded part of them in each turn of the event loop.
 *
 * ARRIVING-1: requests are begun in the order in which they came, each once, also where a part of them waits for another turn.
 * ARRIVING-2: a turn that has begun requests of this stream for `mostMs`, of one frame or of many, leaves the others to the next one,
 *     however many there are, but for some that are begun together.
 * ARRIVING-3: while something waits nothing more is read from the socket: what waits is what was read before.
 * ARRIVING-4: what waits is dropped where this node ends the stream. What came before a client ended it is begun, as it would have been
 *     without a wait, and only then the stream is over for the node: what it began is cancelled with it.
 * ARRIVING-5: a frame of `largeBytes` is read in the share that all large requests of the node have of a turn (TURN-SHARE-2), and one of
 *     all streams at a time is read and not begun to its end (TURN-SHARE-3): what it was parsed to takes many times its bytes. What is
 *     left of a smaller one waits behind them, so that nobody keeps large ones from being read with many small ones.
 */
import type { RequestTurns, ServerSocket } from './host.ts';

/** To read so many, check them and encode what they ask for takes a quarter of a millisecond. */
export const largeBytes: number = 16 * 1024;
const mostMs = 8;
/** Of one frame: few requests that are sent together are begun together, whatever else runs on the machine. */
const requestsAtOnce = 64;

interface Frame {
  readonly data: Buffer;
  readonly isBinary: boolean;
}

/** Who reads and begins them. */
export interface FrameTaker {
  /** Its requests; none where it is no frame of any. */
  read(data: Buffer, isBinary: boolean): readonly unknown[];
  take(request: unknown): void;
  /** One of the two has thrown. */
  broke(error: unknown): void;
}

export class ArrivingFrames {
  readonly #socket: Pick<ServerSocket, 'pause' | 'resume'>;
  readonly #turns: RequestTurns;
  readonly #taker: FrameTaker;
  #frames: Frame[] = [];
  /** Of the frame that is being worked on; those before `#next` are begun. */
  #requests: readonly unknown[] = [];
  #next = 0;
  #isLarge = false;
  /** Of the turn `#turn`: many frames may come in one. */
  #usedMs = 0;
  #turn = -1;
  #isWaiting = false;
  #isStopped = false;
  #whenBegun: (() => void)[] = [];

  constructor(
    socket: Pick<ServerSocket, 'pause' | 'resume'>,
    turns: RequestTurns,
    taker: FrameTaker,
  ) {
    this.#socket = socket;
    this.#turns = turns;
    this.#taker = taker;
  }

  /** Whether something that came is not begun yet. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  arrived(data: Buffer, isBinary: boolean): void {
    if (this.#isStopped) return;
    this.#frames.push({ data, isBinary });
    if (this.#isWaiting) return; // ARRIVING-1
    if (data.length >= largeBytes) this.#waitFor(this.#turns.largeRequests.run(() => this.#goOn()));
    else if (this.#mayBegin()) this.#goOn();
    else this.#planNext();
  }

  /** ARRIVING-4: this node ends the stream. */
  stop(): void {
    this.#isStopped = true;
    this.#drop();
    this.#wait(false); // The client's part of the end has to be read.
  }

  /** Calls back once what has come is begun, or dropped: at once where nothing waits (ARRIVING-4). */
  whenBegun(callback: () => void): void {
    if (this.#isWaiting) this.#whenBegun.push(callback);
    else callback();
  }

  #waitFor(begun: unknown): void {
    if (begun instanceof Promise) this.#wait(true);
  }

  /** ARRIVING-3. */
  #wait(isWaiting: boolean): void {
    if (isWaiting === this.#isWaiting) return;
    this.#isWaiting = isWaiting;
    if (isWaiting) this.#socket.pause();
    else {
      this.#socket.resume();
      for (const callback of this.#whenBegun.splice(0)) callback();
    }
  }

  #goOn(mayReadLarge = true): void {
    try {
      if (this.#mayBegin()) this.#work(mayReadLarge);
    } catch (error) {
      this.#drop();
      this.#taker.broke(error);
    }
    this.#planNext();
  }

  /** ARRIVING-5: what is left of a large frame goes before those that wait, everything else behind them. */
  #planNext(): void {
    const { largeRequests } = this.#turns;
    if (this.#isBegun && this.#isLarge)
      this.#waitFor(largeRequests.goOn(() => this.#inNextTurn(false)));
    else if (this.#isBegun || this.#frames.length > 0)
      this.#waitFor(largeRequests.later(() => this.#inNextTurn(true)));
    else this.#wait(false);
  }

  #inNextTurn(mayReadLarge: boolean): void {
    this.#usedMs = 0;
    this.#goOn(mayReadLarge);
  }

  /** Until nothing is left, or it is another one's turn. */
  #work(mayReadLarge: boolean): void {
    let startedMs = this.#turns.now();
    do {
      if (this.#isBegun) this.#taker.take(this.#requests[this.#next++]);
      else if (!this.#readNext(mayReadLarge)) return;
      if (!this.#mayStop) continue;
      const nowMs = this.#turns.now();
      this.#count(nowMs - startedMs);
      startedMs = nowMs;
    } while (!this.#mayStop || this.#usedMs < mostMs); // ARRIVING-2
  }

  get #isBegun(): boolean {
    return this.#next < this.#requests.length;
  }

  get #mayStop(): boolean {
    return this.#next % requestsAtOnce === 0 || !this.#isBegun;
  }

  #count(ms: number): void {
    if (ms <= 0) return;
    this.#turn = this.#turns.turn();
    this.#usedMs += ms;
  }

  /** ARRIVING-2: what was used in an earlier turn counts no longer. */
  #mayBegin(): boolean {
    if (this.#usedMs > 0 && this.#turn !== this.#turns.turn()) this.#usedMs = 0;
    return this.#usedMs < mostMs;
  }

  /** Whether there was a frame that may be read now. */
  #readNext(mayReadLarge: boolean): boolean {
    const [frame] = this.#frames;
    this.#requests = [];
    this.#next = 0;
    if (frame === undefined || (frame.data.length >= largeBytes && !mayReadLarge)) return false;
    this.#frames.shift();
    this.#isLarge = frame.data.length >= largeBytes;
    this.#requests = this.#taker.read(frame.data, frame.isBinary);
    return true;
  }

  #drop(): void {
    this.#frames = [];
    this.#requests = [];
  }
}
