/**
 * A request that is answered with a problem. A value and not a throw: "somebody else holds it" is
 * everyday news, and a stack trace for each costs more than the answer.
 */
import { HoldfastError } from '@holdfast/protocol';
import type { ErrorCode, ErrorDetails } from '@holdfast/protocol';
import type { Refusal } from '@holdfast/state';
import { refusalText, wireCodeOf } from './refusal-texts.ts';

export class RequestError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    this.code = code;
    this.message = message;
    this.details = details;
  }
}

/** When it makes sense to ask again: as it says, and where nobody knows better, soon. */
export function retryAfterSeconds({ details }: Pick<RequestError, 'details'>): number {
  const told = details['retry_after_seconds'];
  return typeof told === 'number' ? told : 1;
}

/** Refused by what the cluster knows, and no entry of the log tells of it: the node that was asked records it (AUDITING-1). */
export class UnloggedRefusal extends RequestError {}

/** A refusal of the state machine, as the wire tells it. */
export function requestErrorOf(refusal: Refusal): RequestError {
  // The limits of the state are those of the cluster: another node refuses the same.
  const details =
    refusal.code === 'limit_exceeded' ? { ...refusal.details, scope: 'cluster' } : refusal.details;
  const code = wireCodeOf(refusal.code);
  return new RequestError(
    code,
    refusalText({
      code,
      message: refusal.message,
      ...(refusal.details === undefined ? {} : { details: refusal.details }),
    }),
    details,
  );
}

/** What was thrown, as the wire tells it; undefined for an error that has no code: one of this node's own. */
export function requestErrorWhere(error: unknown): RequestError | undefined {
  return error instanceof HoldfastError
    ? new RequestError(error.code, error.message, error.details)
    : undefined;
}

/** Told where this node met an error of its own; the error itself is in its log. */
export const internalError: RequestError = new RequestError(
  'internal',
  'The node had an internal error and logged it. The request may have been executed. See the log of the node.',
);

export const stoppingError: RequestError = new RequestError(
  'shutting_down',
  'This node is shutting down. The request may have been executed. Retry on another node with the same request id.',
);
