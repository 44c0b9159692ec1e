-- Take a person's words out of events and, where it is theirs, a whole conversation. ARGV: room ('' for none), how long
-- what stays is kept in ms, what else is to be put in their place as JSON, event ids...
-- In their place: {key, field, was, f = {field, value, ...}, lane} each, where `field` still is `was`.
-- What stays of an event is that there was one: its id, so that it is known when it comes again, and its state, so that
-- the books balance. One that had not ended is ignored: `erased`. The same of the delivery that brought it.
-- What is in somebody's hand is left alone. Returns {events erased, how much was left for that reason}.
local now = time_ms()
local room, ttl, many, held, going = ARGV[1], tonumber(ARGV[2]), 0, 0, {}
local UNDONE = {in_progress = true, parked = true, timer = true}
local function in_hand(lane) return redis.call('EXISTS', P .. 'lease:' .. lane) == 1 end

-- A delivery that waits to be read stays: others speak in it, too.
local function forget_raw(did)
  local key = P .. 'd:' .. did
  if redis.call('HEXISTS', key, 'n') == 0 then return end
  redis.call('HDEL', key, 'b', 'h')
  redis.call('PEXPIRE', key, ttl)
end

-- Whether a write is about somebody else's words too. It may have happened: that is still to be seen.
local function shared(events)
  for _, other in ipairs(cjson.decode(events)) do
    if not going[other] and redis.call('HEXISTS', P .. 'e:' .. other, 'k') == 1 then return true end
  end
end

local function forget(eid)
  local key = P .. 'e:' .. eid
  local f = redis.call('HMGET', key, 'state', 'c', 'at', 'lane', 'room', 'd', 'mid', 'pk', 'waits', 'k')
  if not f[1] or not f[10] then return end
  local lane = (f[4] or '') .. ':' .. (f[5] or '')
  local writing = UNDONE[f[1]] and redis.call('HGET', P .. 'i:' .. lane, 'events')
  local under_way = writing and string.find(writing, eid, 1, true)
  if UNDONE[f[1]] and (in_hand(lane) or (under_way and f[5] ~= room and shared(writing))) then
    held = held + 1
    return
  end
  local left = redis.call('PTTL', key)
  if UNDONE[f[1]] then
    redis.call('LREM', P .. 'l:' .. lane, 0, eid)
    if under_way then redis.call('DEL', P .. 'i:' .. lane) end
  end
  if (UNDONE[f[1]] and f[1] ~= 'timer') or f[1] == 'dead' then move(eid, f[2], 'ignored') end
  local state = redis.call('HGET', key, 'state')
  redis.call('DEL', key)
  if state ~= 'timer' then  -- a timer stands in no book, and nobody sends it again
    redis.call('HSET', key, 'v', 1, 'c', f[2], 'd', '', 'at', f[3], 'state', state, 'reason', 'erased', 'room', '')
    redis.call('PEXPIRE', key, left > 0 and left or ttl)
  end
  redis.call('ZREM', P .. 'dead', eid)
  if f[9] then redis.call('ZREM', P .. 'waiting:' .. f[9], eid) end
  if f[7] then
    -- Read back, its words could have another name than the ones that were erased (jobs/gaps.py).
    redis.call('DEL', P .. 'm:' .. f[7])
    redis.call('HSET', P .. 'm:' .. f[7], 'erased', '1')
    redis.call('EXPIRE', P .. 'm:' .. f[7], 2592000)
  end
  if (f[6] or '') ~= '' then forget_raw(f[6]) end
  many = many + 1
end

for _, item in ipairs(cjson.decode(ARGV[3])) do
  local key = P .. item.key
  if item.lane and in_hand(item.lane) then held = held + 1
  elseif (redis.call('HGET', key, item.field) or '') == item.was and redis.call('EXISTS', key) == 1 then
    redis.call('HSET', key, unpack(item.f))
  end
end
for i = 4, #ARGV do going[ARGV[i]] = true end
if room ~= '' then
  local lanes = {'in:' .. room, 'out:' .. room}
  if in_hand(lanes[1]) or in_hand(lanes[2]) then return {0, 1} end
  for _, lane in ipairs(lanes) do
    for _, eid in ipairs(redis.call('LRANGE', P .. 'l:' .. lane, 0, -1)) do forget(eid) end
    for _, kind in ipairs({'l:', 'i:', 's:', 'w:', 'n:'}) do redis.call('DEL', P .. kind .. lane) end
    redis.call('ZREM', P .. 'due', lane)
    for _, line in ipairs(redis.call('ZRANGE', P .. 'lines', 0, -1)) do
      redis.call('ZREM', P .. 'line:' .. line, lane)
      redis.call('ZREM', P .. 'granted:' .. line, lane)
    end
  end
  local asks = redis.call('HMGET', P .. 'r:' .. room, 'desk', 'asker', 'ticket')
  if asks[1] and asks[3] then
    -- One that was merged into another person's is theirs.
    local link = P .. 'ticket:' .. asks[1] .. ':' .. asks[3]
    if (redis.call('GET', link) or room) == room then
      redis.call('SET', link, 'erased', 'EX', 7776000)
      -- What was told of it before it was linked stands under its own name, and goes next.
      redis.call('SADD', P .. 'erasing', 'ticket:' .. asks[1] .. ':' .. asks[3])
    end
  end
  if asks[1] and asks[2] then redis.call('DEL', P .. 'who:' .. asks[1] .. ':' .. asks[2]) end
  redis.call('DEL', P .. 'r:' .. room)
end
for i = 4, #ARGV do forget(ARGV[i]) end
return {many, held}
