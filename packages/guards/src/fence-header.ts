/** A fence token on its way through HTTP: the header `Fence-Token`, its value in decimal digits. */
import { assertFenceToken, parseFenceToken } from './fence-token.ts';
import type { Grant } from './fence-token.ts';

/** The name of the header. No "X-" before it: RFC 6648. */
export const fenceTokenHeader = 'Fence-Token';

/**
 * Puts the token of a hold into the headers of a request.
 *
 * @param grant The hold (or its token).
 * @param init What else `fetch` shall be given. It is not changed; a `Fence-Token` in it is replaced.
 * @returns What to give to `fetch`.
 * @throws HoldfastError `invalid_request` for what cannot be a fence token.
 * @example
 * await fetch('http://files/report', withFence(hold, { method: 'PUT', body: report }));
 */
export function withFence(grant: Grant, init: RequestInit = {}): RequestInit {
  assertFenceToken(grant.fenceToken);
  const headers = new Headers(init.headers);
  headers.set(fenceTokenHeader, String(grant.fenceToken));
  return { ...init, headers };
}

/** The headers of a request: those of `fetch`'s `Request`, or of `node:http` (whose names are in small letters). */
export type RequestHeaders =
  Pick<Headers, 'get'> | Readonly<Record<string, string | readonly string[] | undefined>>;

/** A token that a request carries, or why there is none: the header is `missing`, or `malformed`. */
export type ReadToken = number | 'missing' | 'malformed';

/** Reads the token of a request. Two headers are malformed, not the first or the larger: somebody is mistaken. */
export function readFenceToken(headers: RequestHeaders): ReadToken {
  const value = hasGet(headers)
    ? headers.get(fenceTokenHeader)
    : headers[fenceTokenHeader.toLowerCase()];
  if (value === undefined || value === null) return 'missing';
  return (typeof value === 'string' ? parseFenceToken(value) : undefined) ?? 'malformed';
}

/** By its method and not by its class: servers bring classes of their own. */
function hasGet(headers: RequestHeaders): headers is Pick<Headers, 'get'> {
  return typeof headers.get === 'function';
}
