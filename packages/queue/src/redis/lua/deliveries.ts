/** Messages are taken, acknowledged, given back and kept. DELIV-1 to DELIV-5 of the state hold here as well. */

export const pop = `
local heads = {}
whenFull()
for p, _ in pairs(A.owned) do
  if not owns(p) then return refuse('not_owner', { partition = tonumber(p) }) end
end
if not S then return done({ deliveries = {} }) end
for p, _ in pairs(A.owned) do
  due(p)
  local h = call('ZRANGE', B .. 'r:' .. p, 0, 0, 'WITHSCORES')
  if h[1] then heads[p] = { h[1], tonumber(h[2]) } end
end
local deliveries = {}
local bytes = 0
while #deliveries < A.count do
  local best
  for p, h in pairs(heads) do
    if not best or h[2] < heads[best][2] then best = p end
  end
  if not best then break end
  local l = lane(heads[best][1], tonumber(best))
  local m = message(head(l)) -- LANE-2
  bytes = bytes + m.by
  if #deliveries > 0 and bytes > A.maxTaken then break end
  call('ZREM', l.waits, m.id)
  l.u = call('HINCRBY', Q, 'turn', 1) -- LANE-3
  m.d = m.d + 1 -- DELIV-1
  m.t = call('HINCRBY', Q, 'token', 1)
  local payload = call('HGET', B .. 'b', m.id)
  if A.visibility then
    m.s = 'in_flight'
    m.o = A.identity -- OWNER-1
    l.i = l.i + 1
    if S.order == 'key' then l.h = m.id end -- LANE-1
    dueAt(m, now + A.visibility)
    keep(m)
  else
    forget(m)
    happens('acknowledged', m.p)
  end
  settle(l)
  happens('delivered', m.p)
  deliveries[#deliveries + 1] = { m.id, m.k, payload, m.d, m.x, m.t }
  local h = call('ZRANGE', B .. 'r:' .. best, 0, 0, 'WITHSCORES')
  heads[best] = h[1] and { h[1], tonumber(h[2]) } or nil
end
rate('delivered', #deliveries)
if not A.visibility then rate('acknowledged', #deliveries) end
local next = dueLeft == 0 and now or nil -- DUE-1
for p, _ in pairs(dueLeft == 0 and {} or A.owned) do
  local t = call('ZRANGE', B .. 't:' .. p, 0, 0, 'WITHSCORES')
  if t[2] and (not next or num(t[2]) < next) then next = num(t[2]) end
end
return done({ deliveries = deliveries, next = next and math.max(0, next - now) })
`;

/** DELIV-3, OWNER-1: the receipt is of the current delivery, and who took it comes with it; or the script ends here. */
const current = `
whenFull()
if not owns(A.partition) then return refuse('not_owner') end
if not S then return refuse('queue_not_found') end
local m = message(A.id)
if m and (m.s == 'in_flight' or m.s == 'delayed') and m.due <= now then
  becomeDue(m)
  m = message(A.id)
end
if not m or m.s ~= 'in_flight' or m.d ~= A.delivery or m.t ~= A.token or m.o ~= A.identity then
  done({})
  return refuse('stale_receipt', { state = m and m.s, deliveries = m and m.d })
end
local l = lane(m.k, m.p)
`;

export const acknowledge: string = `${current}
endDelivery(m, l)
forget(m) -- DELIV-4
settle(l)
rate('acknowledged', 1)
happens('acknowledged', m.p)
return done({ ok = true })
`;

export const giveBack: string = `${current}
endDelivery(m, l)
m.r = A.reason
if m.d >= m.x then
  dies(m, l) -- DELIV-5
  return done({ dead = true, retry = 0 })
end
local retry = A.delay or math.min(A.longestBackoff, A.firstBackoff * 2 ^ math.min(m.d - 1, 20))
if retry > 0 then
  m.s = 'delayed'
  l.d = l.d + 1
  if S.order == 'key' then l.h = m.id end -- LANE-1
  dueAt(m, now + retry)
  keep(m)
else waitAgain(m, l) end
settle(l)
return done({ dead = false, retry = retry })
`;

export const extend: string = `${current}
dueAt(m, now + A.visibility)
keep(m)
return done({ ok = true })
`;
