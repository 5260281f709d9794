/**
 * What runs on a Redis server, one script for each step (R1). Every key is of one hash slot, so that whatever routes
 * by slots takes all of them to one server.
 *
 * - `:server`, a hash: `run` (the process in which it votes; absent: it does not), `joining` (who admits it),
 *   `epoch`, `longest_ttl_ms`, `durable`, `largest` (of all tokens), `floor`
 * - `:tokens`, a hash: resource → largest token
 * - `:lease:<resource>`, a hash: `id`, `token`, `client`; ends by itself
 * - `:released:<lease id>`; ends by itself (R3)
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

/** R4. ARGV: run id, epoch. */
const voting = `
local mark = redis.call('HMGET', KEYS[1], 'run', 'epoch', 'longest_ttl_ms', 'largest', 'floor')
if mark[2] and mark[2] ~= ARGV[2] then return {'WRONG_EPOCH', mark[2]} end
if mark[1] ~= ARGV[1] then return {'NOT_VOTING'} end
local largest, floor = tonumber(mark[4]), tonumber(mark[5])
`;

const tokens = `
local function raise(resource, token)
  redis.call('HSET', KEYS[2], resource, string.format('%.0f', token))
  if token > largest then redis.call('HSET', KEYS[1], 'largest', string.format('%.0f', token)) end
end
`;

const ttl = (place: number): string => `
if tonumber(ARGV[${String(place)}]) > tonumber(mark[3]) then return {'TTL_TOO_LONG', mark[3]} end
`;

/** ARGV: run id, epoch, resource, lease id, ttl, client id. */
export const acquireScript: Script = script(
  voting,
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

/** R4, R5. ARGV: run id, epoch, durable (1, 0, empty: not known), whether data of an earlier process are complete. */
export const bindScript: Script = script(`
local mark = redis.call('HMGET', KEYS[1], 'run', 'epoch', 'durable', 'largest', 'longest_ttl_ms')
if mark[2] and mark[2] ~= ARGV[2] then return {'WRONG_EPOCH', mark[2], mark[4] or '0', mark[5] or '0'} end
if not mark[1] then return {'NOT_VOTING', '', mark[4] or '0', mark[5] or '0'} end
if mark[1] ~= ARGV[1] then
  if mark[3] ~= '1' or ARGV[4] ~= '1' then return {'NOT_VOTING', '', mark[4], mark[5]} end
  redis.call('HSET', KEYS[1], 'run', ARGV[1])
end
-- Whoever sees that a crash could lose something writes it down: after the crash nobody can see it.
if mark[3] == '1' and ARGV[3] == '0' then redis.call('HSET', KEYS[1], 'durable', '0') end
return {'VOTING', '', mark[4], mark[5]}
`);

/** R6, begins. ARGV: run id, epoch, number of this admission. */
export const joinScript: Script = script(`
local mark = redis.call('HMGET', KEYS[1], 'run', 'epoch')
if tonumber(mark[2] or '0') > tonumber(ARGV[2]) then return {'WRONG_EPOCH', mark[2]} end
if mark[1] == ARGV[1] and mark[2] == ARGV[2] then return {'VOTING'} end
redis.call('HDEL', KEYS[1], 'run')
redis.call('HSET', KEYS[1], 'joining', ARGV[3])
return {'JOINING'}
`);

/** R6, ends. ARGV: run id, epoch, number of this admission, floor, longest ttl, durable. */
export const admitScript: Script = script(`
local mark = redis.call('HMGET', KEYS[1], 'joining', 'largest')
if mark[1] ~= ARGV[3] then return {'REFUSED'} end
local floor = string.format('%.0f', math.max(tonumber(ARGV[4]), tonumber(mark[2] or '0')))
redis.call('UNLINK', KEYS[2])
redis.call('HDEL', KEYS[1], 'joining')
redis.call('HSET', KEYS[1], 'run', ARGV[1], 'epoch', ARGV[2], 'floor', floor, 'largest', floor,
  'longest_ttl_ms', ARGV[5], 'durable', ARGV[6])
return {'DONE'}
`);
