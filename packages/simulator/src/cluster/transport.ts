/**
 * The network between nodes as the engine sees it. Messages go through the frames of the real one, so
 * that no node ever shares an object with another.
 */
import type { MemberId, Message } from '@holdfast/raft';
import {
  CallFailed,
  decodeMessage,
  encodeMessageFrame,
  FeatureLevelError,
  FrameError,
  FrameReader,
} from '@holdfast/engine/parts';
import type { Transport, TransportHandlers } from '@holdfast/engine/parts';
import type { Machine } from '../world/machine.ts';
import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';
import { describeMessage } from './describe.ts';

interface OpenCall {
  readonly peer: MemberId;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly cleanUp: () => void;
}

/** How a process comes to read what has arrived: how often not at once, and how late then. */
interface Reads {
  readonly lateProbability: number;
  readonly longestMs: number;
}

const lateProbabilities = [0, 0.1, 0.7];

/** Where transports find each other. */
export type Switchboard = ReadonlyMap<string, SimulatedTransport>;

export class SimulatedTransport implements Transport {
  readonly #world: World;
  readonly #machine: Machine;
  readonly #handlers: TransportHandlers;
  readonly #onTooOld: (error: FeatureLevelError) => void;
  /** Those with which both sides have shown who they are. */
  readonly #met = new WeakSet<SimulatedTransport>();
  readonly #switchboard: Switchboard;
  /** The process that this is of. */
  readonly #process: number;
  readonly #calls = new Map<number, OpenCall>();
  readonly #working = new Map<string, AbortController>();
  /** Frames of each peer that this process has not read yet. */
  readonly #unread = new Map<MemberId, Buffer[]>();
  readonly #random: Random;
  readonly #reads: Reads;
  #peers: ReadonlySet<string> = new Set();
  #nextCallId = 1;
  /** Told of each message before it leaves. */
  onSend: (to: MemberId, message: Message) => void = () => undefined;

