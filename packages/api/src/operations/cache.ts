/** The cache: writes become commands of the log, reads are answered as of now. */
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
import type { CacheCommand, FenceToken, IfHeld } from '@holdfast/state';
import { RequestError, requestErrorOf } from '../request-error.ts';
import { callOptions } from './context.ts';
import type { OperationContext, Outcome } from './context.ts';
import { asResourceName } from './identities.ts';
import { jsonOf, maxPayloadBytes } from './queue-wire.ts';

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
  const { view, token } = await engine.cacheFills.fillCache(key, asked, callOptions(context));
  return {
    key,
    found: view !== undefined,
    value: view === undefined ? null : jsonOf(view.value),
    version: view?.version ?? 0,
    fill_token: token ?? null,
    node,
  };
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
