/**
 * Peers over TCP: one persistent outgoing connection to each, one listener for theirs.
 *
 * TRANSPORT-2: a connection is of use only after both sides have shown that they are of this cluster, the member
 *     that the other one means, and in the folder that was met before (HELLO-1 of `hello.ts`).
 * TRANSPORT-4: whoever may ask is answered: a member that this node's log does not name yet (it lags behind a
 *     change of the members) is answered on its own connection, else such a member could never get
 *     this node's vote (Raft thesis, 4.1: servers process messages of servers that are not in their
 *     configuration). What is taken of it is little (TRANSPORT-6 of `strangers.ts`).
 */
import type { AddressInfo, Socket } from 'node:net';
import { formatHostPort } from '@holdfast/protocol';
import type { MemberId, Message } from '@holdfast/raft';
import { DiskError } from '@holdfast/storage';
import type { Clock } from '../clock.ts';
import type { FeatureLevelError } from '../feature-levels.ts';
import type { Identity } from '../identity.ts';
import type { KnownPeers } from '../known-peers.ts';
import type { EngineLog } from '../types.ts';
import type { PeerAddresses } from '../peer-addresses.ts';
import type { PeerRuns } from '../peer-runs.ts';
import { encodeJsonFrame, frameKinds, parseObject } from './frames.ts';
import type { Frame } from './frames.ts';
import { Introductions } from './hello.ts';
import type { Introduced, SelfDescription } from './hello.ts';
import { IncomingConnections } from './incoming-connections.ts';
import { Incoming } from './incoming.ts';
import { decodeMessage, encodeMessageFrame } from './messages.ts';
import { LiveRuns } from './live-runs.ts';
import type { RunConnection } from './live-runs.ts';
import { OncePerPeer } from './once.ts';
import { Outgoing } from './outgoing.ts';
import { PeerCalls } from './peer-calls.ts';
import { plainSockets } from './peer-sockets.ts';
import type { PeerListener, PeerSockets } from './peer-sockets.ts';
import { Probation } from './probation.ts';
import { noticeFor } from './removal-notices.ts';
import { RemovedPeers } from './removed-peers.ts';
import { isRun } from './run-names.ts';
import { copyHasAsked } from './run-refusal.ts';
import type { OtherRunError } from './run-refusal.ts';
import { Strangers } from './strangers.ts';
import { SupportedLevels } from './supported-levels.ts';
import type { Transport, TransportHandlers } from './types.ts';

export interface TcpTransportOptions {
  /** Plain ones where absent. */
  readonly sockets?: PeerSockets | undefined;
  readonly identity: Identity;
  readonly knownPeers: KnownPeers;
  readonly addresses: PeerAddresses;
  readonly runs: PeerRuns;
  readonly self: SelfDescription;
  readonly clock: Clock;
  readonly log: EngineLog;
  readonly handlers: TransportHandlers;
}

export class TcpTransport implements Transport {
  readonly #options: TcpTransportOptions;
  readonly #sockets: PeerSockets;
  readonly #outgoing = new Map<MemberId, Outgoing>();
  readonly #introductions: Introductions;
  readonly #once: OncePerPeer;
  readonly #incoming: IncomingConnections = new IncomingConnections();
  readonly #strangers: Strangers;
  /** The connection that a peer keeps to this node. */
  readonly #incomingOf = new Map<MemberId, Incoming>();
  readonly #calls: PeerCalls;
  readonly #liveRuns: LiveRuns;
  readonly #probation: Probation;
  readonly #removed: RemovedPeers;
  readonly #inLog = new Map<MemberId, string>();
  readonly #supportedLevels = new SupportedLevels((id) => this.#outgoing.has(id));
  #listener: PeerListener | undefined;
  #hasStopped = false;

