/**
 * A connection that somebody made to this node. Until its hello is accepted it is a stranger, of whom
 * little is taken (HELLO-2); from then on it is the one that a peer keeps to this node.
 */
import type { Socket } from 'node:net';
import { formatHostPort } from '@holdfast/protocol';
import type { MemberId } from '@holdfast/raft';
import { DiskError } from '@holdfast/storage';
import { maxHelloBytes } from '../bounds.ts';
import type { Clock } from '../clock.ts';
import type { EngineLog } from '../types.ts';
import { encodeJsonFrame, FrameError, FrameReader, frameKinds } from './frames.ts';
import type { Frame } from './frames.ts';
import { encodeRefusal, refusalText } from './hello.ts';
import type { Introduced, Introductions } from './hello.ts';
import type { InItsPlace, LiveRuns, OtherRun, RunConnection } from './live-runs.ts';
import type { OncePerPeer } from './once.ts';
import { maxBufferedBytes } from './outgoing.ts';
import type { PeerSockets } from './peer-sockets.ts';
import { inItsPlace, OtherRunError, readRunRefusal } from './run-refusal.ts';

/** A refused one has this long to read why. */
const lingerMs = 1000;

export interface IncomingOptions {
  readonly socket: Socket;
  readonly sockets: PeerSockets;
  readonly introductions: Introductions;
  readonly runs: LiveRuns;
  readonly clock: Clock;
  readonly log: EngineLog;
  readonly once: OncePerPeer;
  /** It has so long to show who it is. */
  readonly timeoutMs: number;
  /** Whether a peer may send frames of any length; else they are as short as a hello. */
  readonly maySendAll: (peer: MemberId) => boolean;
  readonly onOpen: (incoming: Incoming, met: Introduced) => void;
  /** What comes next is not read before that resolves. */
  readonly onFrames: (
    peer: MemberId,
    frames: readonly Frame[],
    on: Incoming,
  ) => Promise<void> | undefined;
  readonly onOtherRun: (error: OtherRunError) => void;
  readonly onDiskError: (error: DiskError) => void;
  /** `peer` is undefined for one that never showed who it is. */
  readonly onClosed: (incoming: Incoming, peer: MemberId | undefined) => void;
}

export class Incoming implements RunConnection {
  readonly #options: IncomingOptions;
  readonly #reader = new FrameReader(maxHelloBytes);
  #peer: MemberId | undefined;
  /** Where the peer says that it listens. */
  #said = '';

