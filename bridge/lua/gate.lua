-- May a request go out now? ARGV: connection, share of the budgets it may use (0..1), then per budget
-- name, limit, window in ms. Returns {0} and counts it, {0, 'try'} for the one that may try a closed
-- connection, or {wait in ms, why}; nothing is counted then.
local now = time_ms()
local connection, share = ARGV[1], tonumber(ARGV[2])
local tries = ''
local down = redis.call('HMGET', P .. 'down:' .. connection, 'until', 'why')
if down[1] then
  if tonumber(down[1]) > now then return {tonumber(down[1]) - now, down[2]} end
  -- Half open: one request may try, the others wait for what becomes of it.
  redis.call('HSET', P .. 'down:' .. connection, 'until', now + 10000, 'try', 1)
  tries = 'try'
end
local spent = {}
for i = 3, #ARGV, 3 do
  local key = P .. 'rate:' .. connection .. ':' .. ARGV[i]
  local limit, window = tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
  local barred = redis.call('PTTL', key .. ':stop')
  if barred > 0 then return {barred, 'limit'} end
  -- Sixty buckets a window: at worst a request waits one sixtieth of it too long, never too short.
  local width = math.max(math.floor(window / 60), 1)
  local bucket = math.floor(now / width)
  local total, gone, buckets = 0, {}, {}
  local flat = redis.call('HGETALL', key)
  for j = 1, #flat, 2 do
    local at = tonumber(flat[j])
    if at <= bucket - 61 then gone[#gone + 1] = flat[j]
    else
      total = total + tonumber(flat[j + 1])
      buckets[#buckets + 1] = {at, tonumber(flat[j + 1])}
    end
  end
  if #gone > 0 then redis.call('HDEL', key, unpack(gone)) end
  local room = math.max(math.floor(limit * share), 1)
  if total + 1 > room then
    table.sort(buckets, function(a, b) return a[1] < b[1] end)
    local excess, wait = total + 1 - room, window
    for _, b in ipairs(buckets) do
      excess = excess - b[2]
      if excess <= 0 then wait = (b[1] + 61) * width - now break end
    end
    return {math.max(wait, width), 'budget'}
  end
  spent[#spent + 1] = {key, bucket, window}
end
for _, s in ipairs(spent) do
  redis.call('HINCRBY', s[1], s[2], 1)
  redis.call('PEXPIRE', s[1], s[3] + 60000)
end
return {0, tries}
