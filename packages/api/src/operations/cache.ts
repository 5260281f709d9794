/**
 * The cache: writes become commands of the log, reads are answered as of now.
 *
 * FILL-WAIT-1: a wait for the turn to load a value is answered at once when its caller has gone, has lost the right to it, or when
 *     the node stops. A turn that is given all the same is given back: nobody was told of it.
 */
import type {
  CacheDeleteAnswer,
  CacheDeleteBody,
  CacheFillAnswer,
  CacheFillBody,
  CacheFillEndAnswer,
  CacheFillEndBody,
  CacheGetAnswer,
  CacheGetBody,
  CacheSetAnswer,
  CacheSetBody,
  CacheStatsAnswer,
  CacheStatsBody,
  IfHeld as AskedIfHeld,
} from '@holdfast/protocol';
import type { FillAnswer, FillRequest } from '@holdfast/engine';
import { cancelReasons } from '@holdfast/engine/parts';
import type { CacheCommand, FenceToken, IfHeld } from '@holdfast/state';
import { RequestError, requestErrorOf, stoppingError } from '../request-error.ts';
import { callOptions } from './context.ts';
import type { OperationContext, Outcome } from './context.ts';
import { asResourceName } from './identities.ts';
import { jsonOf, maxPayloadBytes } from './queue-wire.ts';
import { forWaiter } from './until.ts';
import type { WaitingCaller } from './until.ts';

export async function cacheSet(
  { key, value, ttl_seconds, if_version, if_held, fill_token }: CacheSetBody,
  context: OperationContext,
): Promise<Outcome<CacheSetAnswer>> {
  const tooLarge = tooLargeValue(value);
  if (tooLarge !== undefined) return tooLarge;
  const command = {
    type: 'cache_set',
    name: asResourceName(key),
    value,
    ...(ttl_seconds === undefined ? {} : { ttlMs: Math.max(1, Math.round(ttl_seconds * 1000)) }),
    ...(fill_token === undefined ? {} : { fillToken: fill_token }),
    ...conditionsOf(if_version, if_held),
  } as const satisfies CacheCommand;
  const result = await context.service.engine.submit(command, callOptions(context));
  if (!result.ok) return requestErrorOf(result);
  return { key, version: result.version, node: context.service.nodeId };
}

export async function cacheDelete(
  { k: key, if_version, if_held }: CacheDeleteBody,
  context: OperationContext,
): Promise<Outcome<CacheDeleteAnswer>> {
  const command = {
    type: 'cache_delete',
    name: asResourceName(key),
    ...conditionsOf(if_version, if_held),
  } as const satisfies CacheCommand;
  const result = await context.service.engine.submit(command, callOptions(context));
  if (!result.ok) return requestErrorOf(result);
  return { key, deleted: result.existed, node: context.service.nodeId };
}

export async function cacheGet(
  { k: key }: CacheGetBody,
  context: OperationContext,
): Promise<Outcome<CacheGetAnswer>> {
  const { engine, nodeId: node } = context.service;
  const { view, hit, state } = await engine.readCache(key, callOptions(context));
  return {
    key,
    found: view !== undefined,
    value: view === undefined ? null : jsonOf(view.value),
    version: view?.version ?? 0,
    expires_in_seconds: view?.expiresInMs === undefined ? null : view.expiresInMs / 1000,
    hit,
    node,
    state,
  };
}

export async function cacheFill(
  { k: key, wait_seconds = 0, fill_seconds = 10, fill_token }: CacheFillBody,
  context: OperationContext,
): Promise<Outcome<CacheFillAnswer>> {
  const { engine, nodeId: node } = context.service;
  const asked = { token: fill_token, waitMs: wait_seconds * 1000, fillMs: fill_seconds * 1000 };
  const filled =
    wait_seconds === 0
      ? await engine.cacheFills.fillCache(key, asked, callOptions(context))
      : await forWaiter(context, false, (waiter) => fillInTime(key, asked, waiter, context));
  if (filled instanceof RequestError) return filled;
  const { view, token } = filled;
  return {
    key,
    found: view !== undefined,
    value: view === undefined ? null : jsonOf(view.value),
    version: view?.version ?? 0,
    fill_token: token ?? null,
    node,
  };
}

