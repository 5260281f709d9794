/** Every path of the HTTP interface, as the operations declare them, and the relay. */
import { bodyErrors, errorsOf as errorsOfOperation, groups } from '@holdfast/contract';
import type { DocumentOperation, HttpBinding, Method, Operation, Tag } from '@holdfast/contract';
import type { ErrorCode } from '@holdfast/protocol';
import { isFreeOfRates } from '../pipeline/rates.ts';
import { hasOwnRoom } from '../turns/own-room.ts';
import { operationOf, otherOf, streamOperations } from '../pipeline/perform.ts';
import type { ServedOther, ServedUnary } from '../pipeline/perform.ts';

interface Path {
  readonly method: Method;
  /** Fields of the operation's body in braces stand in the path. */
  readonly path: string;
  /** Its section of the OpenAPI document. */
  readonly tag: Tag;
  readonly summary: string;
  /** The documents tell of another path in its place. */
  readonly isAlias: boolean;
}

/** A path that answers with an operation's answer. */
export interface OperationRoute extends Path {
  readonly kind: 'operation';
  readonly operation: ServedUnary;
  /** 503 instead of 200 for an answer that says of itself that it is unavailable. */
  readonly mayBeUnavailable: boolean;
}

/** A path that answers with a document of another kind. */
export interface DocumentRoute extends Path {
  readonly kind: 'document';
  readonly operation: ServedOther;
  readonly document: DocumentOperation;
}

/** A path that goes on telling events. */
export interface EventsRoute extends Path {
  readonly kind: 'events';
  readonly operation: ServedOther;
}

/** One path for every operation of the stream, by its name: for clients that cannot have a stream. */
export interface RelayRoute extends Path {
  readonly kind: 'relay';
}

export type Route = OperationRoute | DocumentRoute | EventsRoute | RelayRoute;

function routeOf(declared: Operation, binding: HttpBinding, groupTag: Tag): Route {
  const { method, path, summary, tag = groupTag, unavailable = false } = binding;
  const at = { method, path, summary, tag, isAlias: binding.alias === true };
  switch (declared.kind) {
    case 'unary':
      return {
        kind: 'operation',
        ...at,
        operation: operationOf(declared.name),
        mayBeUnavailable: unavailable,
      };
    case 'document':
      return { kind: 'document', ...at, operation: otherOf(declared.name), document: declared };
    case 'stream':
    case 'control':
      return { kind: 'events', ...at, operation: otherOf(declared.name) };
  }
}

const relayRoute: Route = {
  kind: 'relay',
  method: 'POST',
  path: '/operations/{operation}',
  tag: 'operations',
  isAlias: false,
  summary:
    'Any operation of the client stream by name, with its body: for clients without a stream.',
};

export const routes: readonly Route[] = [
  ...groups.flatMap(({ operations: own, tag }) =>
    own.flatMap((declared) => declared.http.map((binding) => routeOf(declared, binding, tag))),
  ),
  relayRoute,
];

const pathsOfHolders: ReadonlySet<string> = new Set(
  routes.flatMap((route) =>
    route.kind === 'operation' && hasOwnRoom(route.operation.declared)
      ? [`${route.method} ${route.path}`]
      : [],
  ),
);

/** Whether it keeps or gives back what is held, or is a probe (REQUEST-TURN-4). @param relayed The operation, on the path of all of them. */
export const isForHolders = (method: string, path: string, relayed: unknown): boolean =>
  path === relayRoute.path
    ? typeof relayed === 'string' && isFreeOfRates(relayed)
    : pathsOfHolders.has(`${method === 'HEAD' ? 'GET' : method} ${path}`);

const relayedErrors = (): readonly string[] =>
  [...streamOperations.values()].flatMap(({ declared }) => errorsOfOperation(declared));

/** Every error code that a path can answer with. */
export function errorsOf(route: Route): readonly ErrorCode[] {
  const own: readonly string[] =
    route.kind === 'relay'
      ? ['route_not_found', ...relayedErrors()]
      : errorsOfOperation(route.operation.declared);
  const body = route.method === 'GET' ? [] : bodyErrors;
  return [...new Set([...own, ...body])] as readonly ErrorCode[];
}

/** Names in braces in a path. */
export function pathFields(path: string): readonly string[] {
  return [...path.matchAll(/\{([a-z_]+)\}/g)].map((match) => match[1] ?? '');
}
