/**
 * What the scripts of a queue stand on. Each script is this text and one step behind it (`deliveries.ts`, `pushes.ts`,
 * `operators.ts`); Redis executes it as a whole. All keys of a queue have one hash tag, so they are in one slot.
 *
 * The rules are LANE-1 to LANE-4 of the state (`state/src/primitives/queue/lanes.ts`), kept here by `settle`.
 *
 * RFENCE-1: a script changes nothing of a partition unless it comes with the fence token of its owner, and no smaller
 *     one than has been seen: who was paused and has lost the partition takes, acknowledges and returns nothing. A push comes with
 *     the tokens of all partitions that its messages go to: all of it is pushed, or nothing.
 *
 * RKEPT-1: a queue that is deleted leaves its dedup ids until they end, and its numbers and fence tokens for a week: one that is
 *     made again under its name meanwhile goes on with them. Later ids and fence tokens begin at the time of Redis, so that those of
 *     a queue that is made again are larger than all before: no receipt of then is taken for one of now, and no id of then names a
 *     message of now.
 * FULL-1: where its memory is full Redis refuses the first write of a script that takes more, and none behind any other write. So a push
 *     and the settings of a queue begin with a write that may be refused, and clean up at their end; what consumers, owners and
 *     operators do begins with one that is never refused (`whenFull`): a full queue can be claimed, taken from and purged.
 * KEYLESS-1: messages without a key are spread over the partitions, and so over the owners: in each they have a lane of their own,
 *     and keys in Redis of its own but in that one partition in which all of them were once.
 * DUE-1: one script works on so many messages that are due, of all its partitions together; where there are more it says that some
 *     are due now.
 * RID-1: ids of messages are told and kept as text: JSON of Redis rounds numbers of more than 14 digits.
 *
 * A script is given its keys' common beginning, which is no key, and that of the settings (RCONN-7 of connection.ts).
 * Keys, behind the prefix and the tag: `q` settings, counters and totals, `f` fence tokens by partition, `L` lanes by
 * key, `w:KEY` ids that wait, `K` and `v:P` the same of those without a key in a partition, `r:P` lanes that are ready, `t:P` when messages are due, `l:P` ids that live, `x:P` dead
 * letters, `k` blocked keys in the order of their text, `m` records and `b` payloads by id, `d` and `e` dedup ids and
 * their ends, `c:P` counts, `p` rates by partition.
 */
