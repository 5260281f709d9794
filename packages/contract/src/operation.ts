/**
 * What is declared of an operation. All interfaces, and what clients know of it, are derived from this.
 *
 * ABSENT-1: a status of a resource of any kind is answered also where nobody has made or uses it: 200, with null for what
 *     only one that is there has, and empty lists. What acts on one that has to be made first (a resize, a count-down, a
 *     redrive) is refused with the code of its kind (`queue_not_found`, ...), 404.
 */
import type { MessageFields, Message } from './schema.ts';

/**
 * How a request may be sent again while its outcome is not known.
 *
 * - `always`: a second execution changes nothing more than the first.
 * - `numbered`: with its request id, increasing in the session or for the client, it is executed once.
 * - `by_id`: with its request id, any unique text, it is executed once.
 * - `never`: a second execution may do something else.
 */
export type Repeat = 'always' | 'numbered' | 'by_id' | 'never';

/** What is asked for, as an access rule asks about it. */
export type Verb =
  /** Looks at it. */
  | 'read'
  /** Takes, keeps and gives back holds; enters, leaves, counts down. */
  | 'acquire'
  /** Creates, changes and deletes it for everybody. */
  | 'manage'
  /** Puts messages into a queue. */
  | 'push'
  /** Takes messages, and says what became of them. */
  | 'consume'
  | 'cache_read'
  | 'cache_write'
  /** For operators: ends holds of others, changes the members, takes backups. */
  | 'admin';

/** What it does to a session itself. */
type SessionEffect =
  /** Its answer names a session that its request did not: it stands from then on. */
  | 'creates'
  /** The session that its request names is over afterwards. */
  | 'ends';

/** What it is to those who hold something already. */
type ForHolders =
  /** It keeps what its caller holds. */
  | 'keeps'
  /** It gives that back, or cancels what was asked for. */
  | 'gives_back';

export interface RequiredAccess {
  readonly verb: Verb;
  /** The kind of what is asked for: `lock`, `session`, `cluster`, ... */
  readonly resource: string;
  /** The name where the request names none; all of the kind are meant when absent. */
  readonly whenUnnamed?: string;
  /** All of the kind is meant, whatever the request names. */
  readonly whole?: true;
  /** Where it names nothing, of all of the kind that alone is told which its caller may read. */
  readonly filtered?: true;
  /** It tells nobody anything that only some may know: no rule is asked. */
  readonly open?: true;
}

export type Method = 'GET' | 'POST' | 'DELETE';

/** One path of HTTP. Fields of the request in braces stand in the path. */
export interface HttpBinding {
  readonly method: Method;
  readonly path: string;
  readonly summary: string;
  /** Its section of the OpenAPI document, where that is not the one of its group. */
  readonly tag?: Tag;
  /** 503 instead of 200 for an answer whose `status` is `unavailable`. */
  readonly unavailable?: true;
  /** Another way to write a path of the same operation that the documents tell of. */
  readonly alias?: true;
}

export type Tag =
  | 'sessions'
  | 'locks'
  | 'semaphores'
  | 'elections'
  | 'synchronization'
  | 'queues'
  | 'cache'
  | 'events'
  | 'cluster'
  | 'operations'
  | 'admin';

/** A method of gRPC. */
export interface GrpcBinding {
  readonly method: string;
  readonly comment: string;
}

interface Declared {
  /** As on the client stream, in metrics and in the OpenAPI document. */
  readonly name: string;
  readonly request: Message;
  /** Executed, or proven to be current, by the leader: its errors tell what becomes of it where there is none (`errorsOf`). */
  readonly needsLeader: boolean;
  /** Codes, beside those that `errorsOf` adds. */
  readonly errors: readonly string[];
  readonly access: RequiredAccess;
  readonly http: readonly HttpBinding[];
  /** It is never refused for how often somebody asks, and has room of its own on a stream (RATE-2 and STREAM-5 of the api). */
  readonly forHolders?: ForHolders;
  /** A stream follows a session that was created on it, and none that is to end (FOLLOWED-4 of the api). */
  readonly sessionEffect?: SessionEffect;
  /**
   * It becomes a command in the log even where its caller holds nothing, so those that were refused are limited (RATE-5 of the api).
   * The kind of hold that is looked for beyond that limit; `other`: it is told to come again.
   */
  readonly returns?: 'lock' | 'semaphore' | 'election' | 'other';
  /** No command in the log of the cluster tells that it was done: its node records it (AUDITING-1 of the api). */
  readonly isUnlogged?: true;
  /** Asked by monitors all the time: no read that is recorded (AUDITING-4 of the api). */
  readonly isProbe?: true;
  /** It begins no trace of its own (TRACED-2 of the api), and clients make no span for it. */
  readonly isUntraced?: true;
}

