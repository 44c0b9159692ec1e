-- Shared by every script of the journal. Times are milliseconds of Redis' own clock, so that workers
-- on machines whose clocks disagree still agree on leases. Every script is harmless to repeat.
local P = 'bridge:'

local function time_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- To the microsecond, so that what came in the same millisecond has an order too.
local function now_exact()
  local t = redis.call('TIME')
  return string.format('%.3f', t[1] * 1000 + t[2] / 1000)
end

-- Whoever reads deliveries does so alone, in the order in which they came: this keeps conversations in order.
-- The turn must outlast the reading of one delivery only; `record` prolongs it.
local READING, READS = P .. 'reading', 3000

local function books(connection, field, by)
  redis.call('HINCRBY', P .. 'books:' .. connection, field, by)
end

-- A wake-up is an RQ job without meaning; one waiting is enough for any amount of work.
local function wake(now)
  if redis.call('LLEN', 'rq:queue:bridge') > 0 then return end
  local id = 'wake-' .. now .. '-' .. redis.call('INCR', P .. 'wakes')
  redis.call('HSET', 'rq:job:' .. id, unpack({--[[the job's fields: store.py puts them here]]}))
  redis.call('EXPIRE', 'rq:job:' .. id, 3600)
  redis.call('SADD', 'rq:queues', 'rq:queue:bridge')
  redis.call('RPUSH', 'rq:queue:bridge', id)
end

-- A lane that rests by its own choice (w:) is up as soon as there is something else to do; one that is in
-- somebody's hand, or in trouble, keeps its time. Who has it in hand is told that there is news (n:), and looks
-- again before the lane rests: it may have looked a moment before this.
local function due(lane, at, now)
  local held = redis.call('EXISTS', P .. 'lease:' .. lane) == 1
  if held then redis.call('SET', P .. 'n:' .. lane, '1', 'EX', 3600) end
  local known = tonumber(redis.call('ZSCORE', P .. 'due', lane) or '')
  if not known then
    redis.call('ZADD', P .. 'due', at, lane)
    if at > now then redis.call('SET', P .. 'w:' .. lane, '1', 'PX', at - now) end
  elseif at < known and not held and redis.call('EXISTS', P .. 'w:' .. lane) == 1 then
    redis.call('ZADD', P .. 'due', at, lane)
  end
end

-- Move an event from the state it is in to another, books and all. Returns the state it was in. A timer
-- stands in no book until it does something.
local function move(eid, connection, state)
  local key = P .. 'e:' .. eid
  local was = redis.call('HGET', key, 'state')
  if was == state or not was then return was end
  redis.call('HSET', key, 'state', state)
  if was == 'timer' then books(connection, 'received', 1) else books(connection, was, -1) end
  books(connection, state, 1)
  return was
end

-- A connection answered: whatever was closed opens, and what waited for it goes on.
local function cheer(connection, now)
  redis.call('DEL', P .. 'fails:' .. connection)
  if redis.call('HGET', P .. 'down:' .. connection, 'why') ~= 'paused' and redis.call('DEL', P .. 'down:' .. connection) == 1 then
    redis.call('HDEL', P .. 'alarms', 'down:' .. connection)
    local waiting = redis.call('SMEMBERS', P .. 'waiting:' .. connection)
    for i, name in ipairs(waiting) do
      if redis.call('EXISTS', P .. 'lease:' .. name) == 0 then redis.call('ZADD', P .. 'due', 'XX', now + i * 5, name) end
    end
    redis.call('DEL', P .. 'waiting:' .. connection)
  end
end