  constructor(options: IncomingOptions) {
    this.#options = options;
    const { socket, clock } = options;
    const cancelTimeout = clock.after(options.timeoutMs, () => {
      if (this.#peer === undefined) socket.destroy();
    });
    socket.on('error', () => {
      // 'close' follows and acts.
    });
    socket.on('close', () => {
      cancelTimeout();
      options.onClosed(this, this.#peer);
    });
    socket.on('data', (chunk) => {
      if (socket.writableEnded) return; // Refused: what else it says does not count.
      try {
        this.#receive(chunk);
      } catch (error) {
        this.#drop(error);
      }
    });
  }

  /** What comes meanwhile is not read. */
  #afterDisk(durable: Promise<void> | undefined, act: () => void): void {
    if (durable === undefined) {
      act();
      return;
    }
    const { onDiskError, socket } = this.#options;
    socket.pause();
    durable.then(act).catch((error: unknown) => {
      if (error instanceof DiskError) onDiskError(error);
      else if (this.isOpen) this.#drop(error);
    });
  }

  /** Bounded as every connection is (TRANSPORT-1 of `outgoing.ts`). */
  write(encode: () => Buffer): void {
    const { socket } = this.#options;
    if (socket.writableEnded || socket.writableLength > maxBufferedBytes) return;
    socket.write(encode());
  }

  destroy(): void {
    this.#options.socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#reader.add(chunk);
    if (this.#peer === undefined) {
      const first = this.#reader.next();
      if (first !== undefined) this.#meet(first);
      return;
    }
    if (this.#options.maySendAll(this.#peer)) this.#reader.allowAll();
    const frames: Frame[] = [];
    for (let frame = this.#reader.next(); frame !== undefined; frame = this.#reader.next()) {
      if (frame.kind === frameKinds.refused) return this.#noteRefusal(frame);
      frames.push(frame);
    }
    if (frames.length === 0) return;
    const counted = this.#options.onFrames(this.#peer, frames, this);
    if (counted !== undefined) this.#afterDisk(counted, () => void this.#options.socket.resume());
  }

  /** HELLO-1, on the accepting side. */
  #meet(first: Frame): void {
    const { introductions, log, once, socket } = this.#options;
    const met = introductions.check(first, undefined, this.#options.sockets.namesOf(socket));
    if (!met.ok) {
      const from = met.from;
      once.say(from, met.reason, () => log.warn({ from }, `Refused a peer: ${met.reason}`));
      this.#end(met.reason, met.stops);
      return;
    }
    // Whoever made the connection has not seen this node's hello yet.
    if (!this.#reader.isEmpty)
      throw new FrameError('frames came before both sides had shown who they are');
    const { address } = met.said;
    this.#said = typeof address === 'string' ? address.slice(0, 310) : '';
    this.#afterDisk(introductions.remembered(), () => this.#arrive(met));
  }

  #arrive(met: Introduced): void {
    const { socket } = this.#options;
    const { run, runs, takesPart } = met;
    socket.pause(); // What comes meanwhile is not read.
    this.#options.runs.arrive(met.peer, { run, runs, takesPart, connection: this }, (other) => {
      socket.resume();
      if (other === undefined) this.#open(met);
      else this.#refuseRun(met, other);
    });
  }

  #open(met: Introduced): void {
    this.#options.socket.write(this.#options.introductions.helloFor(met.peer));
    this.#peer = met.peer;
    this.#options.onOpen(this, met);
  }

  /** RUN-3, RUN-4. */
  #refuseRun({ peer, run }: Introduced, other: InItsPlace): void {
    const { introductions, log, once } = this.#options;
    const text = inItsPlace(peer, run, other, introductions.identity.nodeId);
    once.say(peer, 'other run', () =>
      log.error({ peer, from: this.remote }, `Refused a peer: ${text}`),
    );
    this.#end(text, other.stops);
  }

  get isOpen(): boolean {
    const { socket } = this.#options;
    return !socket.destroyed && !socket.writableEnded;
  }

  get remote(): string {
    const { remoteAddress = '', remotePort = 0 } = this.#options.socket;
    const from = formatHostPort(remoteAddress, remotePort);
    return this.#said === '' ? from : `${this.#said} (connected from ${from})`;
  }

  ask(other: OtherRun): void {
    this.write(() => encodeJsonFrame(frameKinds.ping, other));
  }

  reply(): void {
    this.write(() => encodeJsonFrame(frameKinds.pong, {}));
  }

  /** The peer knows this node by another folder, or could not read what it sent. */
  #noteRefusal(frame: Frame): void {
    const { introductions, log, once, onOtherRun, socket } = this.#options;
    const text = refusalText(frame);
    const peer = this.#peer ?? '';
    once.say(peer, text, () => log.error({ peer }, `The peer refuses this node: ${text}`));
    socket.destroy();
    const stopping = readRunRefusal(frame);
    if (stopping !== undefined && introductions.isOfMember(stopping, peer as MemberId))
      onOtherRun(new OtherRunError(stopping.text)); // RUN-5
  }

  #drop(error: unknown): void {
    const { log, once } = this.#options;
    const peer = this.#peer ?? 'a stranger';
    const reason = error instanceof Error ? error.message : String(error);
    once.say(peer, 'dropped', () =>
      log.error({ peer }, `Closed a connection after a protocol error: ${reason}.`),
    );
    this.#end(`The connection was closed after a protocol error: ${reason}.`);
  }

  #end(reason: string, stops = false): void {
    const { socket, clock, introductions } = this.#options;
    socket.end(encodeRefusal(reason, stops ? introductions.identity : undefined));
    clock.after(lingerMs, () => void socket.destroy());
  }
}
