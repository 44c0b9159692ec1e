-- Prolong leases. ARGV: owner, lease in ms, lanes... Returns the lanes that are still ours.
local now = time_ms()
local kept = {}
for i = 3, #ARGV do
  local key = P .. 'lease:' .. ARGV[i]
  if redis.call('GET', key) == ARGV[1] then
    redis.call('PEXPIRE', key, ARGV[2])
    redis.call('ZADD', P .. 'due', now + tonumber(ARGV[2]) + 200, ARGV[i])
    kept[#kept + 1] = ARGV[i]
  end
end
return kept