/** One request, one answer. */
export interface UnaryOperation extends Declared {
  readonly kind: 'unary';
  readonly answer: Message;
  readonly repeat: Repeat;
  /** Whether it may change more than how long something is kept alive. */
  readonly changes: boolean;
  /** It may wait, and its caller may cancel the wait; it also ends with the right to it (DENY-4 of the api). */
  readonly waits?: true;
  /** It executes many commands, one after the other, and stops between two of them where a wait would end. */
  readonly isLongRunning?: true;
  /** How `cancel_request` names the wait queue in which it waits. */
  readonly waitKind?: string;
  /** Offered on the client stream and to the relay of HTTP. */
  readonly onStream: boolean;
  readonly grpc?: GrpcBinding;
}

/** One request, or many, and then messages for as long as it stands. */
export interface StreamOperation extends Declared {
  readonly kind: 'stream';
  /** What is told on gRPC. */
  readonly tells: Message;
  /** With what the client stream answers, where it has it: its events are pushes. */
  readonly begun?: Message;
  readonly direction: 'down' | 'both';
  /** It is another way to ask for this operation, as which all that it does is validated and admitted. */
  readonly performs?: string;
  readonly grpc: GrpcBinding;
}

/** An answer that is not JSON of a schema; HTTP alone has it. */
export interface DocumentOperation extends Declared {
  readonly kind: 'document';
  readonly contentType: string;
  /** Of the answer, each with what it says. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What only a client stream can do. */
export interface StreamControl extends Declared {
  readonly kind: 'control';
  readonly answer: Message;
}

export type Operation = UnaryOperation | StreamOperation | DocumentOperation | StreamControl;

/** What is declared together: a service of gRPC, a file of Protocol Buffers, a module of types. */
export interface Group {
  /** Of the files that are made from it. */
  readonly name: string;
  /** Of the service of gRPC. */
  readonly service?: string;
  readonly description: string;
  /** The section of the OpenAPI document. */
  readonly tag: Tag;
  /** What its operations change may be kept outside the log of the cluster (`queues.store`). */
  readonly hasOwnStore?: true;
  readonly operations: readonly Operation[];
  readonly errors: Readonly<Record<string, ErrorDeclaration>>;
}

/** The codes of gRPC that errors are told with. */
export type GrpcStatus =
  | 'CANCELLED'
  | 'UNKNOWN'
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'ABORTED'
  | 'OUT_OF_RANGE'
  | 'UNIMPLEMENTED'
  | 'INTERNAL'
  | 'UNAVAILABLE'
  | 'UNAUTHENTICATED';

export interface ErrorDeclaration {
  /** Of HTTP. */
  readonly status: number;
  readonly grpc: GrpcStatus;
  readonly title: string;
  /**
   * `never` (the request itself is wrong or lost its case), `later` (nothing was done, the same request may
   * succeed later), `same` (outcome unknown or not begun: repeat with the same request id).
   */
  readonly retry: 'never' | 'later' | 'same';
  /** Whether the request that is answered so may have had an effect; `none` when absent. */
  readonly effect?: 'perhaps';
  /**
   * Who found it so. `cluster`: the replicated state, about this very request, so it holds for all copies of
   * it that were sent under its request id. `node`: one node by itself, about the copy that came to it.
   * `client`: no node at all.
   */
  readonly by: 'cluster' | 'node' | 'client';
  /** What else has to be known of the effect. */
  readonly note?: string;
  /** Who answers with it, where that is no path of HTTP. */
  readonly answeredBy?: string;
}

/** Whether what executes it is told that its caller has gone, or may do it no more. */
export const isCancellable = (operation: Operation): boolean =>
  operation.kind === 'unary' && (operation.waits === true || operation.isLongRunning === true);

// ---- declaring ----------------------------------------------------------------------------------

type Common = Omit<UnaryOperation, 'kind' | 'changes' | 'needsLeader' | 'onStream' | 'repeat'>;

/** Only looks, or extends what is there. */
export const reading = (declared: Common): UnaryOperation => ({
  kind: 'unary',
  repeat: 'always',
  changes: false,
  needsLeader: true,
  onStream: true,
  ...declared,
});

/** Becomes a command in the log. */
export const changing = (repeat: Repeat, declared: Common): UnaryOperation => ({
  kind: 'unary',
  repeat,
  changes: true,
  needsLeader: true,
  onStream: true,
  ...declared,
});

type More = Pick<HttpBinding, 'tag' | 'unavailable' | 'alias'>;
type Bind = (path: string, summary: string, more?: More) => HttpBinding;
const binder =
  (method: Method): Bind =>
  (path, summary, more = {}) => ({ method, path, summary, ...more });
export const get: Bind = binder('GET');
export const post: Bind = binder('POST');
export const remove: Bind = binder('DELETE');

/** The same at another path. */
export const aliasOf = (binding: HttpBinding, path: string): HttpBinding => ({
  ...binding,
  path,
  alias: true,
});

/** What a method is asked: `Acquire` and its type in TypeScript. */
export const request = (method: string, typeName: string, fields: MessageFields): Message => ({
  typeName,
  protoName: `${method}Request`,
  description: `Request of ${method}.`,
  fields,
});

/** What a method answers. */
export const answer = (method: string, typeName: string, fields: MessageFields): Message => ({
  typeName,
  protoName: `${method}Response`,
  description: `What ${method} answers.`,
  fields,
});
