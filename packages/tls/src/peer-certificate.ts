/** The certificate that the other end has shown. */
import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';

/**
 * Undefined where it has shown none. Made of its bytes: `getPeerX509Certificate` of Node tells one side of a connection
 * its certificate once, and nothing when it is asked again.
 */
export function peerCertificateOf(socket: TLSSocket): X509Certificate | undefined {
  // Nothing at all of a socket that has gone meanwhile.
  const told = socket.getPeerCertificate() as { readonly raw?: Buffer } | null;
  const raw = told?.raw;
  return raw === undefined ? undefined : new X509Certificate(raw);
}
