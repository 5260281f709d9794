/**
 * Frames that have come on one stream and are not begun yet, a bounded part of them in each turn of the event loop.
 *
 * ARRIVING-1: requests are begun in the order in which they came, each once, also where a part of them waits for another turn.
 * ARRIVING-2: what has used `mostMs` of a turn leaves the rest to one of the next ones, however much that is, but for some requests that
 *     are begun together. A frame that comes when requests, of whatever stream, have used up the turn waits (REQUEST-TURN-1).
 * ARRIVING-3: while something waits nothing more is read from the socket: what waits is what was read before.
 * ARRIVING-4: what waits is dropped where this node ends the stream. What came before a client ended it is begun, as it would have been
 *     without a wait, and only then the stream is over for the node: what it began is cancelled with it.
 * ARRIVING-5: a frame of `largeBytes` is read in the turns of large requests, and one of all streams at a time is read and not begun to
 *     its end (REQUEST-TURN-3). What is left of a smaller one waits with small requests: neither keeps the other from its turn.
 * ARRIVING-6: what waits does so as its caller's, who has others of the same caller before it, and one of each other caller
 *     (REQUEST-TURN-2): what keeps, cancels or gives back is read in time, whatever other callers send.
 */
import { largeBytes } from '../turns/request-turns.ts';
import type { RequestTurns } from '../turns/request-turns.ts';
import type { ServerSocket } from './host.ts';

const mostMs = 8;
/** Of one frame: few requests that are sent together are begun together, whatever else runs on the machine. */
const requestsAtOnce = 64;

interface Frame {
  readonly data: Buffer;
  readonly isBinary: boolean;
}

/** Who reads and begins them. */
export interface FrameTaker {
  /** Whose limits they count for (ARRIVING-6). */
  share(): string | undefined;
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
    if (this.#turns.mayBegin(data.length)) this.#goOn(data.length >= largeBytes);
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

  #goOn(mayReadLarge: boolean): void {
    try {
      this.#work(mayReadLarge);
    } catch (error) {
      this.#drop();
      this.#taker.broke(error);
    }
    this.#planNext();
  }

  /** What waits is made once for a stream, and not for each wait. */
  readonly #goOnSmall = (): void => this.#goOn(false);
  readonly #goOnLarge = (): void => this.#goOn(true);

  /** ARRIVING-5 */
  #planNext(): void {
    const [frame] = this.#frames;
    const isLeft = this.#isBegun || frame !== undefined;
    this.#wait(isLeft);
    if (!isLeft) return;
    if (this.#isBegun && this.#isLarge) this.#turns.goOn(this.#goOnSmall);
    else if (this.#isBegun || isSmall(frame))
      this.#turns.wait(this.#taker.share(), 'small', this.#goOnSmall);
    else this.#turns.wait(this.#taker.share(), 'large', this.#goOnLarge);
  }

  /** Until nothing is left, or it is another one's turn. @param mayReadLarge One large frame. */
  #work(mayReadLarge: boolean): void {
    const untilMs = this.#turns.usedMs + mostMs;
    let startedMs = this.#turns.now();
    do {
      if (this.#isBegun) this.#taker.take(this.#requests[this.#next++]);
      else if (!this.#readNext(mayReadLarge)) return;
      else mayReadLarge &&= !this.#isLarge;
      if (!this.#mayStop) continue;
      const nowMs = this.#turns.now();
      this.#turns.used(nowMs - startedMs, this.#isLarge);
      startedMs = nowMs;
    } while (!this.#mayStop || this.#turns.usedMs < untilMs); // ARRIVING-2
  }

  get #isBegun(): boolean {
    return this.#next < this.#requests.length;
  }

  get #mayStop(): boolean {
    return this.#next % requestsAtOnce === 0 || !this.#isBegun;
  }

  /** Whether there was a frame that may be read now. */
  #readNext(mayReadLarge: boolean): boolean {
    const [frame] = this.#frames;
    this.#requests = [];
    this.#next = 0;
    if (frame === undefined || (!mayReadLarge && !isSmall(frame))) return false;
    this.#frames.shift();
    this.#isLarge = !isSmall(frame);
    this.#requests = this.#taker.read(frame.data, frame.isBinary);
    return true;
  }

  #drop(): void {
    this.#frames = [];
    this.#requests = [];
  }
}

const isSmall = (frame: Frame | undefined): boolean =>
  frame !== undefined && frame.data.length < largeBytes;
