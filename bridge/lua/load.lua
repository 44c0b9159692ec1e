-- What a turn needs to see (look.lua). ARGV: lane, owner, room, most events. {} when the lease is not ours.
if redis.call('GET', P .. 'lease:' .. ARGV[1]) ~= ARGV[2] then return {} end
return look(ARGV[1], ARGV[3], tonumber(ARGV[4]), time_ms())
