/** What access rules, an embedding program's own rule and the audit are told of a request (access.ts tells it). */
import type { Verb } from '@holdfast/contract';
import type { ErrorCode } from '@holdfast/protocol';
import type { Caller } from './caller.ts';

export interface Resource {
  /** `session`, `hold` (a lock, semaphore or election, whichever is held), or as the contract's groups name what they are about. */
  readonly kind: string;
  /** Undefined: all of the kind. */
  readonly name: string | undefined;
  /** Asked of it instead of the verb of the operation. */
  readonly verb?: Verb;
}

/** What is asked for. */
export interface AccessRequest {
  /** As in the client stream, or as `operationId` in the OpenAPI document. */
  readonly operation: string;
  readonly verb: Verb;
  readonly resources: readonly Resource[];
  /** What it tells of is left to what its caller may read, where it names nothing. */
  readonly isFiltered: boolean;
  /** No rule is asked. */
  readonly isOpen: boolean;
  /** It changes something. */
  readonly changes: boolean;
  /** As it was validated. */
  readonly body: object;
}

/**
 * A rule of whoever embeds the api, beside those of the cluster. Throws `HoldfastError` (`unauthorized`, `forbidden`, `limit_exceeded`) to refuse.
 * Of a request that waits it is asked again twice a second (DENY-4), so it counts nothing by its calls.
 */
export type Authorize = (caller: Caller, request: AccessRequest) => void;

/** What became of a request: `begun` for what goes on telling, `done`, or the code that it was refused with. */
export type AuditOutcome = 'begun' | 'done' | ErrorCode;

/** Called once for each request that was valid. It must not throw, and what it does costs the caller. */
export type Audit = (caller: Caller, request: AccessRequest, outcome: AuditOutcome) => void;
