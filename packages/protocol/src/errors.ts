/**
 * Every error of the service: its stable code, the HTTP status, what a client should do, and what may have
 * been done. Whoever acts on an error (the client, a node, docs/errors.md) reads it here and nowhere else.
 */
import type { ErrorEffect } from './error-definition.ts';
import { errorDefinitions } from './generated/error-definitions.ts';
import type { ErrorCode } from './generated/error-definitions.ts';

export type ErrorDetails = { readonly [key: string]: unknown };

export interface HoldfastErrorOptions extends ErrorOptions {
  /** Where more is known than the code tells, for example that nothing was ever sent. */
  readonly effect?: ErrorEffect;
}

/** What comes from elsewhere may have any code: of a newer node, or of none. */
export const isErrorCode = (code: unknown): code is ErrorCode =>
  typeof code === 'string' && Object.hasOwn(errorDefinitions, code);

/** The one error class of the service and its clients; told apart by `code`. */
export class HoldfastError extends Error {
  override readonly name: string = 'HoldfastError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  /** Whether the request that ended so may have had an effect. */
  readonly effect: ErrorEffect;

  constructor(
    code: ErrorCode,
    message: string,
    details: ErrorDetails = {},
    options?: HoldfastErrorOptions,
  ) {
    super(message, options);
    this.code = code;
    this.details = details;
    this.effect = options?.effect ?? errorDefinitions[code].effect;
  }
}

/** RFC 9457 problem document. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly [detail: string]: unknown;
}

/** Its code, or `internal` where it has none that is known here. */
export const codeIn = ({ code }: { readonly code?: unknown }): ErrorCode =>
  isErrorCode(code) ? code : 'internal';

/** The problem document of an error, or of anything that has its parts. */
export function toProblem(error: {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
}): Problem {
  const definition = errorDefinitions[error.code];
  return {
    ...error.details,
    type: `https://holdfast.dev/errors/${error.code}`,
    title: definition.title,
    status: definition.status,
    detail: error.message,
    code: error.code,
  };
}
