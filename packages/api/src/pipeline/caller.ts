/**
 * Who asks. Made once where a request enters this node, and handed on with all that is done for it: the
 * engine carries it to the node that a call is forwarded to, and with commands into the log; the identity goes on into
 * the events that come of them.
 */
import { anonymous, callerOf } from '../callers.ts';

export interface Caller {
  /** As proven; `anonymous` where nothing was. */
  readonly identity: string;
  /** How the identity was proven. */
  readonly proof: 'none';
  /** From where it asks; undefined where the connection has gone. */
  readonly address: string | undefined;
  /** Whose limits its requests count for, see callers.ts; undefined where that is not known. */
  readonly share: string | undefined;
}

/** Who asks from this address. Nothing is proven yet: everybody is anonymous. */
export function callerFrom(address: string | undefined): Caller {
  return { identity: anonymous, proof: 'none', address, share: callerOf(anonymous, address) };
}
