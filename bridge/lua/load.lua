-- What a turn needs to see. ARGV: lane, owner, room, most events.
-- Returns {} when the lease is not ours, else {events, intent, lane state, room, other lane's intent,
-- the paused connection that the room has to do with or ''}.
-- Events come as {id, message facts, fields...}; ids whose event is gone leave the list.
local lane, room = ARGV[1], ARGV[3]
if redis.call('GET', P .. 'lease:' .. lane) ~= ARGV[2] then return {} end
local events = {}
for _, eid in ipairs(redis.call('LRANGE', P .. 'l:' .. lane, 0, tonumber(ARGV[4]) - 1)) do
  local fields = redis.call('HGETALL', P .. 'e:' .. eid)
  if #fields == 0 then
    redis.call('LREM', P .. 'l:' .. lane, 0, eid)
  else
    local mid = redis.call('HGET', P .. 'e:' .. eid, 'mid')
    events[#events + 1] = {eid, mid and redis.call('HGETALL', P .. 'm:' .. mid) or {}, fields}
  end
end
local paused = ''
for _, name in ipairs(redis.call('HMGET', P .. 'r:' .. room, 'c', 'desk')) do
  if name and redis.call('HGET', P .. 'down:' .. name, 'why') == 'paused' then paused = name end
end
local other = (string.sub(lane, 1, 3) == 'in:') and 'out:' or 'in:'
return {events, redis.call('HGETALL', P .. 'i:' .. lane), redis.call('HGETALL', P .. 's:' .. lane),
  redis.call('HGETALL', P .. 'r:' .. room), redis.call('HGETALL', P .. 'i:' .. other .. room), paused}
