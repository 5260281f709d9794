/**
 * Ids that this node makes. Where the caller numbers its request, the id follows from the request,
 * so that a repetition on any node names the same session: no table of what was seen is needed.
 *
 * ID-1: an id follows from the identity of its caller as well: nobody's request names the session of another identity,
 *     whatever it tells. So an id follows from something else once authentication is on
 *     (docs/decisions/0039-ids-and-identities.md).
 */
import { hash, randomUUID } from 'node:crypto';
import type { FenceToken, ResourceName, SessionId } from '@holdfast/state';

/** A UUID (version 8: made by an algorithm of our own) that follows from these parts alone. */
function derivedUuid(parts: readonly (string | number)[]): string {
  const digest = hash('sha256', JSON.stringify(parts), 'hex');
  const variant = ((Number.parseInt(digest.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `8${digest.slice(13, 16)}`,
    `${variant}${digest.slice(17, 20)}`,
    digest.slice(20, 32),
  ].join('-');
}

/** Id of a new session. */
export function newSessionId(
  identity: string,
  clientId: string,
  requestId: string | undefined,
): SessionId {
  if (requestId === undefined) return randomUUID() as SessionId;
  return derivedUuid(['session', identity, clientId, requestId]) as SessionId;
}

/** Id of the session that an acquire by client id makes for its own hold. */
export function implicitSessionId(
  identity: string,
  clientId: string,
  name: string,
  requestId: number | undefined,
): SessionId {
  if (requestId === undefined) return randomUUID() as SessionId;
  return derivedUuid(['own', identity, clientId, name, requestId]) as SessionId;
}

/** A lock's name stands alone, so that what was asked of an older node is found again. */
export const ownedName = (kind: string, name: string): string =>
  kind === 'lock' ? name : `${kind} ${name}`;

/** The client id of a caller that gives none; the same for a repeated request. */
export function unnamedClientId(requestId: string | undefined): string {
  const id = requestId === undefined ? randomUUID() : derivedUuid(['client', requestId]);
  return `client-${id.slice(0, 8)}`;
}

let requestCounter = 0;
const requestPrefix = randomUUID();
/** Id of a request that came without one: unique, and made once before any forwarding. */
export function newRequestId(): string {
  requestCounter += 1;
  return `${requestPrefix}-${requestCounter.toString(36)}`;
}

interface Identified {
  readonly request_id?: number;
  readonly cancel_id?: string;
}

/** Repetitions inside the cluster are recognised also where the caller numbers nothing. */
export const requestIdOf = ({
  request_id,
  cancel_id,
}: Identified): { readonly requestId: number | string } => ({
  requestId: request_id ?? cancel_id ?? newRequestId(),
});

// What has passed validation gets its brand here and nowhere else.
export const asSessionId = (text: string): SessionId => text as SessionId;
export const asResourceName = (text: string): ResourceName => text as ResourceName;
export const asFenceToken = (number: number): FenceToken => number as FenceToken;
