/**
 * What runs on a Redis server, one script for each step (REDIS-1). Every key is of one hash slot, so that whatever routes
 * by slots takes all of them to one server.
 *
 * - `:server`, a hash: `run` (the process in which it votes; absent: it does not), `joining` (who admits it),
 *   `epoch`, `longest_ttl_ms`, `durable`, `largest` (of all tokens), `floor`; of its set (REDIS-9) `set` (its id), `members`
 *   (for people), `after` (the id of the one before), `next` and `next_members` (for which it is closed); and
 *   `prepared` … of the one that it is about to be of (change-set.ts)
 * - `:tokens`, a hash: resource → largest token
 * - `:lease:<resource>`, a hash: `id`, `token`, `client`; ends by itself
 * - `:released:<lease id>`; ends by itself (REDIS-3)
 */
import { createHash } from 'node:crypto';

export interface Script {
  readonly text: string;
  readonly sha1: string;
}

const prefix = '{holdfast-quorum}';
export const serverKey: string = `${prefix}:server`;
export const channelOf = (resource: string): string => `${prefix}:free:${resource}`;
export const keysOf = (resource: string, leaseId: string): readonly string[] => [
  serverKey,
  `${prefix}:tokens`,
  `${prefix}:lease:${resource}`,
  `${prefix}:released:${leaseId}`,
];

const rememberReleasedMs = 5 * 60_000;
const maxResources = 100_000;
/** No token reaches it: all that are granted can be told apart. */
const fullest = Number.MAX_SAFE_INTEGER - 1;

function script(...parts: readonly string[]): Script {
  const text = parts.join('');
  return { text, sha1: createHash('sha1').update(text).digest('hex') };
}

/** REDIS-4, REDIS-9. ARGV: run id, epoch, …; the last one is the id of the set. */
const voting = `
local mark = redis.call('HMGET', KEYS[1], 'run', 'epoch', 'longest_ttl_ms', 'largest', 'floor', 'set', 'members', 'next', 'next_members')
if mark[2] and mark[2] ~= ARGV[2] then return {'WRONG_EPOCH', mark[2], mark[7] or ''} end
if mark[6] and mark[6] ~= ARGV[#ARGV] then return {'ANOTHER_SET', mark[2], mark[7]} end
if mark[1] ~= ARGV[1] or not mark[6] then return {'NOT_VOTING'} end
local largest, floor = tonumber(mark[4]), tonumber(mark[5])
`;

/** REDIS-2. */
const tokens = `
local function raise(resource, token)
  redis.call('HSET', KEYS[2], resource, string.format('%.0f', token))
  if token > largest then redis.call('HSET', KEYS[1], 'largest', string.format('%.0f', token)) end
end
`;

/** REDIS-9: a set that is closed grants, confirms and renews nothing. */
const open = `
if mark[8] then return {'CLOSED', mark[9]} end
`;

const ttl = (place: number): string => `
if tonumber(ARGV[${String(place)}]) > tonumber(mark[3]) then return {'TTL_TOO_LONG', mark[3]} end
`;

/** ARGV: run id, epoch, resource, lease id, ttl, client id. */
export const acquireScript: Script = script(
  voting,
  open,
  tokens,
  ttl(5),
  `
if redis.call('EXISTS', KEYS[4]) == 1 then return {'RELEASED'} end
local lease = redis.call('HMGET', KEYS[3], 'id', 'token')
if lease[1] == ARGV[4] then return {'GRANTED', tonumber(lease[2])} end
if lease[1] then return {'DENIED', redis.call('PTTL', KEYS[3])} end
local known = tonumber(redis.call('HGET', KEYS[2], ARGV[3]) or nil)
if not known and redis.call('HLEN', KEYS[2]) >= ${String(maxResources)} then
  floor = largest
  redis.call('HSET', KEYS[1], 'floor', string.format('%.0f', floor))
  redis.call('UNLINK', KEYS[2])
end
local token = (known or floor) + 1
if token >= ${String(fullest)} then return {'FULL'} end
raise(ARGV[3], token)
redis.call('HSET', KEYS[3], 'id', ARGV[4], 'token', string.format('%.0f', token), 'client', ARGV[6])
redis.call('PEXPIRE', KEYS[3], ARGV[5])
return {'GRANTED', token}
`,
);

