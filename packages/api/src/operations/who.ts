/** Who asks, and what is told where that cannot be. */
import type { Who } from '@holdfast/protocol';
import { RequestError } from '../request-error.ts';

/** Exactly one of `session_id` and `client_id` tells who asks. */
export function whoIsWrong(who: Who): RequestError | undefined {
  if (who.session_id !== undefined && who.client_id !== undefined) {
    return invalid('client_id', 'Provide either session_id or client_id, not both.');
  }
  if (who.session_id === undefined && who.client_id === undefined) {
    return invalid(
      'session_id',
      'Provide session_id (see POST /sessions) or client_id. With client_id the hold has an implicit session, which expires after ttl_seconds.',
    );
  }
  return undefined;
}

interface Identified {
  readonly client_id?: string;
  readonly request_id?: number;
  readonly cancel_id?: string;
}

/** An acquire has a number, an id by which it can be cancelled in its session, or neither. */
export function idsAreWrong({
  client_id,
  request_id,
  cancel_id,
}: Identified): RequestError | undefined {
  if (cancel_id === undefined) return undefined;
  if (request_id !== undefined)
    return invalid('cancel_id', 'Provide either request_id or cancel_id, not both.');
  if (client_id !== undefined)
    return invalid(
      'cancel_id',
      '"cancel_id" is for requests of a session. With client_id provide request_id.',
    );
  return undefined;
}

export function invalid(field: string, message: string): RequestError {
  return new RequestError('invalid_request', message, { field });
}
