-- Keep one delivery. ARGV: id, connection, source, headers, body, received_at.
-- Returns 1 when kept now, 0 when it was here already.
local now = time_ms()
local key = P .. 'd:' .. ARGV[1]
local known = redis.call('HMGET', key, 'c', 'n')
if known[1] then
  books(ARGV[2], 'duplicates', tonumber(known[2] or '1'))
  return 0
end
redis.call('HSET', key, 'v', 1, 'c', ARGV[2], 's', ARGV[3], 'h', ARGV[4], 'b', ARGV[5], 'at', ARGV[6])
redis.call('ZADD', P .. 'ingest', now_exact(), ARGV[1])
books(ARGV[2], 'received', 1)
books(ARGV[2], 'in_progress', 1)
redis.call('HSET', P .. 'last', ARGV[2], now)
wake(now)
return 1