/** ARGV: run id, epoch, resource, lease id, token. */
export const confirmScript: Script = script(
  voting,
  open,
  tokens,
  `
local token = tonumber(ARGV[5])
if redis.call('HGET', KEYS[3], 'id') ~= ARGV[4] or token >= ${String(fullest)} then return {'REFUSED'} end
if token > (tonumber(redis.call('HGET', KEYS[2], ARGV[3]) or nil) or floor) then raise(ARGV[3], token) end
return {'DONE'}
`,
);

/** ARGV: run id, epoch, lease id, ttl. */
export const renewScript: Script = script(
  voting,
  open,
  ttl(4),
  `
if redis.call('HGET', KEYS[3], 'id') ~= ARGV[3] then return {'REFUSED'} end
redis.call('PEXPIRE', KEYS[3], ARGV[4])
return {'DONE'}
`,
);

/** ARGV: run id, epoch, lease id, channel. */
export const releaseScript: Script = script(
  voting,
  `
redis.call('SET', KEYS[4], '', 'PX', ${String(rememberReleasedMs)})
if redis.call('HGET', KEYS[3], 'id') == ARGV[3] then
  redis.call('DEL', KEYS[3])
  redis.call('PUBLISH', ARGV[4], '')
end
return {'DONE'}
`,
);

/** ARGV: run id, epoch, resource. */
export const lookScript: Script = script(
  voting,
  `
local client = redis.call('HGET', KEYS[3], 'client')
local token = tonumber(redis.call('HGET', KEYS[2], ARGV[3]) or nil) or floor
return {'LOOK', client or '', client and redis.call('PTTL', KEYS[3]) or 0, token}
`,
);

/**
 * REDIS-4, REDIS-5. ARGV: run id, epoch, durable (1, 0, empty: not known), whether data of an earlier process are complete, set.
 * Answers with a status and what it is about; then, whatever it is, the largest token, the longest ttl, what the set is
 * closed for, and whether data of an earlier version have no set.
 */
export const bindScript: Script = script(`
local mark = redis.call('HMGET', KEYS[1], 'run', 'epoch', 'durable', 'largest', 'longest_ttl_ms', 'set', 'members', 'next_members')
if mark[2] and mark[2] ~= ARGV[2] then
  return {'WRONG_EPOCH', mark[2], mark[4] or '0', mark[5] or '0', '', 0, mark[7] or ''}
end
if mark[6] and mark[6] ~= ARGV[5] then
  return {'ANOTHER_SET', mark[2], mark[4] or '0', mark[5] or '0', '', 0, mark[7] or ''}
end
if not mark[1] then return {'NOT_VOTING', '', mark[4] or '0', mark[5] or '0'} end
if mark[1] ~= ARGV[1] then
  if mark[3] ~= '1' or ARGV[4] ~= '1' then return {'NOT_VOTING', '', mark[4], mark[5]} end
  redis.call('HSET', KEYS[1], 'run', ARGV[1])
end
-- Whoever sees that a crash could lose something writes it down: after the crash nobody can see it.
if mark[3] == '1' and ARGV[3] == '0' then redis.call('HSET', KEYS[1], 'durable', '0') end
return {'VOTING', '', mark[4], mark[5], mark[8] or '', mark[6] and 0 or 1}
`);

/** REDIS-9: data of an earlier version, that vote, are of this set from now on. ARGV: run id, epoch, members, set. */
export const nameScript: Script = script(`
local mark = redis.call('HMGET', KEYS[1], 'run', 'epoch', 'set')
if mark[1] == ARGV[1] and mark[2] == ARGV[2] and not mark[3] then
  redis.call('HSET', KEYS[1], 'set', ARGV[4], 'members', ARGV[3])
end
return {'DONE'}
`);

/** REDIS-6, begins. ARGV: run id, epoch, number of this admission, set. */
export const joinScript: Script = script(`
local mark = redis.call('HMGET', KEYS[1], 'run', 'epoch', 'set', 'members')
if tonumber(mark[2] or '0') > tonumber(ARGV[2]) then return {'WRONG_EPOCH', mark[2], mark[4] or ''} end
if mark[2] == ARGV[2] and mark[3] and mark[3] ~= ARGV[4] then return {'ANOTHER_SET', mark[2], mark[4]} end
if mark[1] == ARGV[1] and mark[2] == ARGV[2] then return {'VOTING'} end
redis.call('HDEL', KEYS[1], 'run')
redis.call('HSET', KEYS[1], 'joining', ARGV[3])
return {'JOINING'}
`);

