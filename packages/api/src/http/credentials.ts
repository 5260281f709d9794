/** What a request of HTTP tells of its caller: its header, its connection. */
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { certificateNames } from '@holdfast/tls';
import type { CertificateName } from '@holdfast/tls';
import type { OperationContext } from '../operations/context.ts';
import { callerFrom } from '../pipeline/caller.ts';
import type { Caller } from '../pipeline/caller.ts';
import type { RequestError } from '../request-error.ts';

/** Of a connection: its certificate stays the same, and is read once. */
const known = new WeakMap<TLSSocket, readonly CertificateName[]>();

function namesOf(socket: unknown): readonly CertificateName[] {
  // One that does not hold was refused before (TLS-4), or none was asked for.
  if (!(socket instanceof TLSSocket) || !socket.authorized) return [];
  const found = known.get(socket) ?? certificateNames(socket.getPeerCertificate());
  known.set(socket, found);
  return found;
}

export function callerOfRequest(
  request: IncomingMessage,
  { service }: OperationContext,
): Caller | RequestError {
  const { socket, headers } = request;
  const address = socket.remoteAddress;
  return (
    service.control?.authenticate({
      authorization: headers.authorization === undefined ? undefined : allShown(request),
      certificateNames: () => namesOf(socket),
      address,
    }) ?? callerFrom(address)
  );
}

/**
 * Node tells the first of several; a proxy in front may have looked at another one. All of them together are no proof, so that they
 * are refused (DENY-2).
 */
function allShown({ rawHeaders }: IncomingMessage): string {
  const shown = rawHeaders.filter(
    (_text, index) => index % 2 === 1 && isAuthorization(rawHeaders[index - 1]),
  );
  return shown.join(', ');
}

const isAuthorization = (name = ''): boolean =>
  name.length === 'authorization'.length && name.toLowerCase() === 'authorization';
