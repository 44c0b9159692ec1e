-- Prolong leases. ARGV: lease in ms, then lane and holder in turn. Returns the numbers (from 1) of those that
-- are still their holders'.
local now = time_ms()
local kept = {}
for i = 2, #ARGV, 2 do
  local key = P .. 'lease:' .. ARGV[i]
  if redis.call('GET', key) == ARGV[i + 1] then
    redis.call('PEXPIRE', key, ARGV[1])
    redis.call('ZADD', P .. 'due', now + tonumber(ARGV[1]) + 200, ARGV[i])
    kept[#kept + 1] = i / 2
  end
end
return kept