/** REDIS-6, ends. ARGV: run id, epoch, number of this admission, floor, longest ttl, durable, members, set. */
export const admitScript: Script = script(`
local mark = redis.call('HMGET', KEYS[1], 'joining', 'largest')
if mark[1] ~= ARGV[3] then return {'REFUSED'} end
local floor = string.format('%.0f', math.max(tonumber(ARGV[4]), tonumber(mark[2] or '0')))
redis.call('UNLINK', KEYS[2])
redis.call('HDEL', KEYS[1], 'joining', 'after', 'next', 'next_members', 'prepared')
redis.call('HSET', KEYS[1], 'run', ARGV[1], 'epoch', ARGV[2], 'floor', floor, 'largest', floor,
  'longest_ttl_ms', ARGV[5], 'durable', ARGV[6], 'members', ARGV[7], 'set', ARGV[8])
return {'DONE'}
`);

/** What stands there, whatever it is. ARGV: run id. */
export const readScript: Script = script(`
local mark = redis.call('HMGET', KEYS[1], 'run', 'set', 'next', 'largest', 'longest_ttl_ms')
return {mark[1] == ARGV[1] and 1 or 0, mark[2] or '', mark[3] or '', mark[4] or '0', mark[5] or '0'}
`);

/**
 * RCHG-1, RCHG-4 of change-set.ts. ARGV: run id, epoch, id of the next set, its members, whether instead of another one
 * for which it is closed, the name of this server, set.
 */
export const closeScript: Script = script(
  voting,
  `
if mark[8] and mark[8] ~= ARGV[3] then
  local members = ' ' .. string.gsub(mark[9], ',', '') .. ' '
  local isOfIt = string.find(members, ' ' .. ARGV[6] .. ' ', 1, true)
  if ARGV[5] ~= '1' or not isOfIt or redis.call('HGET', KEYS[1], 'prepared') == mark[8] then
    return {'CLOSED', mark[9]}
  end
end
redis.call('HSET', KEYS[1], 'next', ARGV[3], 'next_members', ARGV[4])
return {'DONE'}
`,
);

/** RCHG-3, RCHG-4. ARGV: run id, epoch, floor, longest ttl, durable, id of the set before, members, set. */
export const prepareScript: Script = script(`
local mark = redis.call('HMGET', KEYS[1], 'run', 'epoch', 'set', 'members', 'next', 'next_members', 'largest')
if tonumber(mark[2] or '0') > tonumber(ARGV[2]) then return {'WRONG_EPOCH', mark[2], mark[4] or ''} end
if mark[1] == ARGV[1] and mark[3] == ARGV[8] then return {'VOTING'} end
if mark[1] == ARGV[1] and mark[3] ~= ARGV[6] then return {'ANOTHER_SET', mark[2], mark[4] or ''} end
if mark[3] == ARGV[6] and mark[5] and mark[5] ~= ARGV[8] then return {'CLOSED', mark[6]} end
if mark[3] == ARGV[6] then redis.call('HSET', KEYS[1], 'next', ARGV[8], 'next_members', ARGV[7]) end
local floor = string.format('%.0f', math.max(tonumber(ARGV[3]), tonumber(mark[7] or '0')))
redis.call('HSET', KEYS[1], 'prepared', ARGV[8], 'prepared_run', ARGV[1], 'prepared_floor', floor,
  'prepared_longest_ttl_ms', ARGV[4], 'prepared_durable', ARGV[5])
return {'DONE'}
`);

/** RCHG-3. ARGV: run id, epoch, id of the set before, members, set. */
export const beginScript: Script = script(`
local mark = redis.call('HMGET', KEYS[1], 'run', 'set', 'prepared', 'prepared_run', 'prepared_floor',
  'prepared_longest_ttl_ms', 'prepared_durable')
if mark[1] == ARGV[1] and mark[2] == ARGV[5] then return {'VOTING'} end
if mark[3] ~= ARGV[5] or mark[4] ~= ARGV[1] then return {'REFUSED'} end
redis.call('UNLINK', KEYS[2])
redis.call('HDEL', KEYS[1], 'joining', 'next', 'next_members', 'prepared', 'prepared_run', 'prepared_floor',
  'prepared_longest_ttl_ms', 'prepared_durable')
redis.call('HSET', KEYS[1], 'run', ARGV[1], 'epoch', ARGV[2], 'after', ARGV[3], 'members', ARGV[4], 'set', ARGV[5],
  'floor', mark[5], 'largest', mark[5], 'longest_ttl_ms', mark[6], 'durable', mark[7])
return {'DONE'}
`);
