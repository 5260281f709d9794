/**
 * Who asks. Made once where a request enters this node, and handed on with all that is done for it: the
 * engine carries it to the node that a call is forwarded to, and with commands into the log; the identity goes on into
 * the events that come of them.
 */
import type { CertificateName } from '@holdfast/tls';
import { anonymous, callerOf } from '../callers.ts';

export interface Caller {
  /** As proven; `anonymous` where nothing was. */
  readonly identity: string;
  /** How the identity was proven. */
  readonly proof: 'none' | 'key' | 'certificate';
  /** The id of the key that proves it. */
  readonly keyId?: string;
  /** What of its certificate proves it. */
  readonly certificate?: CertificateName;
  /** From where it asks; undefined where the connection has gone. */
  readonly address: string | undefined;
  /** Whose limits its requests count for, see callers.ts; undefined where that is not known. */
  readonly share: string | undefined;
}

/** Who asks from this address and proves nothing. */
export function callerFrom(address: string | undefined): Caller {
  return { identity: anonymous, proof: 'none', address, share: callerOf(anonymous, address) };
}

/** With an identity that was proven. */
export const provenCaller = (
  identity: string,
  by: { readonly keyId: string } | { readonly certificate: CertificateName },
  address: string | undefined,
): Caller => ({
  identity,
  proof: 'keyId' in by ? 'key' : 'certificate',
  ...by,
  address,
  share: callerOf(identity, address),
});
