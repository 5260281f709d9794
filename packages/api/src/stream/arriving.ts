/**
 * Frames that have come on one stream and are not begun yet, a bounded part of them in each turn of the event loop.
 *
 * ARRIVING-1: requests are begun in the order in which they came, each once, also where a part of them waits for another turn.
 * ARRIVING-2: a turn that has begun requests of this stream for `mostMs` leaves the others to the next one, however many there are, but
 *     for some that are begun together; a frame of `largeBytes` is read in the share that all large requests of the node have of a turn (TURN-SHARE-2).
 * ARRIVING-3: while something waits nothing more is read from the socket: what waits is what was read before.
 * ARRIVING-4: what waits is dropped with its stream: nobody would be answered.
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
  readonly #socket: Pick<ServerSocket, 'readyState' | 'OPEN' | 'pause' | 'resume'>;
  readonly #turns: RequestTurns;
  readonly #taker: FrameTaker;
  #frames: Frame[] = [];
  /** Of the frame that is being worked on; those before `#next` are begun. */
  #requests: readonly unknown[] = [];
  #next = 0;
  #isWaiting = false;

  constructor(
    socket: Pick<ServerSocket, 'readyState' | 'OPEN' | 'pause' | 'resume'>,
    turns: RequestTurns,
    taker: FrameTaker,
  ) {
    this.#socket = socket;
    this.#turns = turns;
    this.#taker = taker;
  }

  arrived(data: Buffer, isBinary: boolean): void {
    this.#frames.push({ data, isBinary });
    if (this.#isWaiting) return; // ARRIVING-1
    if (data.length < largeBytes) this.#goOn();
    else this.#waitFor(this.#turns.largeRequests.run(() => this.#goOn()));
  }

  /** ARRIVING-3. */
  #waitFor(begun: unknown): void {
    if (!(begun instanceof Promise)) return;
    this.#isWaiting = true;
    this.#socket.pause();
  }

  #goOn(): void {
    const wasWaiting = this.#isWaiting;
    this.#isWaiting = false;
    try {
      if (this.#work()) this.#waitFor(this.#turns.largeRequests.later(() => this.#goOn()));
    } catch (error) {
      this.#drop();
      this.#taker.broke(error);
    }
    if (wasWaiting && !this.#isWaiting) this.#socket.resume();
  }

  /** Whether something is left (ARRIVING-2). */
  #work(): boolean {
    const endMs = this.#turns.now() + mostMs;
    do {
      if (!this.#isOpen) this.#drop(); // ARRIVING-4
      if (this.#next < this.#requests.length) this.#taker.take(this.#requests[this.#next++]);
      else if (!this.#readNext()) return false;
    } while (!this.#mayStop || this.#turns.now() < endMs);
    return this.#next < this.#requests.length || this.#frames.length > 0;
  }

  get #mayStop(): boolean {
    return this.#next % requestsAtOnce === 0 || this.#next >= this.#requests.length;
  }

  /** Whether there was a frame. */
  #readNext(): boolean {
    const frame = this.#frames.shift();
    this.#next = 0;
    this.#requests = frame === undefined ? [] : this.#taker.read(frame.data, frame.isBinary);
    return frame !== undefined;
  }

  get #isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  #drop(): void {
    this.#frames = [];
    this.#requests = [];
  }
}