export const base = `
local B = KEYS[1]
local A = cjson.decode(ARGV[1])
local call = redis.call
local T = call('TIME')
local now = T[1] * 1000 + math.floor(T[2] / 1000)
local Q = B .. 'q'
local readied = 0

local function num(v) return tonumber(v) or 0 end

local function settings()
  local v = call('HMGET', Q, 'order', 'onDead', 'max')
  if not v[1] then return nil end
  return { order = v[1], onDead = v[2], max = num(v[3]) }
end
local S = settings()

-- What a queue that was deleted leaves for a while (RKEPT-1).
local leftovers = { 'q', 'f', 'd', 'e' }
local fences = {}
local made = false
local function create()
  if S then return end
  made = true
  -- RKEPT-1: ten a millisecond are more than are ever pushed or taken. Ids count from 2024: receipts have 15 digits for one.
  call('HSETNX', Q, 'token', string.format('%.0f', now * 10)) -- FULL-1: the first write
  for _, kept in ipairs(leftovers) do call('PERSIST', B .. kept) end
  for p, token in pairs(fences) do call('HSET', B .. 'f', p, string.format('%.0f', token)) end
  call('HSETNX', Q, 'seq', string.format('%.0f', math.max(0, now - 1704067200000) * 10))
  call('HSET', Q, 'order', 'key', 'onDead', 'skip', 'max', A.defaultMaxDeliveries)
  S = settings()
end

-- RFENCE-1; of a queue that is not there nothing is kept unless the step makes it, or claims it for a while.
local function owns(p)
  local token = A.owned[tostring(p)]
  if not token then return false end
  local seen = num(call('HGET', B .. 'f', p))
  if token < seen then return false end
  if token > seen then
    if S then call('HSET', B .. 'f', p, string.format('%.0f', token))
    else fences[p] = token end
  end
  return true
end

local function refuse(code, more)
  local r = more or {}
  r.refused = code
  return cjson.encode(r)
end

local window = 60000

-- Of each partition how often something has happened in this script, and their places in what is kept of it.
local happened = {}
local happenings = { pushed = 2, delivered = 4, acknowledged = 6, dead = 8 }
local function happens(kind, p)
  local h = happened[p] or {}
  happened[p] = h
  h[happenings[kind]] = (h[happenings[kind]] or 0) + 1
end

-- Kept are the window, and of each happening its count in that one and in the one before.
local function keepHappened()
  local w = math.floor(now / window)
  for p, h in pairs(happened) do
    local r = { 0, 0, 0, 0, 0, 0, 0, 0, 0 }
    local n = 0
    for one in string.gmatch(call('HGET', B .. 'p', p) or '', '%d+') do
      n = n + 1
      r[n] = num(one)
    end
    for at = 2, 8, 2 do
      if w ~= r[1] then
        r[at + 1] = (w == r[1] + 1) and r[at] or 0
        r[at] = 0
      end
      r[at] = r[at] + (h[at] or 0)
    end
    r[1] = w
    for at = 1, 9 do r[at] = string.format('%.0f', r[at]) end
    call('HSET', B .. 'p', p, table.concat(r, ' '))
  end
end

local function rate(kind, count)
  if count == 0 then return end
  local f = 'rate:' .. kind
  local v = call('HGET', Q, f)
  local total, at, current, previous = 0, 0, 0, 0
  if v then
    local a, b, c, d = string.match(v, '(%d+) (%d+) (%d+) (%d+)')
    total, at, current, previous = num(a), num(b), num(c), num(d)
  end
  local w = math.floor(now / window)
  if w ~= at then
    previous = (w == at + 1) and current or 0
    current = 0
    at = w
  end
  call('HSET', Q, f, string.format('%.0f %.0f %.0f %.0f', total + count, at, current + count, previous))
end

-- Where a lane is kept: the hash and its field, and what waits (KEYLESS-1).
local function placeOf(key, p)
  if key ~= '' or p == A.keyless then return B .. 'L', key, B .. 'w:' .. key end
  return B .. 'K', p, B .. 'v:' .. p
end

local function lane(key, p)
  local hash, field, waits = placeOf(key, p)
  local v = call('HGET', hash, field)
  local l
  if v then l = cjson.decode(v)
  else l = { i = 0, d = 0, u = call('HINCRBY', Q, 'turn', 1), c = { 0, 0, 0, 0 } } end
  l.key = key
  l.p = p
  l.hash = hash
  l.field = field
  l.waits = waits
  return l
end

local function head(l) return call('ZRANGE', l.waits, 0, 0)[1] end

-- By what is in flight, then by turns (LANE-3). Above so many in flight lanes are equal: numbers are exact up to 2^53.
local function rank(l) return math.min(l.i, 9000) * 1e12 + l.u end

-- After every change of a lane: it takes its place among those that are ready, and in the counts (LANE-1 to LANE-4).
local function settle(l)
  local waiting = call('ZCARD', l.waits)
  local ready = 0
  if S.order == 'none' then ready = waiting
  elseif not l.h and waiting > 0 then ready = 1 end
  local counts = { ready, l.i, l.d, waiting - ready }
  for n = 1, 4 do
    local change = counts[n] - l.c[n]
    if change ~= 0 then
      call('HINCRBY', B .. 'c:' .. l.p, n, change)
      if n == 1 then call('HINCRBY', Q, 'ready', change) end
    end
  end
  if ready > l.c[1] then readied = readied + ready - l.c[1] end
  l.c = counts
  if ready > 0 then call('ZADD', B .. 'r:' .. l.p, string.format('%.0f', rank(l)), l.key)
  else call('ZREM', B .. 'r:' .. l.p, l.key) end
  if S.order == 'key' and l.h then call('ZADD', B .. 'k', 0, l.key)
  else call('ZREM', B .. 'k', l.key) end
  if waiting == 0 and l.i == 0 and l.d == 0 and not l.h then call('HDEL', l.hash, l.field)
  else call('HSET', l.hash, l.field, cjson.encode({ i = l.i, d = l.d, u = l.u, c = l.c, h = l.h })) end
end

local function message(id)
  local v = call('HGET', B .. 'm', id)
  if not v then return nil end
  local m = cjson.decode(v)
  m.id = id
  return m
end

local function keep(m)
  local id = m.id
  m.id = nil
  call('HSET', B .. 'm', id, cjson.encode(m))
  m.id = id
end

local function dueAt(m, at)
  m.due = at
  call('ZADD', B .. 't:' .. m.p, string.format('%.0f', at), m.id)
end

local function forget(m)
  call('HDEL', B .. 'm', m.id)
  call('HDEL', B .. 'b', m.id)
  call('ZREM', B .. 'l:' .. m.p, m.id)
  call('ZREM', B .. 'x:' .. m.p, m.id)
  call('HINCRBY', Q, 'bytes', -m.by)
  call('HINCRBY', Q, 'size', -1)
end

-- It is in flight no more; whoever calls says what it is then.
local function endDelivery(m, l)
  call('ZREM', B .. 't:' .. m.p, m.id)
  l.i = l.i - 1
  if l.h == m.id then l.h = nil end
end

local function endDelay(m, l)
  call('ZREM', B .. 't:' .. m.p, m.id)
  l.d = l.d - 1
  if l.h == m.id then l.h = nil end
end

local function waitAgain(m, l)
  m.s = 'waiting'
  keep(m)
  call('ZADD', l.waits, m.id, m.id)
end

-- Its delivery has ended, and it was the last one.
local function dies(m, l)
  m.s = 'dead'
  m.da = now
  call('ZREM', B .. 'l:' .. m.p, m.id)
  call('ZADD', B .. 'x:' .. m.p, m.id, m.id)
  rate('dead', 1)
  happens('dead', m.p)
  if S.order == 'key' and S.onDead == 'block' then
    l.h = m.id
    m.blocks = true
  end
  keep(m)
  settle(l)
end

local function becomeDue(m)
  local l = lane(m.k, m.p)
  if m.s == 'in_flight' then
    endDelivery(m, l)
    m.r = 'not acknowledged in time'
    if m.d >= m.x then return dies(m, l) end
  else endDelay(m, l) end
  waitAgain(m, l)
  settle(l)
end

-- Those of a partition whose visibility, delay or retry is over, as many as one script may work on (DUE-1).
local dueLeft = 200
local function due(p)
  if dueLeft == 0 then return end
  local ids = call('ZRANGEBYSCORE', B .. 't:' .. p, '-inf', now, 'LIMIT', 0, dueLeft)
  dueLeft = dueLeft - #ids
  for _, id in ipairs(ids) do
    local m = message(id)
    if m then becomeDue(m) else call('ZREM', B .. 't:' .. p, id) end
  end
end

-- FULL-1: changes nothing, and is never refused for lack of memory.
local function whenFull() call('HDEL', B .. 'f', '') end

local function done(answer)
  keepHappened()
  if readied > 0 then call('PUBLISH', A.channel, cjson.encode({ queue = A.queue, count = readied })) end
  if made then answer.made = true end
  return cjson.encode(answer)
end
`;
