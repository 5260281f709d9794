/**
 * Whose a lease is.
 *
 * LEASE-OWNER-1: where a node asks its clients for certificates, a lease and a place among who waits belong to the names of
 *     the certificate that asked for them: their ids are kept together with those names, so that whoever knows an id and
 *     shows another certificate names another lease, and renews, confirms and releases nothing. The same for who shows none.
 */
import { createHash } from 'node:crypto';
import { TLSSocket } from 'node:tls';
import { certificateNames } from '@holdfast/tls';

/** Who asks on this connection; one that is renewed with the same names is the same. */
export function ownerOf(socket: unknown): string {
  if (!(socket instanceof TLSSocket)) return '[]';
  // Nothing at all of a socket that has gone meanwhile, and an empty object where none was shown.
  const shown: ReturnType<TLSSocket['getPeerCertificate']> | null = socket.getPeerCertificate();
  return shown === null ? '[]' : JSON.stringify(certificateNames(shown));
}

/** Of the same owner and id always the same, of anything else another one. */
export const ownId = (owner: string, id: string): string =>
  createHash('sha256')
    .update(JSON.stringify([owner, id]))
    .digest('base64url');

interface Named {
  readonly lease_id?: string;
  readonly waiter_id?: string;
}

/** @param owner Undefined: nobody is told apart. */
export function ofOwner<Body extends object>(body: Body & Named, owner: string | undefined): Body {
  if (owner === undefined) return body;
  const { lease_id: leaseId, waiter_id: waiterId } = body;
  return {
    ...body,
    ...(leaseId === undefined ? {} : { lease_id: ownId(owner, leaseId) }),
    ...(waiterId === undefined ? {} : { waiter_id: ownId(owner, waiterId) }),
  };
}
