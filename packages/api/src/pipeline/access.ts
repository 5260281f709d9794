/**
 * What access rules and the audit are told of a request.
 *
 * ACCESS-1: `authorize` and `audit` are called here and nowhere else, each in one place, for every operation of every
 *     interface: after its validation and before anything is done, and once it is known what became of it. What waits is
 *     authorized again in the same way, by the rules and by `authorize`: a wait that either refuses ends with that.
 * ACCESS-2: where the state refuses a command because what its caller may do has changed since (OWNER-2), it is
 *     authorized anew by the rules that this node knows by then, and executed again where they admit it.
 * ACCESS-3: locks by which nodes themselves own something are taken by no client, whatever its rights, also without
 *     authentication. Whoever may force a release can take one from a node, which finds that out (OWN-4).
 * ACCESS-4: a condition on a hold is about the resource of that hold as well: it is asked whether its caller may `acquire` that,
 *     as it must have done. So an answer tells nobody else whether it is held.
 */
import { isCancellable, resourceKinds } from '@holdfast/contract';
import { cancelReasons } from '@holdfast/engine/parts';
import type { RequiredAccess, Operation } from '@holdfast/contract';
import { reservedLockPrefix } from '@holdfast/state';
import {
  internalError,
  RequestError,
  requestErrorWhere,
  UnloggedRefusal,
} from '../request-error.ts';
import type { OperationContext, Outcome } from '../operations/context.ts';
import type { Admission } from './access-control.ts';
import type { AccessRequest, Resource } from './access-request.ts';
import { isBesideTheLog, record, unrecordable } from './auditing.ts';
import { masked } from './masked.ts';
import { isFreeOfRates } from './rates.ts';

const mostTries = 3;
/** ACCESS-2: how far a node that answers may be behind its leader. */
const longestLagMs = 1000;
const lagPauseMs = 10;

type Run<Answer extends object> = (
  context: OperationContext,
) => Outcome<Answer> | Promise<Outcome<Answer>>;

/** Executes what the rules admit; what it comes to is told to the audit. */
export function admitted<Answer extends object>(
  declared: Operation,
  body: object,
  context: OperationContext,
  run: Run<Answer>,
): Outcome<Answer> | Promise<Outcome<Answer>> {
  const { service } = context;
  const { control, authorize, audit, auditing } = service;
  const isAudited = audit !== undefined || auditing?.isOn === true;
  const isGuarded = control?.isOn === true || authorize !== undefined;
  const isEndable = isCancellable(declared) && control !== undefined;
  const isAcquire = declared.access.verb === 'acquire';
  const reserved = isAcquire ? reservedAmong(resourcesOf(declared.access, body)) : undefined; // ACCESS-3
  const tooMany = service.rates?.take(context.caller, declared.name);
  if (!isAudited) {
    if (tooMany !== undefined) return tooMany;
    if (reserved !== undefined) return reserved;
    if (!isGuarded && !isEndable) return run(context);
  }
  const request = requestOf(declared, body);
  const perform = bounded(request, service, run);
  const isRead = declared.kind === 'control' || (declared.kind === 'unary' && !declared.changes);
  const how = { isEndable, isRead };
  if (!isAudited) return attempt(request, context, perform, how);
  return toldToAudit(declared, request, context, () => {
    const unrecorded = auditing?.isOn === true ? unrecordable(auditing, request) : undefined;
    return tooMany ?? reserved ?? unrecorded ?? attempt(request, context, perform, how);
  });
}

/** What would fill the log, and the audit, by being refused. */
function bounded<Answer extends object>(
  request: AccessRequest,
  { givenBack, refusedChanges, auditing, hasOtherQueues }: OperationContext['service'],
  run: Run<Answer>,
): Run<Answer> {
  const { operation, changes } = request;
  if (givenBack.isOne(operation)) return (own) => givenBack.run(request, own, () => run(own)); // RATE-5
  if (refusedChanges === undefined || auditing?.isOn !== true) return run;
  const isLogged = changes && !isBesideTheLog(request, hasOtherQueues);
  if (!isLogged || isFreeOfRates(operation)) return run;
  return (own) => refusedChanges.run(own.caller, () => run(own)); // RATE-6
}

