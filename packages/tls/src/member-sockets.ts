/**
 * Connections between members: both ends show a certificate, and each counts for the members alone that its names say.
 *
 * TLS-6: a connection to a member is used only where the other end has proven by its certificate to be that member; one
 *     that came in proves the names of its certificate and nothing more. A certificate of a client proves no member:
 *     one of a member is for both uses (CERT-1 of `development/authority.ts`).
 * TLS-7: no variable of the environment (`NODE_TLS_REJECT_UNAUTHORIZED`) turns that off: the check is asked for by name
 *     wherever TLS is dialled, and a socket that was not found authorized proves no name.
 */
import { connect, createServer, TLSSocket } from 'node:tls';
import type { Socket } from 'node:net';
import type { Server } from 'node:tls';
import type { X509Certificate } from 'node:crypto';
import type { HostPort } from '@holdfast/protocol';
import type { Certificates } from './certificates.ts';
import { dnsNamesIn } from './names.ts';
import { peerCertificateOf } from './peer-certificate.ts';
import { contextOptionsOf, ServerSecurity } from './server-security.ts';
import type { RefusedConnection, ServerSecurityOptions } from './server-security.ts';

const bothUses = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'] as const;

export interface MemberListener {
  readonly server: Server;
  /** Called before the server is closed. */
  readonly endHandshakes: () => void;
}

export class MemberSockets {
  readonly readyEvent = 'secureConnect';
  readonly #certificates: Certificates;
  readonly #lowestVersion: ServerSecurityOptions['lowestVersion'];
  readonly #security: ServerSecurity;

  constructor(options: Omit<ServerSecurityOptions, 'clientCertificates'>) {
    this.#certificates = options.certificates;
    this.#lowestVersion = options.lowestVersion;
    this.#security = new ServerSecurity({ ...options, clientCertificates: 'required' });
  }

  /** See `ServerSecurity`. */
  onRefused(tell: (refused: RefusedConnection) => void): () => void {
    return this.#security.onRefused(tell);
  }

  /** Each socket is handed out once its certificate was judged. */
  listen(onSocket: (socket: Socket) => void): MemberListener {
    const server = createServer(this.#security.serverOptions, (socket) => {
      socket.setNoDelay(true);
      onSocket(socket);
    });
    return { server, endHandshakes: this.#security.secure(server, 'peers') };
  }

  /** A socket that fails where the other end does not prove to be `peer` (TLS-6). */
  connect({ host, port }: HostPort, peer: string): Socket {
    const socket: TLSSocket = connect({
      host,
      port,
      ...contextOptionsOf(this.#certificates.current, this.#lowestVersion),
      rejectUnauthorized: true, // TLS-7
      checkServerIdentity: (): Error | undefined => problemWith(socket, peer),
    });
    socket.setNoDelay(true);
    return socket;
  }

  /** The names that the other end of a judged socket has proven (TLS-6, TLS-7). */
  namesOf(socket: Socket): readonly string[] {
    return socket instanceof TLSSocket && socket.authorized ? shownNames(socket) : [];
  }
}

/** Called once the chain holds, and before Node says that the socket is authorized. */
function problemWith(socket: TLSSocket, peer: string): Error | undefined {
  const names = shownNames(socket);
  if (names.includes(peer)) return undefined;
  const told = names.length === 0 ? 'no member' : names.slice(0, 8).join(', ');
  return new Error(`the certificate there is of ${told}, and not of "${peer}"`);
}

function shownNames(socket: TLSSocket): readonly string[] {
  const certificate = peerCertificateOf(socket);
  return certificate === undefined || !isForBothUses(certificate)
    ? []
    : dnsNamesIn(certificate.subjectAltName);
}

/** Node calls the extended uses `keyUsage`. A certificate that names none was not made for a member. */
const isForBothUses = ({ keyUsage }: X509Certificate): boolean => {
  const uses = keyUsage as readonly string[] | undefined;
  return uses !== undefined && bothUses.every((use) => uses.includes(use));
};
