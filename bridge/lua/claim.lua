-- Take work. ARGV: owner, deliveries wanted, lanes wanted, lease in ms, holder of the lanes, then per connection its
-- name and how many more turns the owner has room for.
-- Returns {deliveries, lanes}: deliveries as {id, tries, fields...}, lanes, now leased to holder, as {name, the
-- connection that it is about to ask, where that is known, or '', what a turn needs to see (look.lua), or '' where that
-- is much, or damaged}.
-- Deliveries go to one reader at a time, oldest first, and stay where they are until they are read. Tries
-- are counted of the first alone: it is the one that a reader who died was at.
-- Taking a lane moves its due time behind its lease: when the holder dies it comes up again by itself. It is
-- counted as taken until `settle` finishes something of it, so that deaths are noticed.
-- Those who stand in line for a connection that is open go before what is due; a lane for whose helpdesk the owner has no
-- room, or others wait already, stands in line with them, before anybody works on it.
local LITTLE = 4  -- events of a lane that are shown at once: what is shown of all must not be much
local now = time_ms()
release(now)
local owner, wanted, lease = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4])
local waits, free, names = redis.call('EXISTS', P .. 'lines') == 1, {}, {}
for i = 6, #ARGV, 2 do
  free[ARGV[i]] = tonumber(ARGV[i + 1])
  names[#names + 1] = ARGV[i]
end
local deliveries, lanes = {}, {}
local function shown(lane)
  if redis.call('LLEN', P .. 'l:' .. lane) > LITTLE then return '' end
  return look(lane, string.match(lane, ':(.*)$'), LITTLE, now)
end
local function take(lane, connection)
  redis.call('SET', P .. 'lease:' .. lane, ARGV[5], 'PX', lease)
  redis.call('ZADD', P .. 'due', now + lease + 200, lane)
  redis.call('HINCRBY', P .. 's:' .. lane, 'taken', 1)
  if free[connection] then free[connection] = free[connection] - 1 end
  local whole, rows = pcall(shown, lane)
  lanes[#lanes + 1] = {lane, connection, whole and rows or ''}
end
local function take_from_line(connection)
  if redis.call('EXISTS', P .. 'down:' .. connection) == 1 then return end
  local many = math.min(free[connection], wanted - #lanes)
  local first_of_it = many > 0 and redis.call('ZRANGE', P .. 'line:' .. connection, 0, many - 1) or {}
  for _, lane in ipairs(first_of_it) do
    redis.call('ZREM', P .. 'line:' .. connection, lane)
    if redis.call('EXISTS', P .. 'lease:' .. lane) == 0 and redis.call('ZSCORE', P .. 'due', lane) then take(lane, connection) end
  end
end
-- The helpdesk that a lane is about to ask, and its place among those who wait for it; nothing where that is not sure.
local function about_to_ask(lane)
  local room = string.match(lane, '^in:(.+)$')
  if not room or redis.call('EXISTS', P .. 'i:' .. lane) == 1 then return end
  local f = redis.call('HMGET', P .. 'r:' .. room, 'ticket', 'status', 'desk')
  if (f[1] or '') == '' or not f[3] or f[2] == 'solved' or f[2] == 'closed' or f[2] == 'deleted' then return end
  local at = redis.call('HGET', P .. 'e:' .. (redis.call('LINDEX', P .. 'l:' .. lane, 0) or ''), 'at')
  return f[3], 3e13 + tonumber(at or now)
end
local function line_of(desk, order)
  if (free[desk] or 1) <= 0 then return desk end
  for _, line in ipairs(waits and {desk, desk .. ' updates', desk .. ' account'} or {}) do
    if (first(line) or order) < order then return line end
  end
end
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
if wanted > 0 then
  if waits then
    for _, connection in ipairs(names) do take_from_line(connection) end
  end
  local tight = waits
  for _, room in pairs(free) do tight = tight or room < wanted - #lanes end
  local most = tight and 200 or wanted
  for _, lane in ipairs(redis.call('ZRANGEBYSCORE', P .. 'due', '-inf', now, 'LIMIT', 0, most)) do
    if #lanes >= wanted then break end
    local key = P .. 'lease:' .. lane
    local desk, order, line
    if tight then desk, order = about_to_ask(lane) end
    if desk then line = line_of(desk, order) end
    if redis.call('EXISTS', key) == 1 then
      redis.call('ZADD', P .. 'due', now + math.max(redis.call('PTTL', key), 0) + 200, lane)
    elseif line then
      stand(line, order, lane, now)
      redis.call('ZADD', P .. 'due', now + AGAIN, lane)
      wake(now)  -- others may have room
    else
      take(lane, desk or '')
    end
  end
end
return {deliveries, lanes}
