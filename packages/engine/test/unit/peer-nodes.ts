/** Transports on loopback, and strangers who talk to them in bytes. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { join } from 'node:path';
import { formatHostPort, hostPortOf } from '@holdfast/protocol';
import type { MemberId, Message } from '@holdfast/raft';
import { delayed, fileDisk } from '@holdfast/storage/parts';
import { systemClock } from '../../src/clock.ts';
import type { Clock } from '../../src/clock.ts';
import type { FeatureLevels } from '../../src/feature-levels.ts';
import { claimFolder } from '../../src/identity.ts';
import { KnownPeers } from '../../src/known-peers.ts';
import { PeerAddresses } from '../../src/peer-addresses.ts';
import type { PeerAddressesOptions } from '../../src/peer-addresses.ts';
import { PeerRuns } from '../../src/peer-runs.ts';
import type { Run } from '../../src/transport/run-names.ts';
import { encodeJsonFrame, FrameReader, frameKinds } from '../../src/transport/frames.ts';
import type { Frame } from '../../src/transport/frames.ts';
import { refusalText } from '../../src/transport/hello.ts';
import { TcpTransport } from '../../src/transport/tcp.ts';
import type { PeerSockets } from '../../src/transport/peer-sockets.ts';
import type { PeerKnowledge } from '../../src/transport/types.ts';

/** What does not come by then does not come: a check that fails, and no test without an end. */
const longestWaitMs = 8000;

/** What arrives, one after the other. */
export class Heard<T> {
  readonly #items: T[] = [];
  #wake: (() => void) | undefined;

  get count(): number {
    return this.#items.length;
  }

  add(...items: readonly T[]): void {
    this.#items.push(...items);
    this.#wake?.();
  }

