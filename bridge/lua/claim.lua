-- Take work. ARGV: owner, deliveries wanted, lanes wanted, lease in ms, ingest turn in ms.
-- Returns {deliveries, lanes}: deliveries as {id, tries, fields...}, lanes as names now leased to owner.
-- Taking a thing moves its due time behind its lease: when the holder dies it comes up again by itself.
local now = time_ms()
local owner, lease = ARGV[1], tonumber(ARGV[4])
local deliveries, lanes = {}, {}
if tonumber(ARGV[2]) > 0 then
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. 'ingest', '-inf', now, 'LIMIT', 0, ARGV[2])) do
    local key = P .. 'd:' .. id
    local fields = redis.call('HMGET', key, 'c', 's', 'h', 'b', 'at')
    if fields[1] then
      redis.call('ZADD', P .. 'ingest', now + tonumber(ARGV[5]), id)
      deliveries[#deliveries + 1] = {id, redis.call('HINCRBY', key, 'tries', 1), unpack(fields)}
    else
      redis.call('ZREM', P .. 'ingest', id)
    end
  end
end
if tonumber(ARGV[3]) > 0 then
  for _, lane in ipairs(redis.call('ZRANGEBYSCORE', P .. 'due', '-inf', now, 'LIMIT', 0, ARGV[3])) do
    local key = P .. 'lease:' .. lane
    if redis.call('SET', key, owner, 'NX', 'PX', lease) then
      redis.call('ZADD', P .. 'due', now + lease + 200, lane)
      lanes[#lanes + 1] = lane
    else
      redis.call('ZADD', P .. 'due', now + math.max(redis.call('PTTL', key), 0) + 200, lane)
    end
  end
end
return {deliveries, lanes}