function toldToAudit<Answer extends object>(
  declared: Operation,
  request: AccessRequest,
  { service, caller }: OperationContext,
  act: () => Outcome<Answer> | Promise<Outcome<Answer>>,
): Outcome<Answer> | Promise<Outcome<Answer>> {
  const { audit, auditing, hasOtherQueues } = service;
  const tell = (outcome: Outcome<object>): void => {
    const done = declared.kind === 'unary' || declared.kind === 'control' ? 'done' : 'begun';
    const told = outcome instanceof RequestError ? outcome.code : done;
    audit?.(caller, request, told);
    if (auditing?.isOn === true && told !== 'audit_unavailable')
      record(
        { auditing, hasOtherQueues },
        caller,
        request,
        told,
        outcome instanceof UnloggedRefusal,
      );
  };
  try {
    const outcome = act();
    if (outcome instanceof Promise) return outcome.then(tellAndPass(tell), tellAndFail(tell));
    tell(outcome);
    return outcome;
  } catch (error) {
    return tellAndFail(tell)(error);
  }
}

/** ACCESS-1. */
function authorized(
  request: AccessRequest,
  { service, caller }: OperationContext,
): Admission | RequestError {
  const { control, authorize } = service;
  const admission: Admission | RequestError = control?.authorize(caller, request) ?? {};
  if (!(admission instanceof RequestError)) authorize?.(caller, request);
  return admission;
}

/** ACCESS-1: of what waits. What `authorize` throws must not escape into the look at all that is open. */
function refusalNow(request: AccessRequest, context: OperationContext): RequestError | undefined {
  try {
    const admission = authorized(request, context);
    return admission instanceof RequestError ? admission : undefined;
  } catch (error) {
    return requestErrorWhere(error) ?? internalError;
  }
}

interface How {
  /** It goes on for a while, and ends with the right to it. */
  readonly isEndable: boolean;
  /** Nothing was done by what it has asked for before: it may be asked for again. */
  readonly isRead: boolean;
}

/** What a leader throws of a question (LEADERSHIP-7 of the engine). */
function changedRights(error: unknown): RequestError {
  const refused = requestErrorWhere(error);
  if (refused?.code !== 'access_changed') throw error;
  return refused;
}

/** ACCESS-2. */
function attempt<Answer extends object>(
  request: AccessRequest,
  context: OperationContext,
  run: Run<Answer>,
  how: How,
  triesLeft = mostTries,
): Outcome<Answer> | Promise<Outcome<Answer>> {
  const admission = authorized(request, context);
  if (admission instanceof RequestError) return admission;
  const isPlain = admission.authorizedAt === undefined && admission.isAdministrator === undefined;
  const own = isPlain ? context : { ...context, ...admission };
  const outcome = how.isEndable ? whileAdmitted(request, own, run) : run(own);
  // Also of what was admitted before authentication was on, where it was told that it would be (DENY-3).
  const mayHaveChanged =
    admission.authorizedAt !== undefined || context.service.control?.isOn === true;
  if (!(outcome instanceof Promise) || !mayHaveChanged) return outcome;
  return (how.isRead ? outcome.catch(changedRights) : outcome).then(async (settled) => {
    if (!(settled instanceof RequestError)) return settled;
    if (settled.code !== 'access_changed' || triesLeft <= 0)
      return masked(settled, request, context.caller, context.service.control); // MASK-1
    await applied(settled.details['revision'], context);
    return attempt(request, context, run, how, triesLeft - 1);
  });
}

/** This node has come to what the change of the rules is in, or some time has passed. */
async function applied(revision: unknown, { service }: OperationContext): Promise<void> {
  if (typeof revision !== 'number') return;
  for (let waitedMs = 0; waitedMs < longestLagMs; waitedMs += lagPauseMs) {
    if (service.engine.revision >= revision) return;
    await new Promise<void>((resolve) => {
      service.after(lagPauseMs, resolve);
    });
  }
}

