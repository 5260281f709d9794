/**
 * Opens the sockets of the client of Redis: all of them.
 *
 * RCONN-4: whatever a socket tells after it has failed is heard: the client listens for one error of each, and over TLS there
 *     may be two. One that nobody hears ends the process.
 * RCONN-6: in a cluster each server passes on what is published on any of them. So one connection to any of them hears all, and the
 *     next server is asked where one does not answer or has left the cluster.
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectSecured } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import { AbstractConnector } from 'ioredis';

export interface Server {
  readonly host: string;
  readonly port: number;
}

interface Where {
  readonly host?: string;
  readonly port?: number;
  readonly tls?: ConnectionOptions;
  readonly disconnectTimeout?: number;
}

const usualDisconnectMs = 2000;

export class Connector extends AbstractConnector {
  readonly #where: Where;

  /** @param where Of the options of the client; its own connector takes the same for granted. */
  constructor(where: unknown) {
    const known = where as Where;
    super(known.disconnectTimeout ?? usualDisconnectMs);
    this.#where = known;
  }

  /** Of the next connection. */
  protected where(): Where {
    return this.#where;
  }

  override connect(): Promise<Socket> {
    this.connecting = true;
    const { host = '127.0.0.1', port = 6379, tls } = this.where();
    // What secures it is read now (RCONN-5).
    const socket =
      tls === undefined ? connect({ host, port }) : connectSecured({ host, port, ...tls });
    socket.on('error', (error) => {
      this.firstError = error;
    });
    this.stream = socket;
    return Promise.resolve(socket);
  }
}

/** RCONN-6: opens each connection to the next one of what servers there are by then. */
export class ServersInTurn {
  readonly #servers: () => readonly Server[];
  #next = 0;
  /** Of the last connection. */
  current: Server | undefined;

  constructor(servers: () => readonly Server[]) {
    this.#servers = servers;
  }

  get Connector(): new (where: unknown) => Connector {
    const next = (): Server | undefined => this.#chosen();
    return class extends Connector {
      protected override where(): Where {
        return { ...super.where(), ...next() };
      }
    };
  }

  #chosen(): Server | undefined {
    const servers = this.#servers();
    this.current = servers[this.#next % servers.length];
    this.#next += 1;
    return this.current;
  }
}