  constructor(options: TcpTransportOptions) {
    this.#options = options;
    this.#sockets = options.sockets ?? plainSockets;
    const { identity, knownPeers, self, clock, log, handlers } = options;
    const { knowledge } = handlers;
    this.#liveRuns = new LiveRuns(clock);
    this.#probation = new Probation(clock, () => this.#tellTakesPart());
    this.#introductions = new Introductions({
      identity,
      knownPeers,
      self,
      knowledge,
      runs: options.runs,
      takesPart: () => this.#probation.isOver,
      levels: handlers.levels,
      // Both sides may still read why.
      onTooOld: (error) => clock.endOfTurn(() => this.#stop(error)),
    });
    this.#strangers = new Strangers(knowledge);
    this.#removed = new RemovedPeers({
      clock,
      identity,
      knownPeers,
      isNamed: (peer) => this.#inLog.has(peer),
      removedAt: (peer) => handlers.removedAt(peer),
      connectionOf: (peer) => this.#incomingOf.get(peer),
    });
    this.#once = new OncePerPeer(clock);
    this.#calls = new PeerCalls({
      run: this.#introductions.ownRun.run,
      clock,
      log,
      onCall: handlers.onCall,
      answer: (peer, body) => this.#answer(peer, body),
      isPresent: (peer, run) => this.#liveRuns.isPresent(peer, run),
    });
  }

  async listen({ host, port }: { readonly host: string; readonly port: number }): Promise<void> {
    const listener = this.#sockets.listen((socket) => this.#accept(socket));
    const { server } = listener;
    this.#listener = listener;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) =>
        reject(
          new Error(`Cannot listen for peers on ${formatHostPort(host, port)}: ${error.message}`, {
            cause: error,
          }),
        ),
      );
      server.listen(port, host, () => resolve());
    });
  }

  get port(): number {
    return (this.#listener?.server.address() as AddressInfo | null)?.port ?? 0;
  }

  setPeers(peers: readonly { readonly id: MemberId; readonly address: string }[]): void {
    const { knownPeers } = this.#options;
    knownPeers.onMembership();
    knownPeers.durable()?.catch((error: unknown) => {
      if (error instanceof DiskError) this.#stop(error);
    });
    this.#incoming.onMembership(this.#options.handlers.knowledge.isKnownMember);
    const own = this.#options.identity.nodeId;
    const before = new Map(this.#inLog);
    this.#inLog.clear();
    for (const { id, address } of peers) if (id !== own) this.#inLog.set(id, address);
    for (const [id, outgoing] of this.#outgoing) {
      if (this.#inLog.has(id)) continue;
      outgoing.close();
      this.#outgoing.delete(id);
      this.#supportedLevels.forget(id);
      this.#calls.fail(id);
      this.#removed.tell(id);
    }
    this.#probation.expect(this.#inLog.keys());
    for (const [id, address] of this.#inLog) {
      const present = this.#outgoing.get(id);
      if (present === undefined) this.#outgoing.set(id, this.#outgoingTo(id));
      else if (address !== before.get(id)) present.addressesChanged();
    }
  }

  #outgoingTo(id: MemberId): Outgoing {
    const { addresses, clock, handlers, log } = this.#options;
    return new Outgoing({
      peer: id,
      addresses: () => addresses.of(id, this.#inLog.get(id) ?? ''),
      sockets: this.#sockets,
      introductions: this.#introductions,
      runs: this.#liveRuns,
      clock,
      log,
      once: this.#once,
      onFrames: (frames, on) => this.#receive(id, frames, on),
      onOtherRun: (error) => this.#stop(error),
      onDiskError: (error) => this.#stop(error),
      onOpen: (met, address) => {
        log.info({ peer: id, address }, 'Connected to the peer.');
        this.#probation.heard(id);
        this.#learn(met);
        this.#tellAddresses([id]);
        // Its hello may have been under way when the time was over.
        if (this.#probation.isOver) this.#outgoing.get(id)?.sendJson(frameKinds.takesPart, {});
        handlers.onClientUrl(id, met.clientUrl);
      },
      onClosed: (triedAll) => {
        if (triedAll) this.#probation.heard(id);
        this.#calls.fail(id);
        handlers.onUnreachable(id);
      },
    });
  }

  /** PROB-2. */
  #tellTakesPart(): void {
    for (const outgoing of this.#outgoing.values()) outgoing.sendJson(frameKinds.takesPart, {});
    for (const incoming of this.#incomingOf.values())
      incoming.write(() => encodeJsonFrame(frameKinds.takesPart, {}));
  }

  /** Where the peer is, as it has said itself; others are told (ADDR-2, TRANSPORT-2). */
  #learn({ peer, said, supportedLevel }: Introduced): void {
    this.#supportedLevels.told(peer, supportedLevel);
    if (this.#options.addresses.met(peer, said)) this.#onNewAddresses(peer, [peer]);
  }

  #onNewAddresses(from: MemberId, news: readonly MemberId[]): void {
    for (const id of news) this.#outgoing.get(id)?.addressesChanged();
    this.#tellAddresses([...this.#outgoing.keys()].filter((id) => id !== from));
  }

  /** Those that are not connected are told when they are. */
  #tellAddresses(peers: readonly MemberId[]): void {
    const told = this.#options.addresses.toTell();
    if (told.length === 0) return;
    for (const id of peers) this.#outgoing.get(id)?.sendJson(frameKinds.addresses, { told });
  }

  addressOf(peer: MemberId): string | undefined {
    const { addresses, identity, self } = this.#options;
    if (peer === identity.nodeId) return self.address === '' ? undefined : self.address;
    const inLog = this.#inLog.get(peer);
    return this.#outgoing.get(peer)?.reached ?? addresses.of(peer, inLog ?? '')[0];
  }

  /** @throws FrameTooLargeError when an invariant is broken, see `encodeMessageFrame`. */
  send(to: MemberId, message: Message): void {
    if (!this.#probation.isOver) return; // PROB-1
    this.#strangers.noteSent(to, message);
    const outgoing = this.#outgoing.get(to);
    if (outgoing === undefined)
      this.#incomingOf.get(to)?.write(() => encodeMessageFrame(message, to)); // TRANSPORT-4
    else outgoing.sendMessage(message);
  }

  isConnected(peer: MemberId): boolean {
    return this.#outgoing.get(peer)?.connected ?? false;
  }

  supportedBy(peer: MemberId): number | undefined {
    return this.isConnected(peer) ? this.#supportedLevels.of(peer) : undefined;
  }

  call(
    to: MemberId,
    request: unknown,
    signal: AbortSignal | undefined,
    timeoutMs: number,
  ): Promise<unknown> {
    return this.#calls.call(to, this.#outgoing.get(to), request, { signal, timeoutMs });
  }

  interruptCalls(peer: MemberId, graceMs: number): void {
    this.#calls.interrupt(peer, graceMs);
  }

  /**
   * RUN-5, FEATURE-4; or the disk refused what has to be known before a peer counts (RUN-1, IDENTITY-1): that is no fault of the
   * peer, and others have to lead. Nothing leaves any more that could count.
   */
  #stop(error: OtherRunError | DiskError | FeatureLevelError): void {
    if (this.#hasStopped) return;
    this.#hasStopped = true;
    this.#options.log.error({}, error.message);
    void this.close();
    this.#options.handlers.onMustStop(error);
  }

  async close(): Promise<void> {
    this.#probation.stop();
    for (const [id, outgoing] of this.#outgoing) {
      outgoing.close();
      this.#calls.fail(id);
    }
    this.#outgoing.clear();
    this.#calls.abortAll();
    this.#incoming.destroyAll();
    this.#listener?.endHandshakes();
    const server = this.#listener?.server;
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
    const { knownPeers, runs, addresses } = this.#options;
    await Promise.all([knownPeers.settled(), runs.settled(), addresses.settled()]);
  }

  #accept(socket: Socket): void {
    const { isKnownMember } = this.#options.handlers.knowledge;
    const incoming = new Incoming({
      socket,
      sockets: this.#sockets,
      introductions: this.#introductions,
      runs: this.#liveRuns,
      clock: this.#options.clock,
      log: this.#options.log,
      once: this.#once,
      timeoutMs: this.#incoming.timeoutMs,
      maySendAll: (peer) => isKnownMember(peer) || this.#strangers.mayLead(peer),
      onOpen: (opened, met) => {
        const { peer, clientUrl } = met;
        this.#incoming.met(opened, peer, isKnownMember(peer));
        this.#incomingOf.set(peer, opened);
        this.#learn(met);
        this.#removed.tell(peer);
        this.#outgoing.get(peer)?.retryNow(); // It lives again.
        if (isKnownMember(peer)) this.#options.handlers.onClientUrl(peer, clientUrl);
      },
      onFrames: (peer, frames, on) => this.#receive(peer, frames, on),
      onOtherRun: (error) => this.#stop(error),
      onDiskError: (error) => this.#stop(error),
      onClosed: (closed, peer) => {
        this.#incoming.remove(closed);
        if (peer !== undefined) this.#liveRuns.closed(peer, closed);
        if (peer !== undefined && this.#incomingOf.get(peer) === closed)
          this.#incomingOf.delete(peer);
      },
    });
    this.#incoming.add(incoming, socket.remoteAddress ?? '');
  }

  /** Where it returns a promise, what comes next on this connection is to wait for it. */
  #receive(peer: MemberId, frames: readonly Frame[], on: RunConnection): Promise<void> | undefined {
    const { knowledge } = this.#options.handlers;
    const ownRuns = this.#liveRuns.runsOf(peer, on);
    if (ownRuns === undefined) return undefined; // Another process has its place.
    const messages: Message[] = [];
    for (const [at, frame] of frames.entries()) {
      if (frame.kind === frameKinds.raft) {
        if (!this.#probation.isOver) continue; // PROB-1
        if (this.#options.runs.laterThan(peer, ownRuns) !== undefined) {
          on.destroy(); // Another one has counted since its hello: it comes again, and is told.
          return undefined;
        }
        const counted = this.#options.runs.count(peer, ownRuns); // RUN-1
        if (counted !== undefined)
          return counted.then(() => this.#receive(peer, frames.slice(at), on));
        this.#liveRuns.takesPart(peer);
        const message = this.#admit(peer, decodeMessage(frame.body, knowledge.term()));
        if (message?.type === 'pre_vote' || message?.type === 'vote') this.#removed.tell(peer);
        if (message !== undefined) messages.push(message);
        continue;
      }
      if (frame.kind === frameKinds.ping) this.#replyTo(peer, frame, on);
      else if (frame.kind === frameKinds.pong) this.#liveRuns.answered(peer, on);
      else if (frame.kind === frameKinds.takesPart) this.#liveRuns.takesPart(peer);
      else if (frame.kind === frameKinds.addresses) this.#receiveAddresses(peer, frame);
      else this.#calls.receive(peer, frame, ownRuns.at(-1)?.run ?? '');
    }
    if (messages.length > 0) this.#options.handlers.onMessages(peer, messages);
    return undefined;
  }

  /** The peer asks because of another process of this member (RUN-3). */
  #replyTo(peer: MemberId, { body }: Frame, on: RunConnection): void {
    on.reply();
    const other = parseObject(body.toString('utf8'), 'ping');
    const { at } = other;
    if (!isRun(other) || typeof at !== 'string') return;
    const { identity, log } = this.#options;
    const text = copyHasAsked(identity.nodeId, { ...other, at: at.slice(0, 1000) }, peer);
    this.#once.say(peer, 'copy', () => log.error({ peer }, text));
  }

  #receiveAddresses(peer: MemberId, { body }: Frame): void {
    const { told, removed } = parseObject(body.toString('utf8'), 'list of addresses');
    const index = noticeFor(this.#options.identity, removed);
    if (index !== undefined) this.#options.handlers.onRemovalNotice(peer, index);
    const news = this.#options.addresses.told(peer, told);
    if (news.length > 0) this.#onNewAddresses(peer, news);
  }

  /** TRANSPORT-6. */
  #admit(peer: MemberId, message: Message): Message | undefined {
    const { handlers, log } = this.#options;
    if (handlers.knowledge.isKnownMember(peer)) return message;
    const admitted = this.#strangers.admit(peer, message);
    if (admitted === undefined)
      this.#once.say(peer, 'stranger', () =>
        log.error(
          { peer, message: message.type },
          'Ignored a message of a node that is not a member as far as this node knows.',
        ),
      );
    return admitted;
  }

  #answer(peer: MemberId, body: object): void {
    const outgoing = this.#outgoing.get(peer);
    if (outgoing !== undefined) outgoing.sendJson(frameKinds.answer, body);
    else this.#incomingOf.get(peer)?.write(() => encodeJsonFrame(frameKinds.answer, body, peer));
  }
}
