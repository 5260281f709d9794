/**
 * Answers over HTTP that nobody reads.
 *
 * UNREAD-1: a connection whose answer has bytes to send, none of which has left for about `longestMs`, is destroyed, and its place is
 *     given back. An answer that has nothing to send yet may last, and so may a slow reader: what it takes shows when the operating
 *     system takes more of the node, in steps of about a third of its buffer for the connection, so that some 10 kB a second suffice.
 * UNREAD-2: what its client sends meanwhile does not count as progress, nor does what the node adds to the answer.
 * UNREAD-3: time in which this process did not run does not count: looks are counted.
 * UNREAD-4: what is kept of a connection ends with it. An answer that waits behind another one on a connection that ends is never
 *     closed by Node, and does not tell that it is over.
 */
import type { Socket } from 'node:net';

/** Longer than a reader of a backup may pause. */
const defaultLongestMs = 120_000;
const looks = 6;

interface Watched {
  /** Answers under way on it. */
  answers: number;
  /** As of the last look; undefined: nothing was to be sent. */
  sent: string | undefined;
  /** Looks since which nothing has left. */
  idleLooks: number;
  readonly end: () => void;
}

export class UnreadAnswers {
  readonly #onUnread: (socket: Socket) => void;
  readonly #everyMs: number;
  readonly #watched = new Map<Socket, Watched>();
  #timer: NodeJS.Timeout | undefined;

  /** @param onUnread Told before the connection is destroyed. */
  constructor(onUnread: (socket: Socket) => void, longestMs: number = defaultLongestMs) {
    this.#onUnread = onUnread;
    this.#everyMs = longestMs / looks;
  }

  /** An answer is under way on this connection (above TLS, where there is TLS), until what is returned is called. */
  watch(socket: Socket): () => void {
    const watched = this.#watched.get(socket) ?? this.#begin(socket);
    watched.answers += 1;
    return () => {
      watched.answers -= 1;
      if (watched.answers === 0) this.#end(socket, watched);
    };
  }

  /** How many connections are watched. */
  get size(): number {
    return this.#watched.size;
  }

  #begin(socket: Socket): Watched {
    const end = (): void => this.#end(socket, watched); // UNREAD-4
    const watched: Watched = { answers: 0, sent: undefined, idleLooks: 0, end };
    if (socket.destroyed) return watched;
    this.#watched.set(socket, watched);
    socket.once('close', end);
    this.#timer ??= setInterval(() => this.#look(), this.#everyMs).unref();
    return watched;
  }

  #end(socket: Socket, watched: Watched): void {
    if (this.#watched.get(socket) !== watched) return;
    this.#watched.delete(socket);
    socket.off('close', watched.end);
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    for (const [socket, watched] of this.#watched) {
      const sent = sentOf(socket);
      watched.idleLooks = sent !== undefined && sent === watched.sent ? watched.idleLooks + 1 : 0;
      watched.sent = sent;
      if (watched.idleLooks < looks) continue; // UNREAD-3
      this.#onUnread(socket);
      socket.destroy(); // UNREAD-1
    }
  }
}

/** What has left of a connection that has bytes to send: changes with each byte that leaves, and with nothing else (UNREAD-2). */
function sentOf(socket: Socket): string | undefined {
  const { writableLength, bytesWritten } = socket;
  if (writableLength === 0) return undefined;
  // Bytes of the writes that are done; and of the one that is under way, what the operating system has not taken yet.
  return `${String(bytesWritten - writableLength)} ${String(unsentOfWrite(socket))}`;
}

/** Node tells it nowhere else; it goes by this number itself for the time-outs of its sockets. */
function unsentOfWrite(socket: Socket): unknown {
  const handle: unknown = Reflect.get(socket, '_handle');
  return typeof handle === 'object' && handle !== null
    ? Reflect.get(handle, 'writeQueueSize')
    : undefined;
}