/** FILL-WAIT-1. */
async function fillInTime(
  key: string,
  asked: FillRequest,
  waiter: WaitingCaller,
  context: OperationContext,
): Promise<Outcome<FillAnswer>> {
  const { cacheFills } = context.service.engine;
  const options = callOptions(context);
  const cancellation = new AbortController();
  const gone = new Promise<'caller' | 'stop'>((resolve) => waiter.onGone(resolve));
  const filling = cacheFills.fillCache(key, asked, { ...options, signal: cancellation.signal });
  const ended = await Promise.race([filling, gone]);
  if (ended !== 'caller' && ended !== 'stop') return ended;
  cancellation.abort(cancelReasons.hungUp);
  void filling
    .then(({ token }) =>
      token === undefined || token === asked.token
        ? undefined
        : cacheFills.endCacheFill(key, token, options),
    )
    .catch(() => undefined); // It ends by itself (FILL-3 of the engine).
  if (ended === 'stop') return stoppingError;
  return new RequestError(
    'wait_cancelled',
    `The wait for the turn to load cache key "${key}" was cancelled by its caller. Nothing was changed. Ask again to wait for it.`,
    { resource: key },
  );
}

export async function cacheFillEnd(
  { k: key, fill_token }: CacheFillEndBody,
  context: OperationContext,
): Promise<Outcome<CacheFillEndAnswer>> {
  const { engine, nodeId: node } = context.service;
  await engine.cacheFills.endCacheFill(key, fill_token, callOptions(context));
  return { key, node };
}

export async function cacheStats(
  { consistency = 'linearizable' }: CacheStatsBody,
  context: OperationContext,
): Promise<Outcome<CacheStatsAnswer>> {
  const { engine, nodeId: node } = context.service;
  const result = await engine.query({ type: 'stats' }, consistency, callOptions(context));
  const { cache } = engine.stats();
  return {
    node,
    keys: result.stats.cacheKeys,
    bytes: result.stats.cacheBytes,
    hits: cache.hits,
    misses: cache.misses,
    lines: cache.lines,
    line_bytes: cache.lineBytes,
    modified_lines: cache.linesByState.modified,
    exclusive_lines: cache.linesByState.exclusive,
    shared_lines: cache.linesByState.shared,
    invalid_lines: cache.linesByState.invalid,
    invalidations: cache.invalidations,
    drops: cache.drops,
    sharers: cache.sharers,
    shared_keys: cache.sharedKeys,
    writes_delayed: cache.writesDelayed,
    delay_seconds: cache.delayMs / 1000,
    clients: cache.clients,
    pending_invalidations: cache.pendingInvalidations,
    pending_writes: cache.pendingWrites,
    consistency,
    revision: result.revision,
  };
}

function conditionsOf(
  ifVersion: number | undefined,
  ifHeld: AskedIfHeld | undefined,
): { readonly ifVersion?: number; readonly ifHeld?: IfHeld } {
  return {
    ...(ifVersion === undefined ? {} : { ifVersion }),
    ...(ifHeld === undefined
      ? {}
      : {
          ifHeld: {
            name: asResourceName(ifHeld.resource),
            fenceToken: ifHeld.fence_token as FenceToken,
          },
        }),
  };
}

function tooLargeValue(value: unknown): RequestError | undefined {
  const bytes = Buffer.byteLength(JSON.stringify(value));
  if (bytes <= maxPayloadBytes) return undefined;
  return new RequestError(
    'invalid_request',
    `The value takes ${String(bytes)} bytes as JSON; at most ${String(maxPayloadBytes)} are kept. Nothing was changed. Keep it elsewhere and store where it is.`,
    { field: 'value', bytes, limit: maxPayloadBytes },
  );
}