  async next(): Promise<T> {
    for (;;) {
      const item = this.#items.shift();
      if (item !== undefined) return item;
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => {
          const message = `Nothing came in ${String(longestWaitMs)} ms.`;
          reject(new assert.AssertionError({ message }));
        }, longestWaitMs);
        timer.unref();
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** The first one that fits; those before it are forgotten. */
  async find(fits: (item: T) => boolean): Promise<T> {
    for (;;) {
      const item = await this.next();
      if (fits(item)) return item;
    }
  }
}

export interface PeerNode {
  readonly id: MemberId;
  readonly transport: TcpTransport;
  readonly heard: Heard<Message>;
  readonly unreachable: Heard<MemberId>;
  readonly urls: Heard<string>;
  /** Warnings and errors. */
  readonly said: Heard<string>;
  readonly address: string;
  readonly incarnation: string;
}

export interface PeerNodeOptions {
  readonly root: string;
  readonly clusterId?: string;
  /** Where its folder is; its name when absent. */
  readonly folder?: string;
  readonly clock?: Clock;
  readonly port?: number;
  /** 127.0.0.1 when absent. */
  readonly host?: string;
  /** Its name as a host when absent. */
  readonly clientUrl?: string;
  /** Everybody is a known member when absent. */
  readonly knowledge?: Partial<PeerKnowledge>;
  /** Of a peer, where it is no member. */
  readonly removedAt?: (peer: MemberId) => number | undefined;
  readonly onCall?: (request: unknown, signal: AbortSignal) => Promise<unknown>;
  readonly initialMembers?: readonly string[];
  readonly joined?: boolean;
  readonly configured?: PeerAddressesOptions['configured'];
  readonly starts?: number;
  readonly runs?: readonly Run[];
  readonly levels?: FeatureLevels;
  /** Plain ones when absent. */
  readonly sockets?: PeerSockets;
  /** It takes part at once where this is absent (PROB-1). */
  readonly onProbation?: true;
  /** Of what it writes while it runs. */
  readonly writeDelayMs?: number;
}

const everybodyIsKnown: PeerKnowledge = {
  term: () => 1,
  isKnownMember: () => true,
  isJoining: () => false,
  namesOthers: () => false,
  mayBeLedBy: () => false,
};

/** What nodes of tests have for an incarnation. */
export const incarnationOf = (digit: number): string =>
  `00000000-0000-4000-8000-${String(digit).padStart(12, '0')}`;

export async function startPeer(name: string, options: PeerNodeOptions): Promise<PeerNode> {
  const folder = join(options.root, options.folder ?? name);
  const identity = claimFolder(folder, {
    clusterId: options.clusterId ?? 'c',
    nodeId: name,
    initialMembers: (options.initialMembers ?? []).map((id) => ({ id, address: `${id}:1` })),
    joined: options.joined ?? false,
  });
  const heard = new Heard<Message>();
  const unreachable = new Heard<MemberId>();
  const urls = new Heard<string>();
  const said = new Heard<string>();
  const say = (_fields: object, message: string): void => said.add(message);
  const knowledge = { ...everybodyIsKnown, ...options.knowledge };
  const { host = '127.0.0.1', writeDelayMs = 0 } = options;
  const disk = writeDelayMs > 0 ? delayed(fileDisk, writeDelayMs) : fileDisk;
  const transport = new TcpTransport({
    sockets: options.sockets,
    identity,
    knownPeers: new KnownPeers(folder, knowledge, disk),
    runs: new PeerRuns(folder, knowledge, disk),
    addresses: new PeerAddresses({
      folder,
      disk,
      nodeId: name,
      knowledge,
      configured: options.configured ?? [],
      log: { info: () => undefined, warn: say, error: say },
    }),
    self: {
      clientUrl: options.clientUrl ?? `http://${name}`,
      address: options.port === undefined ? '' : formatHostPort(host, options.port),
      runs: options.runs ?? [{ starts: options.starts ?? 1, run: randomBytes(8).toString('hex') }],
    },
    clock: options.clock ?? systemClock,
    log: { info: () => undefined, warn: say, error: say },
    handlers: {
      knowledge,
      levels: () => options.levels ?? { supported: 2, inForce: 1 },
      onMessages: (_from, messages) => heard.add(...messages),
      onCall: (_from, request, signal) =>
        options.onCall?.(request, signal) ?? Promise.resolve({ echo: request }),
      onUnreachable: (peer) => unreachable.add(peer),
      onMustStop: (error) => said.add(`stops: ${error.message}`),
      removedAt: (peer) => options.removedAt?.(peer),
      onRemovalNotice: (from, index) => said.add(`removed at ${String(index)}, says ${from}`),
      onClientUrl: (peer, url) => urls.add(`${peer} ${url}`),
    },
  });
  if (options.onProbation === undefined) transport.setPeers([]);
  await transport.listen({ host, port: options.port ?? 0 });
  return {
    id: name as MemberId,
    transport,
    heard,
    unreachable,
    urls,
    said,
    address: formatHostPort(host, transport.port),
    incarnation: identity.incarnation,
  };
}

export const helloOf = (changes: object = {}): object => ({
  version: 2,
  clusterId: 'c',
  from: 'stranger',
  to: 'node',
  incarnation: incarnationOf(1),
  runs: [{ starts: 1, run: '0000000000000001' }],
  takesPart: true,
  clientUrl: '',
  knownPeers: {},
  ...changes,
});

/** One end of a connection that a test holds itself. */
export class RawPeer {
  readonly frames: Heard<Frame> = new Heard<Frame>();
  readonly closed: Promise<void>;
  readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
    const reader = new FrameReader();
    socket.on('data', (chunk) => this.frames.add(...reader.push(chunk)));
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  static to(address: string): RawPeer {
    return new RawPeer(connect({ ...(hostPortOf(address) ?? assert.fail(address)) }));
  }

  hello(changes: object = {}): this {
    this.socket.write(encodeJsonFrame(frameKinds.hello, helloOf(changes)));
    return this;
  }

  addresses(told: readonly object[]): this {
    this.socket.write(encodeJsonFrame(frameKinds.addresses, { told }));
    return this;
  }

  /** The text with which the other side refuses, after which it closes. */
  async refusal(): Promise<string> {
    const frame = await this.frames.find(({ kind }) => kind === frameKinds.refused);
    return refusalText(frame);
  }
}

/** Stands where a peer is looked for. */
export class RawServer {
  readonly peers: Heard<RawPeer> = new Heard<RawPeer>();
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => this.peers.add(new RawPeer(socket)));
  }

  static async open(): Promise<RawServer> {
    const server = createServer();
    const opened = new RawServer(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    return opened;
  }

  get address(): string {
    return `127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  close(): void {
    this.#server.close();
  }
}
