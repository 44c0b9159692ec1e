-- May a request go out now? *asked*: connection, lane that asks ('' for none), its order, then per budget name, limit,
-- window in ms, '1' where lanes stand in line for it ('' where only one lane ever spends it).
-- Returns {0, '', requests of others, now in ms, left of each budget...} and counts it; 'try' for '' where it is the one that
-- may try a closed connection. Else {wait in ms, why, line to stand in or ''}, and nothing is counted.
local function leave(asked, now)
  local connection, lane, order = asked[1], asked[2], tonumber(asked[3])
  local tries = ''
  local down = redis.call('HMGET', P .. 'down:' .. connection, 'until', 'why')
  if down[1] then
    if tonumber(down[1]) > now then return {tonumber(down[1]) - now, down[2], connection} end
    tries = 'try'
  end
  local spent, others, answer = {}, 0, {0, tries, 0, now}
  for i = 4, #asked, 4 do
    local name, limit, window, shared = asked[i], tonumber(asked[i + 1]), tonumber(asked[i + 2]), asked[i + 3] == '1'
    local key, line = P .. 'rate:' .. connection .. ':' .. name, connection .. ' ' .. name
    local function refused(wait, why)
      if not shared then return {wait, why, ''} end
      redis.call('HSET', P .. 'pace:' .. line, 'limit', limit, 'window', window)
      redis.call('EXPIRE', P .. 'pace:' .. line, 604800)
      return {wait, why, line}
    end
    local barred = redis.call('PTTL', key .. ':stop')
    if barred > 0 then return refused(barred, 'limit') end
    -- Whoever stands in line and may go before us goes before us.
    if shared and (first(line) or order) < order then return refused(1000, 'budget') end
    local total, buckets, bucket, width = used(key, window, now)
    if total + 1 > limit then
      table.sort(buckets, function(a, b) return a[1] < b[1] end)
      local excess, wait = total + 1 - limit, window
      for _, b in ipairs(buckets) do
        excess = excess - b[2]
        if excess <= 0 then wait = (b[1] + 61) * width - now break end
      end
      return refused(math.max(wait, width), 'budget')
    end
    others = others + tonumber(redis.call('GET', key .. ':other') or '0')
    answer[#answer + 1] = limit - total - 1
    spent[#spent + 1] = {key, bucket, window, line}
  end
  for _, s in ipairs(spent) do
    redis.call('HINCRBY', s[1], s[2], 1)
    redis.call('PEXPIRE', s[1], s[3] + 60000)
    if lane ~= '' then redis.call('ZREM', P .. 'granted:' .. s[4], lane) end
    local slow = redis.call('GET', s[1] .. ':slow')
    if slow then redis.call('SET', s[1] .. ':stop', '1', 'PX', slow) end
  end
  -- Half open: one request may try, the others wait for what becomes of it.
  if tries == 'try' then redis.call('HSET', P .. 'down:' .. connection, 'until', now + 10000, 'try', 1) end
  answer[3] = others
  return answer
end

-- A request was answered: what it spent is counted as of now. *late*: connection, when leave was given in ms, then per budget
-- name and window in ms. The provider has counted it somewhere in between; given back by the time of the leave, it could
-- be one too many in their window.
local function recount(late, now)
  for i = 3, #late, 2 do
    local key, window = P .. 'rate:' .. late[1] .. ':' .. late[i], tonumber(late[i + 1])
    local width = width_of(window)
    local from, to = math.floor(tonumber(late[2]) / width), math.floor(now / width)
    if from ~= to and tonumber(redis.call('HGET', key, from) or '0') > 0 then
      redis.call('HINCRBY', key, from, -1)
      redis.call('HINCRBY', key, to, 1)
      redis.call('PEXPIRE', key, window + 60000)
    end
  end
end
