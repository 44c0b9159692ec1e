-- Give a dead letter another life, once. ARGV: event id, what ('retry' or 'drop'), ttl in ms, wake-up's fields.
-- Returns 1, or 0 when it is not dead (any more).
local now = time_ms()
local key = P .. 'e:' .. ARGV[1]
local f = redis.call('HMGET', key, 'state', 'c', 'lane', 'room', 'd', 'unread')
if f[1] ~= 'dead' then return 0 end
redis.call('ZREM', P .. 'dead', ARGV[1])
if ARGV[2] == 'drop' then
  move(ARGV[1], f[2], 'ignored')
  redis.call('HSET', key, 'reason', 'dropped by an operator')
  redis.call('PEXPIRE', key, ARGV[3])
  if f[5] and f[5] ~= '' then redis.call('PEXPIRE', P .. 'd:' .. f[5], ARGV[3]) end
  return 1
end
if f[6] and f[5] and f[5] ~= '' then
  -- The delivery itself could not be read: read it again, as one event again.
  books(f[2], 'dead', -1)
  books(f[2], 'in_progress', 1)
  redis.call('DEL', key)
  redis.call('HDEL', P .. 'd:' .. f[5], 'n', 'tries')
  redis.call('ZADD', P .. 'ingest', now, f[5])
else
  move(ARGV[1], f[2], 'in_progress')
  redis.call('HDEL', key, 'error')
  local name = f[3] .. ':' .. f[4]
  redis.call('DEL', P .. 's:' .. name)
  redis.call('RPUSH', P .. 'l:' .. name, ARGV[1])
  due(name, now)
end
wake(now, {unpack(ARGV, 4)})
return 1
