/** What requests of a stream have to be, and how they are refused where they are not. */
import { streamFrameNames } from '@holdfast/protocol';
import type { OperationContext, Outcome } from '../operations/context.ts';
import { wrongAckedBelow } from '../pipeline/acked-below.ts';
import type { Caller } from '../pipeline/caller.ts';
import { RequestError } from '../request-error.ts';
import { readHello } from './own-frames.ts';
import type { StreamWaits } from './waits.ts';

const frameNames = [...streamFrameNames].join(', ');

/** Without the list of all: a frame may ask for thousands of these. */
function noSuchOperation(name: string): RequestError {
  return new RequestError(
    'route_not_found',
    `There is no operation ${JSON.stringify(name.slice(0, 80))}. See the path /operations/{operation} of GET /openapi.json for all of them; a stream also has ${frameNames}.`,
  );
}

/** @param tooMany Why no other request would be looked at: these two go on however many were sent (RATE-2 of pipeline/rates.ts). */
export function answerOwn(
  name: string,
  body: unknown,
  waits: Pick<StreamWaits, 'cancel'>,
  tooMany: RequestError | undefined,
): Outcome<object> {
  if (name === 'cancel') return waits.cancel(body);
  if (name === 'ping') return {}; // OWN-FRAME-1
  return tooMany ?? noSuchOperation(name);
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
  const asked = readHello(body);
  if (asked instanceof RequestError) return asked;
  return hasAsked
    ? new RequestError('invalid_request', '"hello" has to come before every other request.')
    : asked.api_key;
}

/** Who shows this key; nobody where the node asks for no proof. */
export function provenBy(
  key: string,
  { service, caller }: OperationContext,
): Outcome<Caller> | undefined {
  return service.control?.authenticate({
    authorization: `Bearer ${key}`,
    certificateNames: () => [],
    address: caller.address,
  });
}
