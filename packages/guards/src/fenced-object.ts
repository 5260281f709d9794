/**
 * A guard for objects: the fence is metadata of the object itself, raised by the put that it guards.
 *
 * GUARD-OBJECT-1. A put succeeds only on the very version of the object whose token was compared (If-Match), or where there is
 *     none (If-None-Match: *). So nothing comes between comparing and writing, and the token of an object never falls.
 * GUARD-OBJECT-2. A put whose token is smaller than that of the object is not sent.
 */
import { HoldfastError } from '@holdfast/protocol';
import { assertFenceToken, parseFenceToken, staleFenceToken } from './fence-token.ts';
import type { Grant } from './fence-token.ts';
import type { ObjectHead, ObjectStore, StoredObject } from './object-store.ts';
import { addTokenLine, removeTokenLine } from './token-line.ts';

/** An object as it was put behind the guard. */
export interface FencedObject {
  /** What was put. */
  readonly bytes: Uint8Array;
  /** The token that it was put with; 0 for an object that was never put behind the guard. */
  readonly fenceToken: number;
}

/** The bytes to put, or a function that makes them from the present ones. */
export type NextBytes = Uint8Array | ((present: Uint8Array | undefined) => Uint8Array);

/** How often a conditional put is tried. */
export interface PutFencedOptions {
  /** How often a put is tried that others come before; 5 by default. */
  readonly attempts?: number;
}

/**
 * Reads an object that was put with `putFenced`, without the line that this may have put before the bytes.
 *
 * @param store The object store.
 * @param key The object's key in it.
 * @returns `undefined` where there is no such object.
 * @throws HoldfastError `invalid_request` if the object's token cannot be one; whatever the store throws.
 * @example
 * const report = await getFenced(store, 'reports/today');
 */
export async function getFenced(
  store: ObjectStore,
  key: string,
): Promise<FencedObject | undefined> {
  const stored = await store.get(key);
  if (stored === undefined) return undefined;
  return { bytes: bytesOf(store, stored), fenceToken: tokenOf(key, stored) };
}

/**
 * Puts an object unless it was put with a larger token before.
 *
 * In a store whose entity tags are made from the bytes, what is stored is the line `fence-token N` and then the
 * bytes: read it with `getFenced`. Never delete a guarded object, by hand or by a rule of the store: its fence goes
 * with it. Put an empty one instead.
 *
 * @param store The object store.
 * @param key The object's key in it. Always guard it with the same lock.
 * @param grant The hold (or its token). The same token may come any number of times.
 * @param next The bytes; or a function that makes them from the present ones (`undefined` where there is no object),
 *   called anew on each attempt, so that no put between is overwritten unread.
 * @throws HoldfastError `stale_fence_token` if the object has a larger token; `limit_exceeded` if others came before
 *   on every attempt (the store accepted none; repeat later); `invalid_request` for a token that cannot be one. Whatever
 *   the store or `next` throws: if the store's answer was lost the outcome is not known, and repeating with the same
 *   token is allowed.
 * @example
 * await putFenced(store, 'reports/today', hold, report);
 * await putFenced(store, 'counter', hold, (present) => addOne(present));
 */
export async function putFenced(
  store: ObjectStore,
  key: string,
  grant: Grant,
  next: NextBytes,
  { attempts = 5 }: PutFencedOptions = {},
): Promise<void> {
  const { fenceToken } = grant;
  assertFenceToken(fenceToken);
  for (let attempt = 0; attempt < attempts; attempt++) {
    const { present, make } = await look(store, key, next);
    const largest = present === undefined ? 0 : tokenOf(key, present);
    if (largest > fenceToken) throw staleFenceToken(key, fenceToken, largest);
    const bytes = make();
    const stored = await store.put(
      key,
      store.etagOf === 'bytes' ? addTokenLine(bytes, fenceToken) : bytes,
      fenceToken,
      present === undefined ? { ifNoneMatch: '*' } : { ifMatch: present.etag },
    );
    if (stored) return;
  }
  throw new HoldfastError(
    'limit_exceeded',
    `"${key}" was changed concurrently before each of ${String(attempts)} attempts to put it: the store accepted none of them. Retry later.`,
    { resource: key, fence_token: fenceToken },
  );
}

/** What is there now, and how the next bytes are made of it: its own bytes are fetched only where they are asked for. */
async function look(
  store: ObjectStore,
  key: string,
  next: NextBytes,
): Promise<{ readonly present: ObjectHead | undefined; readonly make: () => Uint8Array }> {
  if (typeof next !== 'function') return { present: await store.head(key), make: () => next };
  const present = await store.get(key);
  return {
    present,
    make: () => next(present === undefined ? undefined : bytesOf(store, present)),
  };
}

function bytesOf(store: ObjectStore, { bytes, fenceToken }: StoredObject): Uint8Array {
  return store.etagOf === 'bytes' ? removeTokenLine(bytes, fenceToken) : bytes;
}

function tokenOf(key: string, { fenceToken }: ObjectHead): number {
  if (fenceToken === undefined) return 0;
  const token = parseFenceToken(fenceToken);
  // Taking it for none would let every stale holder write.
  if (token === undefined)
    throw new HoldfastError(
      'invalid_request',
      `The metadata fence-token of "${key}" is "${fenceToken}", which is not a fence token. Another program wrote it: repair the object by hand.`,
      { resource: key },
    );
  return token;
}