/** DENY-4, ACCESS-1: a wait ends with the right to it. */
function whileAdmitted<Answer extends object>(
  request: AccessRequest,
  context: OperationContext,
  run: Run<Answer>,
): Outcome<Answer> | Promise<Outcome<Answer>> {
  const { service, onWait } = context;
  const { control } = service;
  if (control === undefined) return run(context);
  let cancellation: AbortController | undefined;
  let ended: RequestError | undefined;
  const forget = control.open.add({
    check: () => refusalNow(request, context),
    end: (refused) => {
      ended = refused;
      cancellation?.abort(cancelReasons.cancelled);
    },
  });
  try {
    const outcome = run({
      ...context,
      onWait: (begun, sessionId) => {
        cancellation = begun;
        onWait?.(begun, sessionId);
        if (ended !== undefined) begun.abort(cancelReasons.cancelled);
      },
    });
    if (outcome instanceof Promise)
      return outcome.then(
        (settled) => {
          forget();
          return ended !== undefined && settled instanceof RequestError ? ended : settled;
        },
        (error: unknown) => {
          forget();
          throw error;
        },
      );
    forget();
    return outcome;
  } catch (error) {
    forget();
    throw error;
  }
}

const tellAndPass =
  (tell: (outcome: Outcome<object>) => void) =>
  <Answer extends object>(outcome: Outcome<Answer>): Outcome<Answer> => {
    tell(outcome);
    return outcome;
  };

const tellAndFail =
  (tell: (outcome: Outcome<object>) => void) =>
  (error: unknown): never => {
    tell(requestErrorWhere(error) ?? internalError);
    throw error;
  };

function requestOf(declared: Operation, body: object): AccessRequest {
  const { name, access } = declared;
  return {
    operation: name,
    verb: access.verb,
    resources: 'if_held' in body ? withCondition(access, body) : resourcesOf(access, body),
    isFiltered: access.filtered === true,
    isOpen: access.open === true,
    changes: 'changes' in declared && declared.changes,
    body,
  };
}

/** A `kind` in the body says what the name is one of; several are listed in `resources`. */
function resourcesOf(access: RequiredAccess, body: object): readonly Resource[] {
  if (access.whole === true) return [{ kind: access.resource, name: undefined }];
  if ('resources' in body && Array.isArray(body.resources))
    return (body.resources as readonly object[]).flatMap((one) => resourcesOf(access, one));
  const told = textOf(body, 'kind');
  const kind = told !== undefined && resourceKinds.has(told) ? told : access.resource;
  return [{ kind, name: nameIn(body, kind) ?? access.whenUnnamed }];
}

function nameIn(body: object, kind: string): string | undefined {
  for (const field of nameFields[kind] ?? inName) {
    const name = textOf(body, field);
    if (name !== undefined) return name;
  }
  return undefined;
}

/** ACCESS-4. */
function withCondition(access: RequiredAccess, body: object): readonly Resource[] {
  const resources = resourcesOf(access, body);
  const { if_held: ifHeld } = fieldsOf(body);
  if (typeof ifHeld !== 'object' || ifHeld === null) return resources;
  return [...resources, { kind: 'hold', name: textOf(ifHeld, 'resource'), verb: 'acquire' }];
}

/** ACCESS-3. */
function reservedAmong(resources: readonly Resource[]): RequestError | undefined {
  const isReserved = ({ kind, name }: Resource): boolean =>
    kind === 'lock' && name?.startsWith(reservedLockPrefix) === true;
  const found = resources.find(isReserved)?.name;
  if (found === undefined) return undefined;
  return new RequestError(
    'invalid_request',
    `The name "${found}" is reserved: nodes own partitions of queues by locks whose names begin with "${reservedLockPrefix}". Nothing was done. Choose another name.`,
    { field: 'name', reserved_prefix: reservedLockPrefix },
  );
}

const inName: readonly string[] = ['name'];

/** Where the name stands, if not in `name`. */
const nameFields: Readonly<Record<string, readonly string[]>> = {
  session: ['session_id'],
  queue: ['queue'],
  cache: ['key', 'k'],
};

/** Of a body: no object has a field of these names by itself. Descriptors of properties would take several times as long. */
const fieldsOf = (body: object): Readonly<Record<string, unknown>> =>
  body as Readonly<Record<string, unknown>>;

function textOf(body: object, field: string): string | undefined {
  const value = fieldsOf(body)[field];
  return typeof value === 'string' ? value : undefined;
}
