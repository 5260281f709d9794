/**
 * The connections of a port, with TLS and without.
 *
 * CONNECTION-BOUND-1: there are never more than `most`, and of one address (of IPv6 its first 64 bits) never more than
 *     `mostPerAddress`. Where one more comes, the connection goes that has been idle for longest: one of the same address
 *     where that has all that it may have, else any. Where none is idle the new one is closed before a byte of it is read.
 * CONNECTION-BOUND-2: a connection is idle while no request on it is under way. One that has sent none yet is, too, and
 *     one whose request has not arrived as far as its headers: who says little keeps nobody out.
 */
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import type { Server, Socket } from 'node:net';
import type { TlsLog } from './certificates.ts';
import { networkOf } from './network.ts';
import { Seldom } from './seldom.ts';

export interface ConnectionsOptions {
  /** As in the log. */
  readonly port: string;
  readonly most: number;
  /** 0: as many as of all. */
  readonly mostPerAddress: number;
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
}

const keyOf = ({ remoteAddress = '', remotePort = 0, localAddress = '' }: Ends): string =>
  `${remoteAddress} ${String(remotePort)} ${localAddress}`;

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #refusals: Seldom;
  readonly #open = new Map<string, Connection>();
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
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
      response.once('close', connections.busy(request.socket));
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
    const connection = this.#open.get(keyOf(ends));
    if (connection === undefined) return () => undefined;
    connection.requests += 1;
    this.#unidle(connection);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      connection.requests -= 1;
      if (connection.requests === 0 && this.#open.get(connection.key) === connection)
        this.#becomeIdle(connection);
    };
  }

  #take(socket: Socket): void {
    const from = networkOf(socket.remoteAddress ?? '');
    const network = this.#networks.get(from) ?? { open: 0, idle: new Set<Connection>() };
    if (!this.#makeRoom(from, network)) {
      socket.destroy();
      return;
    }
    // What was closed to make room may have been the last one of this address.
    this.#networks.set(from, network);
    const connection: Connection = { socket, key: keyOf(socket), from, network, requests: 0 };
    network.open += 1;
    this.#open.set(connection.key, connection);
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

  #becomeIdle(connection: Connection): void {
    this.#idle.add(connection);
    connection.network.idle.add(connection);
  }

  #unidle(connection: Connection): void {
    this.#idle.delete(connection);
    connection.network.idle.delete(connection);
  }

  #forget(connection: Connection): void {
    if (this.#open.get(connection.key) !== connection) return;
    this.#open.delete(connection.key);
    this.#unidle(connection);
    const { network, from } = connection;
    network.open -= 1;
    if (network.open === 0) this.#networks.delete(from);
  }
}
