/**
 * TLS of whatever listens: HTTP, client streams, gRPC, members, lease nodes. All of them are secured here, so that
 * none of them honours less than another.
 *
 * TLS-4: nothing that a client says is read before its certificate was judged: where one is required it has to be
 *     there, and one that is there has to be of an authority, in its time, and on no revocation list, also where none
 *     is required.
 * TLS-5: no handshake goes by what an earlier one has shown: sessions are not resumed, so that a revoked certificate
 *     ends with the list that names it; and a connection is not negotiated anew.
 */
import { constants } from 'node:crypto';
import type { SecureContextOptions, Server, TLSSocket, TlsOptions } from 'node:tls';
import type { Certificates, TlsLog } from './certificates.ts';
import { boundHandshakes } from './handshakes.ts';
import type { Material } from './material.ts';
import { peerCertificateOf } from './peer-certificate.ts';
import { Seldom } from './seldom.ts';

export type ClientCertificates = 'off' | 'optional' | 'required';
export type LowestVersion = '1.2' | '1.3';

export interface ServerSecurityOptions {
  readonly certificates: Certificates;
  readonly clientCertificates: ClientCertificates;
  readonly lowestVersion: LowestVersion;
  readonly handshakeTimeoutMs: number;
  readonly log: TlsLog;
}

export interface RefusedConnection {
  /** As in the log. */
  readonly port: string;
  readonly address: string | undefined;
}

export class ServerSecurity {
  readonly #options: ServerSecurityOptions;
  readonly #tellRefused = new Set<(refused: RefusedConnection) => void>();
  readonly #refusals: Seldom;

  constructor(options: ServerSecurityOptions) {
    this.#options = options;
    this.#refusals = new Seldom(options.log);
  }

  get asksForCertificates(): boolean {
    return this.#options.clientCertificates !== 'off';
  }

  /** Told of each, while the log has a line now and then. @returns Ends that. */
  onRefused(tell: (refused: RefusedConnection) => void): () => void {
    this.#tellRefused.add(tell);
    return () => {
      this.#tellRefused.delete(tell);
    };
  }

  #refuse(port: string, socket: TLSSocket, message: string): void {
    const { remoteAddress: address } = socket;
    this.#refusals.say(port, { port, from: address }, message);
    for (const tell of this.#tellRefused) tell({ port, address });
    socket.destroy();
  }

  /** What `tls.createServer` and `https.createServer` are to be made with. */
  get serverOptions(): TlsOptions {
    const { certificates, clientCertificates, lowestVersion, handshakeTimeoutMs } = this.#options;
    return {
      ...contextOptionsOf(certificates.current, lowestVersion),
      requestCert: clientCertificates !== 'off',
      rejectUnauthorized: false, // Judged below, with a reason that is told (TLS-4).
      handshakeTimeout: handshakeTimeoutMs,
    };
  }

  /**
   * Secures a server that was made with `serverOptions`. Whoever listens for its secure connections by then gets those
   * alone that were judged (TLS-4).
   *
   * @returns Ends what it does beside the server, and handshakes that are under way: called before the server is closed.
   */
  secure(server: Server, port: string): () => void {
    const { certificates, handshakeTimeoutMs, lowestVersion, log } = this.#options;
    const listeners = server.listeners('secureConnection');
    server.removeAllListeners('secureConnection');
    server.on('secureConnection', (socket: TLSSocket) => {
      const refusal = this.#refusalOf(socket);
      if (refusal === undefined) {
        for (const listener of listeners) Reflect.apply(listener, server, [socket]);
        return;
      }
      this.#refuse(port, socket, `Refused a client: ${refusal}.`);
    });
    server.on('tlsClientError', (error: Error, socket: TLSSocket) => {
      this.#refuse(port, socket, `A handshake failed: ${error.message}.`);
    });
    const endHandshakes = boundHandshakes(server, handshakeTimeoutMs);
    const forget = certificates.onReload((material) => {
      try {
        server.setSecureContext(contextOptionsOf(material, lowestVersion));
      } catch (error) {
        log.error({ port }, `The certificates stay as they were: ${String(error)}`);
      }
    });
    return () => {
      forget();
      endHandshakes();
    };
  }

  #refusalOf(socket: TLSSocket): string | undefined {
    const { clientCertificates } = this.#options;
    if (clientCertificates === 'off') return undefined;
    if (peerCertificateOf(socket) === undefined)
      return clientCertificates === 'required' ? 'it shows no certificate' : undefined;
    if (socket.authorized) return undefined;
    return `its certificate does not hold (${String(socket.authorizationError)})`;
  }
}

/** What a context is made of, on both sides of a connection. */
export function contextOptionsOf(
  { certificate, key, authority, revocations }: Material,
  lowestVersion: LowestVersion,
): SecureContextOptions {
  return {
    cert: certificate,
    key,
    // Without an authority nobody's certificate is accepted, not those of the authorities that Node knows.
    ca: authority ?? [],
    ...(revocations.length === 0 ? {} : { crl: [...revocations] }),
    minVersion: lowestVersion === '1.3' ? 'TLSv1.3' : 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET, // TLS-5
  };
}
