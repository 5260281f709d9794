/** Why a node was not reached. `fetch` says only that it failed; why is in its cause, and of several addresses in the first error. */

/** No connection came about. */
const notConnected: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
  'bad port',
]);
/** What OpenSSL and Node say of certificates and of the protocol. */
const ofHandshake =
  /^(?:ERR_SSL_|ERR_TLS_|EPROTO$|CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|INVALID_(?:CA|PURPOSE)$|PATH_LENGTH_EXCEEDED$|HOSTNAME_)/;
/** Of what comes over a connection that has been there, an answer for one. */
const ofRecord = /BAD_RECORD_MAC/;

/** The error that says it. */
function rootOf(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return rootOf(error.errors[0]);
  const isNamed = error instanceof Error && 'code' in error && typeof error.code === 'string';
  return error instanceof Error && !isNamed && error.cause instanceof Error
    ? rootOf(error.cause)
    : error;
}

/** `ECONNREFUSED`, or what else the platform says. */
export function causeOf(error: unknown): string {
  const root = rootOf(error);
  if (!(root instanceof Error)) return String(root);
  return 'code' in root && typeof root.code === 'string' ? root.code : root.message;
}

/** Somebody listens, and no connection over TLS comes about. */
export const isOfHandshake = (error: unknown): boolean => ofHandshake.test(causeOf(error));

/** Nothing of a request can have been executed. */
export function wasNothingSent(error: unknown): boolean {
  const cause = causeOf(error);
  const root = rootOf(error);
  const isOfConnect = root instanceof Error && 'syscall' in root && root.syscall === 'connect';
  return (
    notConnected.has(cause) || isOfConnect || (ofHandshake.test(cause) && !ofRecord.test(cause))
  );
}
