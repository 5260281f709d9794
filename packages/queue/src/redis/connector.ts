/**
 * Opens the sockets of the client of Redis.
 *
 * RCONN-4: whatever a socket tells after it has failed is heard: the client listens for one error of each, and over TLS there
 *     may be two. One that nobody hears ends the process.
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectSecured } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import { AbstractConnector } from 'ioredis';

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

  override connect(): Promise<Socket> {
    this.connecting = true;
    const { host = '127.0.0.1', port = 6379, tls } = this.#where;
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
