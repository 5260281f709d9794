/** Who calls the engine, and how long the call may take. */
import type { TraceSpan } from '@holdfast/protocol';

/**
 * Who asks. It goes with commands, reads, keepalives and changes of the cluster to the leader, wherever that is, and
 * with commands into the log.
 */
export interface Caller {
  /** As authenticated; `anonymous` where it was not. */
  readonly identity: string;
  /** How the identity was proven; absent where the node asks by itself. */
  readonly proof?: string;
  /** From where; absent where that is not known. */
  readonly address?: string;
  /** The revision as of which its node found that it may do this (OWNER-2 of the state). */
  readonly authorizedAt?: number;
  /** It may administer sessions: it sees those of others, and may end them. */
  readonly isAdministrator?: true;
}

export type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

/** As much of it as goes with a call. */
export function callerIn(caller: Caller): Caller {
  const own: Writable<Caller> = { identity: caller.identity };
  tellCaller(own, caller);
  return own;
}

/**
 * Tells there who asks, and leaves out what is not known. Assigned field by field: this is the hot path, and an object that is put together
 * of parts that may be empty takes V8 several times as long.
 */
export function tellCaller(
  to: Writable<Omit<Caller, 'identity'>>,
  { proof, address, authorizedAt, isAdministrator }: Caller,
): void {
  if (proof !== undefined) to.proof = proof;
  if (address !== undefined) to.address = address;
  if (authorizedAt !== undefined) to.authorizedAt = authorizedAt;
  if (isAdministrator !== undefined) to.isAdministrator = isAdministrator;
}

export interface CallOptions extends Caller {
  /** Of the caller: aborted where it wants no answer any more, with one of `cancelReasons` (caller-signal.ts). */
  readonly signal?: AbortSignal;
  /** The longest this call may take beyond the wait of an acquire. */
  readonly timeoutMs?: number;
  readonly ackedBelow?: number;
  /** Of a request whose id has no order: STAMP-4 of stamps.ts. Set by the engine. */
  readonly askedAt?: number;
  /** What the spans of the command are begun under; absent: it has none. */
  readonly trace?: TraceSpan;
}
