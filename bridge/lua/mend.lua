-- Put back what fell out of an index. ARGV: kind ('l' or 'd'), names... Returns how many were put back.
local now, mended = time_ms(), 0
for i = 2, #ARGV do
  -- What is of another kind than it should be is nobody's work, and stops no look at the others.
  if ARGV[1] == 'l' then
    local waits = redis.pcall('LLEN', P .. 'l:' .. ARGV[i])
    if type(waits) == 'number' and waits > 0 then mended = mended + redis.call('ZADD', P .. 'due', 'NX', now, ARGV[i]) end
  else
    local f = redis.pcall('HMGET', P .. 'd:' .. ARGV[i], 'c', 'n')
    if f[1] and not f[2] then mended = mended + redis.call('ZADD', P .. 'ingest', 'NX', now, ARGV[i]) end
  end
end
return mended
