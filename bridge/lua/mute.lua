-- Mute something, or end that. ARGV: id, the mute as JSON ('' ends it), the JSON it is to stand as now ('' is any).
-- Returns 1, or 0 where another one stands there and nothing was changed.
local known = redis.call('HGET', P .. 'mutes', ARGV[1]) or ''
if ARGV[3] ~= '' and known ~= ARGV[3] then return 0 end
mute(ARGV[1], ARGV[2])
return 1
