/** What acquires of all kinds ask: who, under which terms, and how long they wait. */
import type { AcquireTerms, Json, Who } from '@holdfast/protocol';
import type { ImplicitSession, SessionId, SettledResult, Terms } from '@holdfast/state';
import type { Acquire } from '@holdfast/engine/parts';
import { RequestError, requestErrorOf } from '../request-error.ts';
import { callOptions } from './context.ts';
import type { OperationContext, Outcome } from './context.ts';
import { asSessionId, ownedName, implicitSessionId } from './identities.ts';
import { timeoutTooLong } from './sessions.ts';
import { idsAreWrong, invalid, whoIsWrong } from './who.ts';

/** Bytes of metadata or of a value, as JSON. */
const maxValueBytes = 1024;

export interface AcquireAsker {
  readonly sessionId: SessionId;
  readonly ownSession?: ImplicitSession;
}

/** The session that asks, or the one that is made for the hold. */
export function askerOf(
  kind: string,
  body: Who & {
    readonly name: string;
    readonly ttl_seconds?: number;
    readonly request_id?: number;
    readonly cancel_id?: string;
  },
  context: OperationContext,
): Outcome<AcquireAsker> {
  const wrong = whoIsWrong(body) ?? idsAreWrong(body);
  if (wrong !== undefined) return wrong;
  if (body.session_id !== undefined) {
    if (body.ttl_seconds !== undefined) {
      return invalid(
        'ttl_seconds',
        '"ttl_seconds" is for "client_id" only; a session has its own timeout. Leave it out.',
      );
    }
    return { sessionId: asSessionId(body.session_id) };
  }
  const { service } = context;
  const clientId = body.client_id ?? '';
  const ttlSeconds = body.ttl_seconds ?? service.limits.defaultSessionTimeoutSeconds;
  const refused = timeoutTooLong('ttl_seconds', ttlSeconds, context);
  if (refused !== undefined) return refused;
  return {
    sessionId: implicitSessionId(
      context.caller.identity,
      clientId,
      ownedName(kind, body.name),
      body.request_id,
    ),
    ownSession: implicitSessionOf(clientId, ttlSeconds, context),
  };
}

export function implicitSessionOf(
  clientId: string,
  ttlSeconds: number,
  { caller }: OperationContext,
): ImplicitSession {
  const timeoutMs = Math.round(ttlSeconds * 1000);
  const { share } = caller;
  return { clientId, timeoutMs, lockDelayMs: 0, ...(share === undefined ? {} : { caller: share }) };
}

/** Nothing for an acquire without terms: they are rare, and every byte of a command is logged. */
export function termsOf(
  { priority, max_hold_seconds, metadata, independent }: Omit<AcquireTerms, 'ttl_seconds'>,
  field: 'metadata' | 'value' = 'metadata',
): Outcome<{ readonly terms?: Terms }> {
  if (!priority && max_hold_seconds === undefined && metadata === undefined && !independent)
    return noTerms;
  const tooLarge = valueTooLarge(field, metadata);
  if (tooLarge !== undefined) return tooLarge;
  const terms: Terms = {
    ...(priority === undefined || priority === 0 ? {} : { priority }),
    ...(max_hold_seconds === undefined ? {} : { maxHoldMs: Math.round(max_hold_seconds * 1000) }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(independent === true ? { independent } : {}),
  };
  return { terms };
}

const noTerms: { readonly terms?: Terms } = {};

export function valueTooLarge(field: string, value: Json | undefined): RequestError | undefined {
  if (value === undefined) return undefined;
  const bytes = Buffer.byteLength(JSON.stringify(value));
  if (bytes <= maxValueBytes) return undefined;
  return new RequestError(
    'invalid_request',
    `"${field}" has ${String(bytes)} bytes as JSON; the limit is ${String(maxValueBytes)}. Store it elsewhere and give a reference to it.`,
    { field, limit: maxValueBytes },
  );
}

export function waitTooLong(
  waitSeconds: number,
  { service }: OperationContext,
): RequestError | undefined {
  const limit = service.limits.maxWaitSeconds;
  if (waitSeconds <= limit) return undefined;
  return new RequestError(
    'invalid_request',
    `"wait_seconds" must be at most ${String(limit)} on this cluster, not ${String(waitSeconds)}. Use a smaller value.`,
    { field: 'wait_seconds', limit },
  );
}

export const toWaitMs = (waitSeconds: number): number => Math.ceil(waitSeconds * 1000);

/**
 * Submits an acquire of any kind, and counts how it went. One that its caller cannot ask for again, since it
 * gave no number, is cancelled when that caller is gone, also where it does not wait (CANCEL-1 of the engine).
 */
export async function submitAcquire<A extends Acquire>(
  command: A,
  context: OperationContext,
): Promise<Outcome<SettledResult<A['type']>>> {
  const { service, onWait } = context;
  const { engine } = service;
  const startedMs = performance.now();
  const result =
    command.waitMs > 0 || typeof command.requestId !== 'number'
      ? await service.waiting.run(command, {
          engine,
          optionsOf: (signal) => callOptions(context, signal),
          onWait,
        })
      : await engine.submit<Acquire>(command, callOptions(context));
  const seconds = (performance.now() - startedMs) / 1000;
  const outcome = result instanceof RequestError || result.ok ? result : requestErrorOf(result);
  const code = outcome instanceof RequestError ? outcome.code : 'granted';
  service.onAcquire(code, seconds, command.waitMs > 0);
  // What is not refused is the result of this command.
  return outcome instanceof RequestError ? outcome : (outcome as SettledResult<A['type']>);
}