  constructor(
    world: World,
    machine: Machine,
    switchboard: Switchboard,
    handlers: TransportHandlers,
    onTooOld: (error: FeatureLevelError) => void,
  ) {
    this.#world = world;
    this.#machine = machine;
    this.#process = machine.process;
    this.#switchboard = switchboard;
    this.#handlers = handlers;
    this.#onTooOld = onTooOld;
    this.#random = world.random.fork();
    this.#reads = {
      lateProbability: this.#random.pick(lateProbabilities),
      longestMs: this.#random.pick([0.5, 5]),
    };
  }

  setPeers(peers: readonly { readonly id: MemberId }[]): void {
    this.#peers = new Set(peers.map((peer) => peer.id).filter((id) => id !== this.#machine.name));
    for (const peer of this.#peers) this.#greet(peer);
  }

  /** As a connection's hello does: the peer learns where clients reach this node. */
  #greet(peer: string): void {
    const url = clientUrlOf(this.#machine.name);
    this.#toPeer(peer, (other) => other.#handlers.onClientUrl(this.#machine.name as MemberId, url));
    const back = this.#switchboard.get(peer);
    if (back !== undefined && back.#machine.isOn)
      this.#machine.post(1, () => this.#handlers.onClientUrl(peer as MemberId, clientUrlOf(peer)));
  }

  send(to: MemberId, message: Message): void {
    // To a peer that keeps a connection to this node an answer goes back on that.
    const other = this.#switchboard.get(to);
    if (!this.#peers.has(to) && other?.keepsConnectionTo(this.#machine.name) !== true) return;
    this.onSend(to, message);
    const frame = encodeMessageFrame(message);
    if (this.#world.tracing)
      this.#world.tell(this.#machine.name, `> ${to}: ${describeMessage(message)}`);
    if (message.type === 'vote_answer' && message.granted)
      this.#world.onNotable(this.#machine.name, 'votes');
    this.#toPeer(to, (other) => other.#arrived(this.#machine.name as MemberId, frame));
  }

  /** As a socket does: what comes until the process reads is one read. */
  #arrived(from: MemberId, frame: Buffer): void {
    const unread = this.#unread.get(from);
    if (unread !== undefined) {
      unread.push(frame);
      return;
    }
    this.#unread.set(from, [frame]);
    const read = (): void => this.#read(from);
    if (!this.#random.withProbability(this.#reads.lateProbability)) read();
    else this.#machine.post(this.#random.between(0, this.#reads.longestMs), read);
  }

  #read(from: MemberId): void {
    const bytes = Buffer.concat(this.#unread.get(from) ?? []);
    this.#unread.delete(from);
    this.#handlers.onMessages(from, this.#decoded(from, bytes));
  }

  /** Nothing is damaged on its way here: what cannot be read was sent so. */
  #decoded(from: MemberId, bytes: Buffer): Message[] {
    try {
      return new FrameReader().push(bytes).map(({ body }) => decodeMessage(body));
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#world.violation(
        `${from} sent ${this.#machine.name} what cannot be read: ${error.message}.`,
      );
      return [];
    }
  }

  call(
    to: MemberId,
    request: unknown,
    signal: AbortSignal | undefined,
    timeoutMs: number,
  ): Promise<unknown> {
    if (!this.isConnected(to))
      return Promise.reject(new CallFailed(false, `no connection to ${to}`));
    const id = this.#nextCallId++;
    return new Promise((resolve, reject) => {
      const cancelRemote = (): void => {
        this.#toPeer(to, (other) => other.#working.get(this.#keyOf(id))?.abort());
      };
      const cancelTimer = this.#machine.after(timeoutMs, () => {
        cancelRemote();
        this.#settle(id)?.reject(new CallFailed(true, `${to} did not answer in time`));
      });
      signal?.addEventListener('abort', cancelRemote);
      this.#calls.set(id, {
        peer: to,
        resolve,
        reject,
        cleanUp: () => {
          cancelTimer();
          signal?.removeEventListener('abort', cancelRemote);
        },
      });
      const text = JSON.stringify(request);
      if (this.#world.tracing) this.#world.tell(this.#machine.name, `> ${to}: call ${text}`);
      const sent = this.#toPeer(to, (other) => other.#work(this, id, text));
      // A connection that loses something breaks.
      if (!sent) this.#breakSoon(to);
      if (signal?.aborted === true) cancelRemote();
    });
  }

  keepsConnectionTo(peer: string): boolean {
    return this.#peers.has(peer);
  }

  interruptCalls(peer: MemberId, graceMs: number): void {
    const ids = [...this.#calls].filter(([, call]) => call.peer === peer).map(([id]) => id);
    if (ids.length === 0) return;
    this.#machine.after(graceMs, () => {
      for (const id of ids)
        this.#settle(id)?.reject(new CallFailed(true, `${peer} leads no longer`));
    });
  }

  isConnected(peer: MemberId): boolean {
    const other = this.#switchboard.get(peer);
    return (
      this.#peers.has(peer) && other !== undefined && other.#machine.isOn && this.#meets(other)
    );
  }

  supportedBy(peer: MemberId): number | undefined {
    const other = this.isConnected(peer) ? this.#switchboard.get(peer) : undefined;
    return other === undefined ? undefined : other.#handlers.levels().supported;
  }

  /** Here a node is where its name is. */
  addressOf(peer: MemberId): string {
    return peer;
  }

  /** The peer's process has ended: its connections are reset. */
  peerEnded(peer: string): void {
    if (!this.#peers.has(peer)) return;
    this.#machine.post(this.#world.network.delayMs(), () => this.#break(peer as MemberId));
  }

  /** The peer's process has begun: connections are made anew. */
  peerBegan(peer: string): void {
    if (this.#peers.has(peer)) this.#greet(peer);
  }

  close(): Promise<void> {
    this.#peers = new Set();
    for (const [id, call] of this.#calls) {
      this.#settle(id);
      call.reject(new CallFailed(true, 'the connection broke'));
    }
    for (const controller of this.#working.values()) controller.abort();
    return Promise.resolve();
  }

  get #lives(): boolean {
    return this.#machine.isOn && this.#machine.process === this.#process;
  }

  #toPeer(peer: string, arrive: (other: SimulatedTransport) => void): boolean {
    const other = this.#switchboard.get(peer);
    if (!this.#lives) {
      // What it was about to do when it ended comes to nothing; anything later is a fault of this simulator.
      if (this.#machine.endsNow) return false;
      throw new Error(`A process of ${this.#machine.name} that has ended sends.`);
    }
    if (other === undefined || !this.#meets(other)) return false;
    return this.#world.network.send(this.#machine, other.#machine, () => arrive(other));
  }

  /** Of the hello of both sides what is about feature levels: no folder is lost here, and nobody shows a wrong one. */
  #meets(other: SimulatedTransport): boolean {
    if (this.#met.has(other)) return true;
    const [ownLevels, itsLevels] = [this.#handlers.levels(), other.#handlers.levels()];
    // FEATURE-4 of the engine: the one that is too old hears of it, and ends.
    if (itsLevels.inForce > ownLevels.supported) return this.#endTooOld(itsLevels.inForce);
    if (ownLevels.inForce > itsLevels.supported) return other.#endTooOld(ownLevels.inForce);
    this.#met.add(other);
    return true;
  }

  #endTooOld(inForce: number): false {
    const error = new FeatureLevelError(inForce, this.#handlers.levels().supported);
    this.#machine.post(0, () => this.#onTooOld(error));
    return false;
  }

  #breakSoon(peer: MemberId): void {
    if (!this.#lives) return;
    this.#machine.after(this.#world.network.delayMs(), () => this.#break(peer));
  }

  #break(peer: MemberId): void {
    for (const [id, call] of this.#calls) {
      if (call.peer !== peer) continue;
      this.#settle(id)?.reject(new CallFailed(true, `the connection to ${peer} broke`));
    }
    this.#handlers.onUnreachable(peer);
  }

  #keyOf(id: number): string {
    return `${this.#machine.name} ${String(this.#process)} ${String(id)}`;
  }

  #work(from: SimulatedTransport, id: number, text: string): void {
    const key = from.#keyOf(id);
    if (this.#working.has(key)) return; // Doubled on the way: a connection does not do that.
    const controller = new AbortController();
    this.#working.set(key, controller);
    const caller = from.#machine.name as MemberId;
    void this.#handlers
      .onCall(caller, JSON.parse(text), controller.signal)
      .then((answer) => {
        const answerText = JSON.stringify(answer);
        const sent = this.#toPeer(caller, (other) => {
          if (other === from) from.#settle(id)?.resolve(JSON.parse(answerText));
        });
        if (!sent) from.#breakSoon(this.#machine.name as MemberId);
      })
      .finally(() => this.#working.delete(key));
  }

  #settle(id: number): OpenCall | undefined {
    const call = this.#calls.get(id);
    if (call !== undefined) {
      this.#calls.delete(id);
      call.cleanUp();
    }
    return call;
  }
}

export const clientUrlOf = (node: string): string => `http://${node}`;
