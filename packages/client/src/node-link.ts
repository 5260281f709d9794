/** One socket to one node, and what shows whether somebody is there. */
import type { ClusterPush, Endpoint } from '@holdfast/protocol';
import type { SocketEvents, StreamSocket } from '#socket';
import { causeOf } from './causes.ts';

const mostTimesLate = 3;
/** A node that spoke in time so often in a row is less slow than it was. */
const inTimeForgets = 20;

export interface NodeLinkEvents {
  readonly onText: (link: NodeLink, text: string) => void;
  /** By the other side, or because it could not be made. */
  readonly onClosed: (link: NodeLink, cause: string | undefined) => void;
}

export interface NodeLinkSettings {
  readonly endpoint: Endpoint;
  readonly overHttp: boolean;
  readonly open: (events: SocketEvents) => StreamSocket;
}

export class NodeLink {
  readonly endpoint: Endpoint;
  readonly overHttp: boolean;
  #socket: StreamSocket | undefined;
  #isOpen = false;
  #isOver = false;
  /** Sweeps since it was begun. */
  sweeps = 0;
  /** Sweeps since it was asked something, while nothing has been heard. */
  silentSweeps = 0;
  /** Sweeps since something was heard, while nothing has been asked. */
  #quietSweeps = 0;
  #isAsked = false;
  /** It was pinged since something was heard. */
  #isPinged = false;
  /** Sweeps since its node said that it knows no leader. */
  leaderlessSweeps = 0;
  /** How often it spoke up after it had been taken for silent: it may take longer. */
  #timesLate = 0;
  #inTime = 0;
  /** What its node said last of the cluster. */
  told: ClusterPush | undefined;

  constructor({ endpoint, overHttp, open }: NodeLinkSettings, events: NodeLinkEvents) {
    this.endpoint = endpoint;
    this.overHttp = overHttp;
    const unlessOver = (then: () => void): void => {
      if (!this.#isOver) then();
    };
    const closed = (cause?: string): void =>
      unlessOver(() => {
        this.#isOver = true;
        this.#isOpen = false;
        events.onClosed(this, cause);
      });
    try {
      this.#socket = open({
        onOpen: () =>
          unlessOver(() => {
            this.#isOpen = true;
            this.silentSweeps = 0;
          }),
        onMessage: (text) => unlessOver(() => events.onText(this, text)),
        onClose: closed,
      });
    } catch (error) {
      // Some platforms refuse an address by throwing: a page that may not ask it, a blocked port.
      queueMicrotask(() => closed(causeOf(error)));
    }
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Its node has said which cluster it is of (REACH-8 of reach.ts). */
  get isReady(): boolean {
    return this.#isOpen && this.told !== undefined;
  }

  get knowsNoLeader(): boolean {
    return this.told !== undefined && this.told.leader === null;
  }

  /** What was sent and has not left the machine. */
  get unsentBytes(): number {
    return this.#socket?.unsentBytes ?? 0;
  }

  /** Time has passed while something was unanswered. */
  sweep(): void {
    this.sweeps += 1;
    if (this.#isAsked) this.silentSweeps += 1;
    else this.#quietSweeps += 1;
    this.leaderlessSweeps = this.knowsNoLeader ? this.leaderlessSweeps + 1 : 0;
  }

  /**
   * How many sweeps it may be silent.
   *
   * @param fewest For a node that has always answered in time.
   */
  allowedSweeps(fewest: number, most: number): number {
    return Math.min(most, fewest * 2 ** this.#timesLate);
  }

  /** It said something. */
  heard(allowedSweeps: number): void {
    if (this.silentSweeps > allowedSweeps) {
      this.#timesLate = Math.min(mostTimesLate, this.#timesLate + 1);
      this.#inTime = 0;
    } else if (this.#timesLate > 0 && ++this.#inTime >= inTimeForgets) {
      this.#timesLate -= 1;
      this.#inTime = 0;
    }
    this.#beginAnew();
  }

  /** Everything is answered: what follows is counted anew. */
  rest(): void {
    this.#beginAnew();
    this.leaderlessSweeps = 0;
  }

  #beginAnew(): void {
    this.silentSweeps = 0;
    this.#quietSweeps = 0;
    this.#isAsked = false;
    this.#isPinged = false;
  }

  /**
   * Whether it is to be pinged, which it answers at once: once for each silence.
   *
   * @param ofSilence After so many sweeps without an answer.
   * @param ofQuiet After so many sweeps in which nothing was asked, and nothing came.
   */
  isTimeToPing(ofSilence: number, ofQuiet: number): boolean {
    const isTime = this.#isAsked ? this.silentSweeps >= ofSilence : this.#quietSweeps >= ofQuiet;
    if (!isTime || this.#isPinged) return false;
    this.#isPinged = true;
    return true;
  }

  /** @param message Of requests. */
  send(message: string): void {
    this.#isAsked = true;
    this.#socket?.send(message);
  }

  /** Nothing is heard of it any more. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#isOpen = false;
    this.#socket?.close();
  }
}
