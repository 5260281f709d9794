/** What the parts of a request have to be, and how it is refused where they are not. */
import { streamOperations } from '../pipeline/perform.ts';
import { RequestError } from '../request-error.ts';

export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

export function noSuchOperation(name: string): RequestError {
  const known = [...streamOperations.keys()].join(', ');
  return new RequestError(
    'route_not_found',
    `There is no operation ${JSON.stringify(name.slice(0, 80))}. Known: ${known}, watch, unwatch, cache_keep, cache_dropped, cancel, ping.`,
  );
}

export function wrongAnsweredBelow(value: unknown): RequestError {
  return new RequestError(
    'invalid_request',
    `The fourth element, the request id below which all responses have arrived, must be a whole number from 0, or null; given: ${JSON.stringify(value).slice(0, 80)}.`,
    { field: 'ackedBelow' },
  );
}

export function tooManyRequests(limit: number): RequestError {
  return new RequestError(
    'overloaded',
    `This stream has ${String(limit)} requests in flight, which is its limit. The request was not executed. Wait for responses first.`,
    { limit },
  );
}
