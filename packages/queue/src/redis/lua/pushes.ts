/**
 * Messages come; a queue is set and deleted. What refuses a push refuses all of it, before anything is written. What is known
 * by its dedup id counts toward no bound (DEDUP-3 of the state).
 */

/** NAMED-3. */
const named = `if not S and A.known then return refuse('not_named') end`;

export const push: string = `
-- RFENCE-1: of each partition, before a message is written.
for _, p in ipairs(A.partitions) do
  if not owns(p) then return refuse('not_owner', { partition = p }) end
end
${named}
local order = S and S.order or 'key'
for _, m in ipairs(A.messages) do
  if order == 'key' and not m.hasKey then return refuse('without_key') end
  if order == 'key' and m.delay > 0 then return refuse('delayed_by_key') end
end
local bytes, count, ids = 0, 0, 0
local known = {}
for _, m in ipairs(A.messages) do
  local ends = m.dedup and call('ZSCORE', B .. 'e', m.dedup)
  if not (m.dedup and known[m.dedup]) and not (ends and num(ends) > now) then
    bytes = bytes + m.by
    count = count + 1
    if m.dedup then
      known[m.dedup] = true
      ids = ids + 1
    end
  end
end
local size, weight = num(call('HGET', Q, 'size')), num(call('HGET', Q, 'bytes'))
if size + count > A.maxMessages then return refuse('limit', { limit = 'max_messages_per_queue' }) end
if weight + bytes > A.maxBytes then return refuse('limit', { limit = 'max_message_bytes_per_queue' }) end
if ids > 0 and call('ZCOUNT', B .. 'e', '(' .. string.format('%.0f', now), '+inf') + ids > A.maxDedupIds then return refuse('limit', { limit = 'max_dedup_ids' }) end
create()
local pushed = {}
local fresh = 0
for n, m in ipairs(A.messages) do
  local ends = m.dedup and call('ZSCORE', B .. 'e', m.dedup)
  if ends and num(ends) > now then
    pushed[n] = { call('HGET', B .. 'd', m.dedup), true }
  else
    local id = string.format('%.0f', call('HINCRBY', Q, 'seq', 1) * 64 + m.p)
    local record = { id = id, k = m.key, p = m.p, s = 'waiting', d = 0, x = m.max or S.max, t = 0, at = now, by = m.by }
    call('HSET', B .. 'b', id, m.payload)
    call('ZADD', B .. 'l:' .. m.p, id, id)
    call('HINCRBY', Q, 'size', 1)
    call('HINCRBY', Q, 'bytes', m.by)
    if m.dedup then
      call('HSET', B .. 'd', m.dedup, id)
      call('ZADD', B .. 'e', now + A.dedupWindow, m.dedup)
    end
    local l = lane(m.key, m.p)
    if m.delay > 0 then
      record.s = 'delayed'
      l.d = l.d + 1
      dueAt(record, now + m.delay)
      keep(record)
    else waitAgain(record, l) end
    settle(l)
    happens('pushed', m.p)
    fresh = fresh + 1
    pushed[n] = { id, false }
  end
end
rate('pushed', fresh)
-- Behind what may be refused (FULL-1).
local old = call('ZRANGEBYSCORE', B .. 'e', '-inf', now, 'LIMIT', 0, 200)
for _, id in ipairs(old) do
  call('ZREM', B .. 'e', id)
  call('HDEL', B .. 'd', id)
end
return done({ pushed = pushed })
`;

export const configure: string = `
if not owns(A.partition) then return refuse('not_owner') end
${named}
local size = num(call('HGET', Q, 'size'))
if S and A.order and A.order ~= S.order and size > 0 then return refuse('order_in_use', { size = size, order = S.order }) end
create()
if A.order then call('HSET', Q, 'order', A.order) end
if A.onDead then call('HSET', Q, 'onDead', A.onDead) end
if A.maxDeliveries then call('HSET', Q, 'max', A.maxDeliveries) end
return done({ settings = settings() })
`;

/** Fence tokens and numbers stay for a while (RKEPT-1): those of a queue that is made again rise. */
export const remove = `
whenFull()
if not owns(A.partition) then return refuse('not_owner') end
if not S then return refuse('queue_not_found') end
local dead = 0
for p = 0, 63 do dead = dead + call('ZCARD', B .. 'x:' .. p) end
local size = num(call('HGET', Q, 'size'))
if size > 0 then return refuse('queue_not_empty', { messages = size - dead, dead = dead }) end
call('HDEL', Q, 'order', 'onDead', 'max', 'rate:pushed', 'rate:delivered', 'rate:acknowledged', 'rate:dead')
for p = 0, 63 do call('DEL', B .. 'c:' .. p) end
call('DEL', B .. 'p')
for _, kept in ipairs(leftovers) do call('PEXPIRE', B .. kept, A.keptFor) end
for _, kept in ipairs({ 'd', 'e' }) do call('PEXPIRE', B .. kept, A.dedupWindow) end
return done({ ok = true })
`;

/**
 * A new owner says so before it serves: from then on the owner before it changes nothing (RFENCE-1), nor makes a queue whose
 * name is in the list already.
 */
export const claim = `
whenFull()
for p, _ in pairs(A.owned) do
  if not owns(p) then return refuse('not_owner') end
end
if not S then
  for p, token in pairs(fences) do call('HSET', B .. 'f', p, string.format('%.0f', token)) end
  call('PEXPIRE', B .. 'f', A.keptFor)
end
if S and call('HEXISTS', Q, 'ready') == 0 then
  local ready = 0
  for p = 0, 63 do ready = ready + num(call('HGET', B .. 'c:' .. p, 1)) end
  call('HSET', Q, 'ready', ready)
end
return done({ ok = true })
`;
