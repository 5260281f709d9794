/** What is refused of the cache, one table for all interfaces: what is asked, the code, and the field that an error names. */
type Body = Readonly<Record<string, unknown>>;

export interface CacheRefusal {
  readonly operation: 'cache_set' | 'cache_get' | 'cache_delete' | 'cache_fill' | 'cache_fill_end';
  readonly body: Body;
  readonly code: string;
  readonly field?: string;
  /** No typed interface can say it: a number below 0 where there is none, or a value of another type. */
  readonly isUntyped?: true;
}

/** A key that has a value, and a hold that stands with the fence token 1 less than this one. */
export const keptKey = 'kept';
export const heldName = 'held';
export const staleToken = '{token}';

const long = 'x'.repeat(257);
const good = { key: keptKey, value: 2 };
const invalid = (
  operation: CacheRefusal['operation'],
  body: Body,
  field?: string,
  more: Pick<CacheRefusal, 'isUntyped'> = {},
): CacheRefusal => ({
  operation,
  body,
  code: 'invalid_request',
  ...(field === undefined ? {} : { field }),
  ...more,
});
const untyped = { isUntyped: true } as const;

/** Of the holds and versions under which something is to be written. */
const conditions = (
  operation: 'cache_set' | 'cache_delete',
  body: Body,
): readonly CacheRefusal[] => {
  const held = (ifHeld: unknown, field?: string, more: Pick<CacheRefusal, 'isUntyped'> = {}) =>
    invalid(operation, { ...body, if_held: ifHeld }, field, more);
  const refused = (more: Body, code: string): CacheRefusal => ({
    operation,
    body: { ...body, ...more },
    code,
  });
  return [
    held({ resource: '', fence_token: 1 }, 'if_held.resource'),
    held({ resource: long, fence_token: 1 }, 'if_held.resource'),
    held({ resource: 'a\0b', fence_token: 1 }, 'if_held.resource'),
    held({ resource: heldName, fence_token: 0 }, 'if_held.fence_token'),
    held({ resource: heldName }),
    held({ fence_token: 1 }),
    held({}),
    held({ resource: heldName, fence_token: -1 }, 'if_held.fence_token', untyped),
    held({ resource: heldName, fence_token: 1.5 }, 'if_held.fence_token', untyped),
    held({ resource: 7, fence_token: 1 }, 'if_held.resource', untyped),
    held(heldName, 'if_held', untyped),
    held([], 'if_held', untyped),
    held(null, 'if_held', untyped),
    refused({ if_held: { resource: 'held by nobody', fence_token: 1 } }, 'hold_not_current'),
    refused({ if_held: { resource: heldName, fence_token: staleToken } }, 'hold_not_current'),
    invalid(operation, { ...body, if_version: -1 }, 'if_version', untyped),
    refused({ if_version: 0 }, 'version_mismatch'),
    refused({ if_version: 999_999 }, 'version_mismatch'),
  ];
};

export const cacheRefusals: readonly CacheRefusal[] = [
  invalid('cache_set', { key: '', value: 1 }, 'key'),
  invalid('cache_set', { key: long, value: 1 }, 'key'),
  invalid('cache_set', { key: 'é'.repeat(257), value: 1 }, 'key'),
  invalid('cache_set', { key: 'a\0b', value: 1 }, 'key'),
  invalid('cache_set', { value: 1 }),
  invalid('cache_set', { key: keptKey }, 'value'),
  // As JSON 65,537 and 65,538 bytes.
  invalid('cache_set', { key: keptKey, value: 'x'.repeat(65_535) }, 'value'),
  invalid('cache_set', { key: keptKey, value: 'é'.repeat(32_768) }, 'value'),
  invalid('cache_set', { ...good, ttl_seconds: 0 }, 'ttl_seconds'),
  invalid('cache_set', { ...good, ttl_seconds: -1 }, 'ttl_seconds'),
  invalid('cache_set', { ...good, ttl_seconds: 1e12 }, 'ttl_seconds'),
  invalid('cache_set', { ...good, fill_token: '' }, 'fill_token'),
  ...conditions('cache_set', good),
  invalid('cache_get', { k: '' }, 'k'),
  invalid('cache_get', { k: long }, 'k'),
  invalid('cache_delete', { k: '' }, 'k'),
  invalid('cache_delete', { k: long }, 'k'),
  ...conditions('cache_delete', { k: keptKey }),
  invalid('cache_fill', { k: '' }, 'k'),
  invalid('cache_fill', { k: 'f', wait_seconds: -1 }, 'wait_seconds'),
  invalid('cache_fill', { k: 'f', wait_seconds: 6 }, 'wait_seconds'),
  invalid('cache_fill', { k: 'f', fill_seconds: -1 }, 'fill_seconds'),
  invalid('cache_fill', { k: 'f', fill_seconds: 301 }, 'fill_seconds'),
  invalid('cache_fill', { k: 'f', fill_token: long }, 'fill_token'),
  invalid('cache_fill_end', { k: '', fill_token: '1-1' }, 'k'),
  invalid('cache_fill_end', { k: 'f', fill_token: '' }, 'fill_token'),
];

/** The command line that says the same; undefined where none does. */
export function wordsOf({ operation, body }: CacheRefusal): readonly string[] | undefined {
  const { key, k = key, value, ttl_seconds: ttl, if_version: version, if_held: held } = body;
  const ifHeld = typeof held === 'object' && held !== null ? (held as Body) : undefined;
  const { resource, fence_token: token } = ifHeld ?? {};
  if (typeof k !== 'string' || k.includes('\0') || 'fill_token' in body) return undefined;
  if (held !== undefined && (ifHeld === undefined || Object.keys(ifHeld).length === 0))
    return undefined;
  if (token === staleToken || (resource !== undefined && typeof resource !== 'string'))
    return undefined;
  if (resource?.includes('\0') === true) return undefined;
  const options = [
    ...(ttl === undefined ? [] : ['--ttl', JSON.stringify(ttl)]),
    ...(version === undefined ? [] : ['--if-version', JSON.stringify(version)]),
    ...(resource === undefined ? [] : ['--if-held', resource]),
    ...(token === undefined ? [] : ['--fence-token', JSON.stringify(token)]),
  ];
  if (operation === 'cache_get') return ['cache', 'get', k];
  if (operation === 'cache_delete') return ['cache', 'delete', k, ...options];
  if (operation !== 'cache_set' || value === undefined) return undefined;
  return ['cache', 'set', k, JSON.stringify(value), ...options];
}
