-- A connection misbehaved. ARGV: connection, why, wait in ms, alarm as JSON or ''. For 'outage' the fifth
-- failure in a row opens the breaker, longer each time up to wait; other reasons (auth, paused) close it at once.
local now = time_ms()
local key = P .. 'down:' .. ARGV[1]
if redis.call('HGET', key, 'why') == 'paused' then return 0 end
if ARGV[2] == 'outage' then
  -- What was under way when it closed fails with it; only the one that may try can make it longer.
  local down = redis.call('HMGET', key, 'until', 'why', 'try')
  if down[2] == 'outage' and tonumber(down[1]) > now and not down[3] then return 1 end
  redis.call('HDEL', key, 'try')
  local fails = redis.call('HINCRBY', P .. 'fails:' .. ARGV[1], 'n', 1)
  redis.call('PEXPIRE', P .. 'fails:' .. ARGV[1], 60000)
  if fails < 5 then return 0 end
  local wait = math.min(1000 * 2 ^ (fails - 4), tonumber(ARGV[3]))
  redis.call('HSET', key, 'until', now + wait, 'why', 'outage', 'since', now)
  redis.call('PEXPIRE', key, 3600000)
  redis.call('PEXPIRE', P .. 'fails:' .. ARGV[1], wait + 60000)
else
  redis.call('HSET', key, 'until', now + tonumber(ARGV[3]), 'why', ARGV[2], 'since', now)
end
if ARGV[4] ~= '' then redis.call('HSET', P .. 'alarms', 'down:' .. ARGV[1], ARGV[4]) end
return 1
