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
  redis.call('HSET', 'rq:job:' .. id, unpack({--[[the job's fields: store/scripts.py puts them here]]}))
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

-- So many more (or less) parts of a delivery are dead letters: what came stays as long as there is one, and
-- *ttl* ms after the last. What is damaged is left as it is.
local function dead_of(did, by, ttl)
  local key = P .. 'd:' .. did
  if redis.call('EXISTS', key) == 0 then return end
  local dead = redis.pcall('HINCRBY', key, 'dead', by)
  if type(dead) ~= 'number' then return end
  if dead < 0 then redis.call('HDEL', key, 'dead') end  -- an earlier release did not count
  if dead > 0 then redis.call('PERSIST', key) else redis.call('PEXPIRE', key, ttl) end
end

-- Lanes that wait for a connection, or for one of its budgets, stand in a line, in the order in which they may
-- go on; `lines` says when which of them is looked at. They do not come back by the clock: thousands that wait
-- for the same thing would all ask for it at once, and whoever came first would have it. A lane that something
-- has lost on the way comes up by itself after AGAIN.
local AGAIN = 60000
local GRANTED = 3000  -- for so long it counts that a lane was let go on, and has not spent, or begun, anything

local function stand(line, order, lane, now)
  redis.call('ZADD', P .. 'line:' .. line, order, lane)
  redis.call('EXPIRE', P .. 'line:' .. line, 604800)
  redis.call('ZADD', P .. 'lines', 'NX', now, line)
end

-- The first in a line: its order, or nothing when nobody stands there.
local function first(line)
  return tonumber(redis.call('ZRANGE', P .. 'line:' .. line, 0, 0, 'WITHSCORES')[2])
end

-- A sixtieth of a window, in ms: by so much time the requests in it are counted together.
local function width_of(window) return math.max(math.floor(window / 60), 1) end

-- What of a budget is used: sixty buckets a window, the present one beside them, so that at worst a request waits
-- one sixtieth of the window too long, never too short. Then the buckets, each {number, requests}.
local function used(key, window, now)
  local width = width_of(window)
  local bucket = math.floor(now / width)
  local total, gone, buckets = tonumber(redis.call('GET', key .. ':other') or '0'), {}, {}
  local flat = redis.call('HGETALL', key)
  for j = 1, #flat, 2 do
    local at = tonumber(flat[j])
    if at <= bucket - 61 then gone[#gone + 1] = flat[j]
    else
      total = total + tonumber(flat[j + 1])
      buckets[#buckets + 1] = {at, tonumber(flat[j + 1])}
    end
  end
  if #gone > 0 then redis.call('HDEL', key, unpack(gone)) end
  return total, buckets, bucket, width
end

-- A lane that was let go on counts until it has asked for what it stood in line for.
local function let_go(line, lane, now)
  redis.call('ZADD', P .. 'granted:' .. line, now + GRANTED, lane)
  redis.call('PEXPIRE', P .. 'granted:' .. line, GRANTED)
end

-- How many of a line may go on now, when to look at it again, and whether workers may take from it.
local function allowed(line, now)
  local connection, budget = string.match(line, '^(%S+) (.+)$')
  local down = redis.call('HMGET', P .. 'down:' .. (connection or line), 'until', 'why')
  if down[2] == 'paused' then return 0, now + 5000 end
  if down[1] and tonumber(down[1]) > now then return 0, tonumber(down[1]) end
  -- Half open: the first one tries. If it has nothing to ask after all, the next one does.
  if down[1] then return 1, now + 1000 end
  -- Open: whoever has room for it takes the first of the line.
  if not budget then return 0, now + 200, true end
  local key = P .. 'rate:' .. connection .. ':' .. budget
  local stop = redis.call('PTTL', key .. ':stop')
  if stop > 0 then return 0, now + stop end
  if redis.call('EXISTS', key .. ':slow') == 1 then return 1, now + 200 end
  local pace = redis.call('HMGET', P .. 'pace:' .. line, 'limit', 'window')
  if not pace[1] then return 16, now + 200 end
  redis.call('ZREMRANGEBYSCORE', P .. 'granted:' .. line, '-inf', now)
  local total, _, _, width = used(key, tonumber(pace[2]), now)
  local free = tonumber(pace[1]) - total - redis.call('ZCARD', P .. 'granted:' .. line)
  return math.min(free, 64), now + (free > 64 and 20 or math.min(math.max(width, 20), 200))
end

-- Let go on whoever may, the first of each line first. Returns how many stand where workers take from the line.
local function release(now)
  local many = 0
  for _, line in ipairs(redis.call('ZRANGEBYSCORE', P .. 'lines', '-inf', now, 'LIMIT', 0, 20)) do
    local key = P .. 'line:' .. line
    local count, look, open = allowed(line, now)
    if open then many = many + redis.call('ZCARD', key) end
    local lanes = count > 0 and redis.call('ZRANGE', key, 0, count - 1) or {}
    for place, lane in ipairs(lanes) do
      redis.call('ZREM', key, lane)
      -- Less than a millisecond apart, so that they are also taken in this order.
      local at = now - (#lanes - place) / 1000
      if redis.call('EXISTS', P .. 'lease:' .. lane) == 0 and redis.call('ZADD', P .. 'due', 'XX', 'CH', at, lane) == 1 then
        let_go(line, lane, now)
      end
    end
    if redis.call('EXISTS', key) == 1 then redis.call('ZADD', P .. 'lines', look, line)
    else redis.call('ZREM', P .. 'lines', line) end
  end
  return many
end

-- A connection answered: whatever was closed opens, and what waited for it goes on.
local function cheer(connection, now)
  redis.call('DEL', P .. 'fails:' .. connection)
  if redis.call('HGET', P .. 'down:' .. connection, 'why') ~= 'paused' and redis.call('DEL', P .. 'down:' .. connection) == 1 then
    redis.call('HDEL', P .. 'alarms', 'down:' .. connection)
    redis.call('ZADD', P .. 'lines', 'XX', now, connection)
  end
end

-- What is muted, by id, and when that last changed (`now`): whoever knows another moment reads it again.
local function mute(id, text)
  if text == '' then
    redis.call('HDEL', P .. 'mutes', id)
    redis.call('HDEL', P .. 'muted', id)
  else
    redis.call('HSET', P .. 'mutes', id, text)
  end
  redis.call('HSET', P .. 'mutes', 'now', now_exact())
end
