-- What a provider tells of a budget. ARGV: connection, budget, its limit, its window in ms, what is left of it, and
-- for how many ms that holds. What others have spent of it is remembered so long. Returns how much that is.
local now = time_ms()
local key = P .. 'rate:' .. ARGV[1] .. ':' .. ARGV[2]
redis.call('DEL', key .. ':other')
local others = tonumber(ARGV[3]) - tonumber(ARGV[5]) - used(key, tonumber(ARGV[4]), now)
if others <= 0 then return 0 end
redis.call('SET', key .. ':other', others, 'PX', ARGV[6])
return others
