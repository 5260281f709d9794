/**
 * The connections of a port, with TLS and without.
 *
 * CONNECTION-BOUND-1: there are never more than `most`, and of one address (of IPv6 its first 64 bits) never more than
 *     `mostPerAddress`. Where one more comes, the connection goes that has been idle for longest: one of the same address
 *     where that has all that it may have, else any. Where none is idle the new one is closed before a byte of it is read.
 * CONNECTION-BOUND-2: a connection is idle while no request on it is under way. One that has sent none yet is, too, and
 *     one whose request has not arrived as far as its headers: who says little keeps nobody out.
 * CONNECTION-BOUND-3: each connection is counted by itself, and given back once, when it is closed. Its two ends only say
 *     which one a request is on: a client that uses its port again may come before the old connection is seen to be
 *     closed, and both have the same ends. One that its client has reset already has no address: it is closed at once.
 */
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import type { Server, Socket } from 'node:net';
import type { TlsLog } from './certificates.ts';
import { networkOf } from './network.ts';
import { Seldom } from './seldom.ts';
import { UnreadAnswers } from './unread-answers.ts';

export interface ConnectionsOptions {
  /** As in the log. */
  readonly port: string;
  readonly most: number;
  /** 0: as many as of all. */
  readonly mostPerAddress: number;
  /** Of HTTP, of a connection whose answer nobody reads (UNREAD-1). Default: 30 s. */
  readonly longestUnreadMs?: number | undefined;
  readonly log: Pick<TlsLog, 'warn'>;
}

/** Of a connection its two ends, by which the socket below TLS and the one above are known to be the same. */
export interface Ends {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
}

/** What one address has. */
interface Network {
  open: number;
  /** In the order in which they became idle. */
  readonly idle: Set<Connection>;
}

interface Connection {
  readonly socket: Socket;
  readonly key: string;
  readonly from: string;
  readonly network: Network;
  requests: number;
  /** It is counted. */
  isOpen: boolean;
}

const keyOf = ({ remoteAddress = '', remotePort = 0, localAddress = '' }: Ends): string =>
  `${remoteAddress} ${String(remotePort)} ${localAddress}`;

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #refusals: Seldom;
  readonly #open = new Set<Connection>();
  /** The latest one with these ends: requests are on it (CONNECTION-BOUND-3). */
  readonly #byEnds = new Map<string, Connection>();
  /** Of all addresses, in the order in which they became idle. */
  readonly #idle = new Set<Connection>();
  readonly #networks = new Map<string, Network>();

  /** Before the server listens. */
  constructor(server: Server, options: ConnectionsOptions) {
    this.#options = options;
    this.#refusals = new Seldom(options.log);
    // Before whoever reads of it.
    server.prependListener('connection', (socket: Socket) => this.#take(socket));
  }

  /** Of a server of HTTP: requests are told by the server itself, upgrades by whoever takes them (`busy`). */
  static ofHttp(server: HttpServer, options: ConnectionsOptions): Connections {
    const connections = new Connections(server, options);
    const unread = new UnreadAnswers(
      ({ remoteAddress }) => connections.#tellUnread(remoteAddress),
      options.longestUnreadMs,
    );
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
      response.once('close', connections.busy(request.socket));
      response.once('close', unread.watch(request.socket)); // UNREAD-1
    });
    return connections;
  }

  get size(): number {
    return this.#open.size;
  }

  /** How many addresses have one. */
  get addresses(): number {
    return this.#networks.size;
  }

  /** A request is under way on this connection, until what is returned is called (CONNECTION-BOUND-2). */
  busy(ends: Ends): () => void {
    const connection = this.#byEnds.get(keyOf(ends));
    if (connection === undefined) return () => undefined;
    connection.requests += 1;
    this.#unidle(connection);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      connection.requests -= 1;
      if (connection.requests === 0 && connection.isOpen) this.#becomeIdle(connection);
    };
  }

  #take(socket: Socket): void {
    const { remoteAddress } = socket;
    if (remoteAddress === undefined) {
      socket.destroy(); // CONNECTION-BOUND-3
      return;
    }
    const from = networkOf(remoteAddress);
    const network = this.#networks.get(from) ?? { open: 0, idle: new Set<Connection>() };
    if (!this.#makeRoom(from, network)) {
      socket.destroy();
      return;
    }
    // What was closed to make room may have been the last one of this address.
    this.#networks.set(from, network);
    const key = keyOf(socket);
    const connection: Connection = { socket, key, from, network, requests: 0, isOpen: true };
    network.open += 1;
    this.#open.add(connection);
    this.#byEnds.set(key, connection);
    this.#becomeIdle(connection);
    socket.once('close', () => this.#forget(connection));
  }

  /** CONNECTION-BOUND-1. */
  #makeRoom(from: string, network: Network): boolean {
    const { most, mostPerAddress, port } = this.#options;
    const isOfAddress = mostPerAddress > 0 && network.open >= mostPerAddress;
    if (!isOfAddress && this.#open.size < most) return true;
    const [oldest] = isOfAddress ? network.idle : this.#idle;
    if (oldest !== undefined) {
      this.#forget(oldest);
      oldest.socket.destroy();
      return true;
    }
    const whose = isOfAddress
      ? `the ${String(mostPerAddress)} of one address (limits.max_connections_per_address)`
      : `the ${String(most)} of this port (limits.max_connections)`;
    this.#refusals.say(port, { port, from }, `Refused a connection: ${whose} are all in use.`);
    return false;
  }

  #tellUnread(from: string | undefined): void {
    const { port } = this.#options;
    this.#refusals.say(
      `${port} unread`,
      { port, from },
      'Closed a connection: its client has not read the answer, of which nothing could be sent for a while.',
    );
  }

  #becomeIdle(connection: Connection): void {
    this.#idle.add(connection);
    connection.network.idle.add(connection);
  }

  #unidle(connection: Connection): void {
    this.#idle.delete(connection);
    connection.network.idle.delete(connection);
  }

  #forget(connection: Connection): void {
    if (!connection.isOpen) return;
    connection.isOpen = false;
    const { key, network, from } = connection;
    this.#open.delete(connection);
    if (this.#byEnds.get(key) === connection) this.#byEnds.delete(key);
    this.#unidle(connection);
    network.open -= 1;
    if (network.open === 0) this.#networks.delete(from);
  }
}
