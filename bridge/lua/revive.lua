-- Give a dead letter another life, once. ARGV: event id, what ('retry' or 'drop'), ttl in ms.
-- Returns 1, or 0 when it is not dead (any more), or its delivery is to be read again and is gone.
local now = time_ms()
local key = P .. 'e:' .. ARGV[1]
local f = redis.call('HMGET', key, 'state', 'c', 'lane', 'room', 'd', 'unread', 'waits')
if f[1] ~= 'dead' then return 0 end
local did = f[5] or ''
local dkey = P .. 'd:' .. did
-- No lane: the delivery, or this part of it, could not be read.
local unread = f[6] or not f[3]
if ARGV[2] == 'retry' and unread and redis.pcall('HEXISTS', dkey, 'b') ~= 1 then return 0 end
redis.call('ZREM', P .. 'dead', ARGV[1])
if ARGV[2] == 'drop' then
  move(ARGV[1], f[2], 'ignored')
  redis.call('HSET', key, 'reason', 'dropped by an operator')
  if f[7] then redis.call('ZREM', P .. 'waiting:' .. f[7], ARGV[1]) end
  redis.call('PEXPIRE', key, ARGV[3])
  dead_of(did, -1, ARGV[3])
  return 1
end
if unread then
  -- It is read again, as one event again; what it brought before is known and stays as it is.
  books(f[2], 'dead', -1)
  dead_of(did, -1, ARGV[3])
  if redis.call('HDEL', dkey, 'n') == 1 then
    books(f[2], 'in_progress', 1)
    redis.call('HDEL', dkey, 'tries')
    redis.call('PERSIST', dkey)
    redis.call('ZADD', P .. 'ingest', now_exact(), did)
  else
    books(f[2], 'received', -1)  -- it waits to be read already, and is counted
  end
  redis.call('DEL', key)
else
  move(ARGV[1], f[2], 'in_progress')
  redis.call('HSET', key, 'reason', '')
  local name = f[3] .. ':' .. f[4]
  redis.call('DEL', P .. 's:' .. name)
  redis.call('RPUSH', P .. 'l:' .. name, ARGV[1])
  due(name, now, now)
  dead_of(did, -1, ARGV[3])
end
wake(now)
return 1
