/** What operators do and see. */

/** Ends messages or dead letters of the partitions that come with it, up to an id, and not more than so many. */
export const purge = `
whenFull()
for p, _ in pairs(A.owned) do
  if not owns(p) then return refuse('not_owner', { partition = tonumber(p) }) end
end
if not S then return refuse('queue_not_found') end
local part = A.part == 'messages' and 'l:' or 'x:'
local count, more = 0, false
-- Of all partitions, whoever owns them: the next owner is asked for the same messages.
local through = math.min(A.through, num(call('HGET', Q, 'seq')) * 64 + 63)
for p, _ in pairs(A.owned) do
  local ids = call('ZRANGEBYSCORE', B .. part .. p, '-inf', string.format('%.0f', through), 'LIMIT', 0, A.count - count + 1)
  for _, id in ipairs(ids) do
    if count == A.count then more = true break end
    local m = message(id)
    local l = lane(m.k, m.p)
    if m.s == 'in_flight' then endDelivery(m, l)
    elseif m.s == 'delayed' then endDelay(m, l)
    elseif m.s == 'waiting' then call('ZREM', l.waits, id)
    elseif l.h == id then l.h = nil end
    forget(m)
    settle(l)
    count = count + 1
  end
end
return done({ count = count, more = more, through = string.format('%.0f', through) }) -- RID-1
`;

/** Dead letters of the partitions that come with it become messages again: those of these ids, or the oldest. */
export const redrive = `
whenFull()
for p, _ in pairs(A.owned) do
  if not owns(p) then return refuse('not_owner', { partition = tonumber(p) }) end
end
if not S then return refuse('queue_not_found') end
local ids, more = {}, false
if A.ids then
  for _, id in ipairs(A.ids) do
    local p = tonumber(id) % 64
    if A.owned[tostring(p)] and call('ZSCORE', B .. 'x:' .. p, id) then ids[#ids + 1] = id end
  end
else
  for p, _ in pairs(A.owned) do
    local some = call('ZRANGE', B .. 'x:' .. p, 0, A.count - #ids)
    for _, id in ipairs(some) do
      if #ids == A.count then more = true break end
      ids[#ids + 1] = id
    end
  end
end
local count = 0
for _, id in ipairs(ids) do
  local m = message(id)
  if m and m.s == 'dead' then
    call('ZREM', B .. 'x:' .. m.p, id)
    call('ZADD', B .. 'l:' .. m.p, id, id)
    m.d = 0
    m.blocks = nil
    local l = lane(m.k, m.p)
    if l.h == id then l.h = nil end
    waitAgain(m, l)
    settle(l)
    count = count + 1
  end
end
local through = num(call('HGET', Q, 'seq')) * 64 + 63
return done({ count = count, more = more, through = string.format('%.0f', through) }) -- RID-1
`;

/** Of any node: it changes nothing. Messages that could be taken. */
export const ready = `
return cjson.encode({ count = S and num(call('HGET', Q, 'ready')) or 0, missing = not S })
`;

/**
 * Of any node: it changes nothing. What is due and has not been asked for yet counts as what it was. Partitions are looked at only until
 * all that the queue has is found: whoever watches many queues asks for this all the time. Ids rise with each push, so that the lowest one
 * of a partition is its oldest message.
 */
export const stats = `
if not S then return cjson.encode({ missing = true }) end
local v = call('HMGET', Q, 'size', 'bytes', 'rate:pushed', 'rate:delivered', 'rate:acknowledged', 'rate:dead')
local left, partitions, firsts, holders, all = num(v[1]), {}, {}, {}, {}
for p = 0, 63 do
  all[p + 1] = p
  local c = { 0, 0, 0, 0 }
  if left > 0 then
    local kept = call('HMGET', B .. 'c:' .. p, 1, 2, 3, 4)
    local count = 0
    for n = 1, 4 do
      c[n] = num(kept[n])
      count = count + c[n]
    end
    left = left - count
    local first = count > 0 and call('ZRANGE', B .. 'l:' .. p, 0, 0)[1]
    if first then
      firsts[#firsts + 1] = first
      holders[#holders + 1] = p + 1
    end
  end
  partitions[p + 1] = c
end
local perPartition = call('HMGET', B .. 'p', unpack(all))
for p = 1, 64 do
  partitions[p][5] = -1 -- No message.
  partitions[p][6] = perPartition[p] or ''
end
local oldest
for n, record in ipairs(#firsts > 0 and call('HMGET', B .. 'm', unpack(firsts)) or {}) do
  local at = record and cjson.decode(record).at
  if at then
    partitions[holders[n]][5] = math.max(0, now - at)
    if not oldest or at < oldest then oldest = at end
  end
end
local rates = {}
for n = 1, 4 do rates[n] = v[n + 2] or '0 0 0 0' end
return cjson.encode({
  settings = S, partitions = partitions, dead = left, blocked = call('ZCARD', B .. 'k'),
  bytes = num(v[2]), oldest = oldest and now - oldest, rates = rates, now = now,
})
`;

/** Of any node: it changes nothing. IDS-1 of the state. */
export const deadLetters = `
if not S then return cjson.encode({ missing = true }) end
local ids = {}
for p = 0, 63 do
  local some = call('ZRANGEBYSCORE', B .. 'x:' .. p, '(' .. A.after, '+inf', 'LIMIT', 0, A.limit + 1)
  for _, id in ipairs(some) do ids[#ids + 1] = tonumber(id) end
end
table.sort(ids)
local letters, bytes, more = {}, 0, false
for _, number in ipairs(ids) do
  if #letters == A.limit then more = true break end
  local id = string.format('%.0f', number)
  if A.idsOnly then
    letters[#letters + 1] = { id, '', '', 0, '', 0 }
  else
    local m = message(id)
    if #letters > 0 and bytes + m.by > A.maxBytes then more = true break end
    bytes = bytes + m.by
    letters[#letters + 1] = { id, m.k, call('HGET', B .. 'b', id), m.d, m.r or '', now - m.da }
  end
end
return cjson.encode({ letters = letters, more = more })
`;

export const blockedKeys = `
if not S then return cjson.encode({ missing = true }) end
local from = A.after and '(' .. A.after or '-'
local found = call('ZRANGEBYLEX', B .. 'k', from, '+', 'LIMIT', 0, A.limit + 1)
local keys, more = {}, false
for _, key in ipairs(found) do
  if #keys == A.limit then more = true break end
  local l = lane(key, 0)
  local m = l.h and message(l.h)
  if m then keys[#keys + 1] = { key, m.s, m.id, call('ZCARD', B .. 'w:' .. key), m.due and m.due - now or 0 } end
end
return cjson.encode({ keys = keys, more = more })
`;
