/** What requests of a stream have to be, and how they are refused where they are not. */
import { wrongAckedBelow } from '../pipeline/acked-below.ts';
import type { Outcome } from '../operations/context.ts';
import { RequestError } from '../request-error.ts';

/** Without the list of all: a frame may ask for thousands of these. */
export function noSuchOperation(name: string): RequestError {
  return new RequestError(
    'route_not_found',
    `There is no operation ${JSON.stringify(name.slice(0, 80))}. See the path /operations/{operation} of GET /openapi.json for all of them; a stream also has watch, unwatch, cache_keep, cache_dropped, cancel, hello and ping.`,
  );
}

export const wrongAnsweredBelow = (told: unknown): RequestError =>
  wrongAckedBelow(told, { what: 'The fourth element', field: 'ackedBelow' });

export function tooManyRequests(limit: number): RequestError {
  return new RequestError(
    'overloaded',
    `This stream has ${String(limit)} requests in flight, which is its limit. The request was not executed. Wait for responses first.`,
    { limit },
  );
}

/** The key that "hello" shows. @param hasAsked Whether another request came before it. */
export function keyIn(body: unknown, hasAsked: boolean): Outcome<string> {
  const key =
    typeof body === 'object' && body !== null && 'api_key' in body ? body.api_key : undefined;
  if (typeof key !== 'string')
    return new RequestError('invalid_request', '"hello" requires {"api_key": "hf_..."}.', {
      field: 'api_key',
    });
  return hasAsked
    ? new RequestError('invalid_request', '"hello" has to come before every other request.')
    : key;
}
