-- Shared by every script of the journal. Times are milliseconds of Redis' own clock, so that workers
-- on machines whose clocks disagree still agree on leases. Every script is harmless to repeat.
local P = 'bridge:'

local function time_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

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

local function due(lane, at)
  redis.call('ZADD', P .. 'due', 'NX', at, lane)
end

-- Move an event from the state it is in to another, books and all. Returns the state it was in.
local function move(eid, connection, state)
  local key = P .. 'e:' .. eid
  local was = redis.call('HGET', key, 'state')
  if was == state or not was then return was end
  redis.call('HSET', key, 'state', state)
  books(connection, was, -1)
  books(connection, state, 1)
  return was
end
