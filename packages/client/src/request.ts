/**
 * What may be done with a request while it is unanswered.
 *
 * REQUEST-1: a request is sent again, with the same ids, only where a second execution is impossible or changes nothing more than the
 *     first: reads, keepalives, what is declared so (`always`: it takes away, or says how something is to be), and whatever carries a
 *     request id, or is pushed with a dedup id. What gives somebody rights is none of these: a copy that comes late would give
 *     back what was taken away since.
 * REQUEST-2: it is sent again as well, whatever it is, where the node that answers has not executed it: because it finds no
 *     leader, is shutting down, or authorized it by rights that have changed since.
 */
import { ofHolders, operationTraits, streamFrameNames } from '@holdfast/protocol';
import type {
  ErrorCode,
  OperationName,
  Operations,
  OperationTraits,
  StreamFrameName,
} from '@holdfast/protocol';

/** What a frame of the stream asks for. */
export type AskedOperation = OperationName | StreamFrameName;

/** What is known of what only a stream has: a watch is begun anew, the others ask or acknowledge. */
const readOnly: OperationTraits = {
  repeat: 'always',
  changes: false,
  waits: false,
  session: 'none',
};

const traitsOf = (operation: AskedOperation): OperationTraits =>
  isOfStream(operation) ? readOnly : operationTraits[operation];

const isOfStream = (operation: AskedOperation): operation is StreamFrameName =>
  streamFrameNames.has(operation);

export const changesNothing = (operation: AskedOperation): boolean => !traitsOf(operation).changes;

/** REQUEST-1. */
export const isRepeatable = (operation: AskedOperation, body: unknown): boolean =>
  traitsOf(operation).repeat === 'always' ||
  (body as { request_id?: unknown }).request_id !== undefined ||
  isDeduplicated(body as Partial<Deduplicated>);

/** REQUEST-2. */
export const isOfCopyAlone = (code: ErrorCode): boolean =>
  code === 'not_leader' || code === 'shutting_down' || code === 'access_changed';

interface Deduplicated {
  readonly dedup_id: string;
  readonly messages: readonly Partial<Deduplicated>[];
}

/** A push by dedup id is executed once. */
const isDeduplicated = ({ dedup_id, messages }: Partial<Deduplicated>): boolean =>
  dedup_id !== undefined ||
  (Array.isArray(messages) &&
    messages.every((one: Partial<Deduplicated> | null) => one?.dedup_id !== undefined));

/** What keeps, cancels or gives back: it goes before what wants, and has room of its own. */
export const isOfHolders = (operation: AskedOperation): boolean => ofHolders.has(operation);

export const mayWait = (operation: AskedOperation): boolean => traitsOf(operation).waits;

/** How long it asks to wait, in ms. */
export function waitMsIn(body: unknown): number {
  const { wait_seconds: seconds } = (body ?? {}) as { readonly wait_seconds?: unknown };
  return typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : 0;
}

/** For how long the implicit session of an acquire stands without a renewal, in ms; 0: it says nothing. */
export function ttlMsIn(body: unknown): number {
  const { ttl_seconds: seconds } = (body ?? {}) as { readonly ttl_seconds?: unknown };
  return typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : 0;
}

/**
 * The request that cancels another one by its number, or by the id that it has for that, whatever became of it;
 * undefined: it has neither.
 */
export function cancelRequestOf(
  operation: AskedOperation,
  body: unknown,
): Operations['cancel_request']['body'] | undefined {
  if (!isAsked(operation) || typeof body !== 'object' || body === null) return undefined; // REQUEST-3
  const kind = traitsOf(operation).waitKind;
  const { session_id, client_id, request_id, cancel_id, name, resources } = body as {
    readonly session_id?: string;
    readonly client_id?: string;
    readonly request_id?: number;
    readonly cancel_id?: string;
    readonly name?: string;
    readonly resources?: readonly { readonly name: string }[];
  };
  const named = name ?? resources?.[0]?.name;
  if (kind === undefined || named === undefined) return undefined;
  if (request_id === undefined)
    return session_id === undefined || cancel_id === undefined
      ? undefined
      : { session_id, cancel_id, kind, name: named };
  if (session_id !== undefined) return { session_id, request_id, kind, name: named };
  return client_id === undefined ? undefined : { client_id, request_id, kind, name: named };
}

/** Programs without types ask for others, too. */
export const isAsked = (operation: string): operation is AskedOperation =>
  isOfStream(operation as AskedOperation) || Object.hasOwn(operationTraits, operation);
