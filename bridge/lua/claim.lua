-- Take work. ARGV: owner, deliveries wanted, lanes wanted, lease in ms, holder of the lanes, then per connection its
-- name and how many more turns the owner has room for.
-- Returns {deliveries, lanes}: deliveries as {id, tries, fields...}, lanes as names now leased to holder.
-- Deliveries go to one reader at a time, oldest first, and stay where they are until they are read. Tries
-- are counted of the first alone: it is the one that a reader who died was at.
-- Taking a lane moves its due time behind its lease: when the holder dies it comes up again by itself. It is
-- counted as taken until `settle` finishes something of it, so that deaths are noticed.
-- A lane whose ticket's helpdesk others wait for already stands in line with them, before anybody works on it.
-- One that was let go on for a connection stays due, in its order, until somebody has room for it: whoever took it
-- and had none would send it behind those who come later.
local now = time_ms()
local function line_of(lane)
  local room = string.match(lane, '^in:(.+)$')
  if not room or redis.call('EXISTS', P .. 'i:' .. lane) == 1 then return end
  local f = redis.call('HMGET', P .. 'r:' .. room, 'ticket', 'status', 'desk')
  if (f[1] or '') == '' or not f[3] or f[2] == 'solved' or f[2] == 'closed' or f[2] == 'deleted' then return end
  local at = redis.call('HGET', P .. 'e:' .. (redis.call('LINDEX', P .. 'l:' .. lane, 0) or ''), 'at')
  local order = 3e13 + tonumber(at or now)
  for _, line in ipairs({f[3], f[3] .. ' updates', f[3] .. ' account'}) do
    if (first(line) or order) < order then return line, order end
  end
end
release(now)
local room_for = {}
for i = 6, #ARGV, 2 do
  if redis.call('EXISTS', P .. 'granted:' .. ARGV[i]) == 1 then room_for[ARGV[i]] = tonumber(ARGV[i + 1]) end
end
local function no_room(lane)
  for name, free in pairs(room_for) do
    if free > 0 then
      room_for[name] = free - redis.call('ZREM', P .. 'granted:' .. name, lane)
    else
      local ends = redis.call('ZSCORE', P .. 'granted:' .. name, lane)
      if ends then
        if tonumber(ends) < now + GRANTED / 2 then let_go(name, lane, now) end
        return true
      end
    end
  end
  return false
end
local waits = redis.call('EXISTS', P .. 'lines') == 1
local most = (waits or next(room_for)) and 200 or tonumber(ARGV[3])
local owner, lease = ARGV[1], tonumber(ARGV[4])
local deliveries, lanes = {}, {}
local reader = redis.call('GET', READING)
if tonumber(ARGV[2]) > 0 and (not reader or reader == owner) then
  for _, id in ipairs(redis.call('ZRANGE', P .. 'ingest', 0, tonumber(ARGV[2]) - 1)) do
    local key = P .. 'd:' .. id
    local fields = redis.pcall('HMGET', key, 'c', 's', 'h', 'b', 'at')
    if fields.err then
      -- Something else stands there: it must not stop what came after it.
      redis.call('ZREM', P .. 'ingest', id)
      deliveries[#deliveries + 1] = {id, -1}
    elseif fields[1] then
      local tries = #deliveries == 0 and redis.call('HINCRBY', key, 'tries', 1) or 1
      deliveries[#deliveries + 1] = {id, tries, unpack(fields)}
    else
      redis.call('ZREM', P .. 'ingest', id)
    end
  end
  if #deliveries > 0 then redis.call('SET', READING, owner, 'PX', READS)
  elseif reader then redis.call('DEL', READING) end
end
if tonumber(ARGV[3]) > 0 then
  local wanted = tonumber(ARGV[3])
  for _, lane in ipairs(redis.call('ZRANGEBYSCORE', P .. 'due', '-inf', now, 'LIMIT', 0, most)) do
    if #lanes >= wanted and not waits then break end
    local key = P .. 'lease:' .. lane
    local line, order
    if waits then line, order = line_of(lane) end
    if redis.call('EXISTS', key) == 1 then
      redis.call('ZADD', P .. 'due', now + math.max(redis.call('PTTL', key), 0) + 200, lane)
    elseif line then
      stand(line, order, lane, now)
      redis.call('ZADD', P .. 'due', now + AGAIN, lane)
    elseif #lanes < wanted and not no_room(lane) then
      redis.call('SET', key, ARGV[5], 'PX', lease)
      redis.call('ZADD', P .. 'due', now + lease + 200, lane)
      redis.call('HINCRBY', P .. 's:' .. lane, 'taken', 1)
      lanes[#lanes + 1] = lane
    end
  end
end
return {deliveries, lanes}
