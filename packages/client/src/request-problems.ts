/**
 * What is wrong with a request before it is sent.
 *
 * REQUEST-3: what is no request is refused to whoever asks, by the promise of the call and before anything of it is kept: programs
 *     without types ask, too.
 */
import { HoldfastError } from '@holdfast/protocol';
import { isAsked } from './request.ts';

/** @returns What is wrong with it; undefined: it may be asked (REQUEST-3). */
export function problemOfOperation(operation: string): HoldfastError | undefined {
  if (isAsked(operation)) return undefined;
  return invalid(`There is no operation ${quotedValue(operation)}.`, 'operation');
}

/** REQUEST-3. @param signal Of its settings. */
export function problemOfRequest(
  operation: string,
  body: unknown,
  signal: unknown,
): HoldfastError | undefined {
  const wrong = problemOfOperation(operation);
  if (wrong !== undefined) return wrong;
  if (operation !== 'ping' && (typeof body !== 'object' || body === null))
    return invalid(`The body of ${operation} is an object, not ${quotedValue(body)}.`, 'body');
  if (signal === undefined || isSignal(signal)) return undefined;
  return invalid(`"signal" is an AbortSignal, not ${quotedValue(signal)}.`, 'signal');
}

/** Also of another realm, or of a library. */
const isSignal = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  'addEventListener' in value &&
  typeof value.addEventListener === 'function';

const quotedValue = (value: unknown): string =>
  typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : typeNameOf(value);

const typeNameOf = (value: unknown): string =>
  value === null || value === undefined ? String(value) : `a value of type ${typeof value}`;

const invalid = (what: string, field: string): HoldfastError =>
  new HoldfastError('invalid_request', `${what} Nothing was done.`, { field });
