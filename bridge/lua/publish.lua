-- Put a version of the rules in force. ARGV: version, its files as JSON, origin (files, published), author, note,
-- whether it may take the place of a published one (1 or 0). Returns its number, or 0 when a published one stays.
-- The same version from the same origin again is the same number.
local key, now = P .. 'rules', time_ms()
local known = redis.call('HMGET', key, 'version', 'origin', 'n')
if known[2] == 'published' and ARGV[3] == 'files' and ARGV[6] ~= '1' then return 0 end
if known[1] == ARGV[1] and known[2] == ARGV[3] then return tonumber(known[3]) end
local n = tonumber(known[3] or '0') + 1
redis.call('SET', P .. 'rulebook:' .. ARGV[1], ARGV[2])
redis.call('HSET', key, 'v', 1, 'n', n, 'version', ARGV[1], 'origin', ARGV[3], 'at', now, 'author', ARGV[4],
  'note', ARGV[5])
redis.call('LPUSH', P .. 'versions', cjson.encode({v = 1, n = n, version = ARGV[1], origin = ARGV[3], at = now,
  author = ARGV[4], note = ARGV[5]}))
local old = redis.call('LRANGE', P .. 'versions', 100, -1)
redis.call('LTRIM', P .. 'versions', 0, 99)
if #old > 0 then
  local kept = {}
  for _, one in ipairs(redis.call('LRANGE', P .. 'versions', 0, -1)) do kept[cjson.decode(one).version] = true end
  for _, one in ipairs(old) do
    local version = cjson.decode(one).version
    if not kept[version] then redis.call('DEL', P .. 'rulebook:' .. version) end
  end
end
return n
