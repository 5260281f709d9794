/**
 * The cache as the log has it: keys with values and versions. Who keeps copies of them, and how those end before a
 * write, is the engine's business (engine/src/cache).
 *
 * KEY-1: a write that is applied gives its key the log index of its entry as version: above every version that the key
 *     had before. A second write of a key in one entry is refused, so that no two writes of a key have one version.
 * KEY-2: a condition is looked at in the very command that writes: what it demands holds when the write is applied, or
 *     nothing changes.
 * KEY-3: a value ends at its time by the entry that brings cluster time past it, before any command of that entry, and
 *     not before: a read sees it until then.
 * KEY-4: there are never more than `maxCacheKeys` keys, and what they take never grows above `maxCacheBytes`. A write
 *     that would pass a bound is refused with `limit_exceeded` and changes nothing.
 */
import { isForeign } from '../../kernel/admission.ts';
import { foundHold } from '../holds/find-hold.ts';
import { limitExceeded } from '../../kernel/refusals.ts';
import type { Execute, Primitive } from '../../kernel/primitive.ts';
import type { Tables } from '../../kernel/tables.ts';
import { weigh } from '../../kernel/weigh-rows.ts';
import type { ResourceName } from '../../kernel/names.ts';
import type { Refusal } from '../../kernel/outcomes.ts';
import type { CacheCommand, CacheView, IfHeld } from './commands.ts';
import { bytesOf, CacheEntry } from './records.ts';
import { busy, holdNotCurrent, versionMismatch } from './refusals.ts';

function find({ places }: Tables, name: ResourceName): CacheEntry | undefined {
  const found = places.cache.get(name);
  return found instanceof CacheEntry ? found : undefined;
}

const set: Execute<'cache_set'> = (tables, command) => {
  const { name, ttlMs } = command;
  const found = find(tables, name);
  const value = JSON.stringify(command.value);
  const refusal = unmet(tables, command, found) ?? tooMuch(tables, found, bytesOf(name, value));
  if (refusal !== undefined) return refusal;
  const entry = found ?? new CacheEntry(name, value, tables.index, tables.snapshotNumber);
  if (found === undefined) tables.places.cache.set(name, entry);
  else {
    tables.changingPlace(found);
    leave(tables, found);
    found.value = value;
    found.version = tables.index; // KEY-1
    found.byteLength = bytesOf(name, value);
  }
  tables.cache.bytes += entry.byteLength;
  if (ttlMs !== undefined) {
    entry.dueMs = tables.timeMs + ttlMs;
    entry.sequence = tables.nextSequence();
    tables.due.add(entry);
  }
  return { ok: true, type: 'cache_written', version: entry.version };
};

const remove: Execute<'cache_delete'> = (tables, command) => {
  const found = find(tables, command.name);
  const refusal = unmet(tables, command, found);
  if (refusal !== undefined) return refusal;
  if (found !== undefined) drop(tables, found);
  return { ok: true, type: 'cache_deleted', existed: found !== undefined };
};

/** KEY-3. */
export function cacheEntryDue(tables: Tables, entry: CacheEntry): void {
  tables.workLeft -= 1; // WORK-1
  drop(tables, entry);
}

function drop(tables: Tables, entry: CacheEntry): void {
  tables.changingPlace(entry);
  leave(tables, entry);
  tables.places.cache.delete(entry.name);
  tables.cache.deletedIn(tables.index, entry.name);
}

/** What it counts for, and its time, are no more. */
function leave(tables: Tables, entry: CacheEntry): void {
  tables.cache.bytes -= entry.byteLength;
  if (entry.heapIndex !== -1) tables.due.remove(entry);
  entry.dueMs = 0;
  entry.sequence = 0;
}

/** KEY-1, KEY-2. */
function unmet(
  tables: Tables,
  { name, ifVersion, ifHeld }: CacheCommand,
  found: CacheEntry | undefined,
): Refusal | undefined {
  if (found?.version === tables.index || tables.cache.wasDeletedIn(tables.index, name))
    return busy(name);
  const version = found?.version ?? 0;
  if (ifVersion !== undefined && ifVersion !== version)
    return versionMismatch(name, version, ifVersion);
  return ifHeld === undefined || isHeld(tables, ifHeld)
    ? undefined
    : holdNotCurrent(tables, ifHeld);
}

/** The hold of another identity is none (OWNER-1). */
const isHeld = (tables: Tables, { name, fenceToken }: IfHeld): boolean =>
  Object.values(tables.pools).some((some) => {
    const { hold } = foundHold(some.get(name), fenceToken, undefined);
    return hold !== undefined && !isForeign(tables, tables.identity, hold.sessionId);
  });

const less = 'Delete keys that are not needed, or give values a ttl.';

/** KEY-4: what takes no more than before is no reason. */
function tooMuch(
  tables: Tables,
  found: CacheEntry | undefined,
  byteLength: number,
): Refusal | undefined {
  const { maxCacheBytes, maxCacheKeys } = tables.limits;
  if (found === undefined && tables.places.cache.size >= maxCacheKeys)
    return limitExceeded('max_cache_keys', maxCacheKeys, `${less} Nothing was changed.`);
  const more = byteLength - (found?.byteLength ?? 0);
  if (more <= 0 || tables.cache.bytes + more <= maxCacheBytes) return undefined;
  return limitExceeded(
    'max_cache_bytes',
    maxCacheBytes,
    `Keys and values of the whole cache count, and 256 bytes for each key. ${less} Nothing was changed.`,
  );
}

const viewOf = (entry: CacheEntry, timeMs: number): CacheView => ({
  name: entry.name,
  value: entry.value,
  version: entry.version,
  expiresInMs: entry.heapIndex === -1 ? undefined : Math.max(0, entry.dueMs - timeMs),
});

export const cache: Primitive<'cache'> = {
  kind: 'cache',
  handlers: { cache_set: set, cache_delete: remove },
  view: (tables, name, { timeMs }) => {
    const found = find(tables, name);
    return found && viewOf(found, tables.shownAtMs(timeMs));
  },
  listed: (tables, name, timeMs) => {
    const found = find(tables, name);
    if (found === undefined) return undefined;
    const rows = [...weigh(name, []), { texts: [found.value] }];
    return {
      clients: () => [],
      show: () => ({ view: viewOf(found, tables.shownAtMs(timeMs)), rows }),
    };
  },
  encode: (place) => (place instanceof CacheEntry ? [encode(place)] : []),
  lines: {
    cache: ({ tables }, fields) => {
      const name = fields.text() as ResourceName;
      const entry = new CacheEntry(name, fields.text(), fields.number(), 0);
      tables.places.cache.set(name, entry);
      tables.cache.bytes += entry.byteLength;
      const due = fields.optional(() => fields.list());
      if (due !== undefined) {
        entry.dueMs = due.number();
        entry.sequence = due.number();
        tables.due.add(entry);
      }
      return entry;
    },
  },
};

const encode = ({ name, value, version, heapIndex, dueMs, sequence }: CacheEntry): string =>
  JSON.stringify(['cache', name, value, version, heapIndex === -1 ? null : [dueMs, sequence]]);
