-- Begin the incident of a crowd: all or nothing. What was said in the crowd's window belongs to it.
-- item: c = the crowd (its name, and what it counts apart), begin = the incident there would be: room, spike
--   (JSON for `spikes`), facts of the room, push = its first events, which are returned.
local function begins(item)
  local begin, key = item.begin, P .. 'crowd:' .. item.c
  local members = P .. 'members:' .. begin.room
  redis.call('HSET', P .. 'spikes', item.c, begin.spike)
  redis.call('HSET', P .. 'r:' .. begin.room, unpack(begin.facts))
  redis.call('EXPIRE', P .. 'r:' .. begin.room, 7776000)
  redis.call('PEXPIRE', key, 2592000000)
  if not item.apart then
    for _, eid in ipairs(redis.call('ZRANGE', key, 0, -1)) do redis.call('RPUSH', members, eid) end
  end
  redis.call('EXPIRE', members, 2592000)
  return begin.push
end

-- Count a message for a crowd; when there are as many as are needed, an incident begins, once.
-- item: as above, and e = the message, at, over = ms, needed. Without `at` and `needed` nothing is counted: somebody
--   begins the incident by hand, unless one lasts. kept = the incident on whose list it stands in place of a ticket,
--   also where that is over by now; apart: nothing else belongs to it, because what is counted has tickets.
-- What is older than the window counts no more, so a message that is written down twice counts once: it is
-- still among those that are known, or too old. An incident that lasts remembers all from its own window on: who
-- was handled late, because a worker died, belongs to it. Returns the incident's first events where it begins.
local CROWD = 10000 -- messages of a crowd that are remembered one by one
local function crowd(item, now)
  local key = P .. 'crowd:' .. item.c
  local spike = redis.call('HGET', P .. 'spikes', item.c)
  if not item.at then
    redis.call('ZREMRANGEBYSCORE', key, '-inf', '(' .. string.format('%.0f', now - item.over))
    return spike and {} or begins(item)
  end
  local at = math.min(item.at, now)
  spike = spike and cjson.decode(spike)
  local oldest = math.min(now, spike and spike.since or now) - item.over
  if item.kept then at = math.max(at, oldest) end
  if at < oldest then return {} end
  if redis.call('ZADD', key, 'NX', at, item.e) == 1 then
    redis.call('ZREMRANGEBYSCORE', key, '-inf', '(' .. string.format('%.0f', oldest))
    redis.call('ZREMRANGEBYRANK', key, 0, -CROWD - 1)
    redis.call('PEXPIRE', key, spike and 2592000000 or item.over + 60000)
    local hours, hour = P .. 'hours:crowd:' .. item.c, math.floor(at / 3600000)
    redis.call('HSETNX', hours, 'first', string.format('%.0f', at))
    if redis.call('HINCRBY', hours, hour, 1) == 1 then
      -- An hour begins: those of the week before the last six are needed no more.
      for gone = hour - 1176, hour - 1009 do redis.call('HDEL', hours, gone) end
    end
    redis.call('EXPIRE', hours, 3024000)
    local room = item.kept or (spike and not item.apart and spike.room)
    if room then
      local members = P .. 'members:' .. room
      if item.kept or redis.call('LLEN', members) < CROWD then redis.call('RPUSH', members, item.e) end
      redis.call('EXPIRE', members, 2592000)
    end
  end
  local count = redis.call('ZCOUNT', key, now - item.over, '+inf')
  if spike or count < item.needed then return {} end
  return begins(item)
end

-- What else becomes of a crowd: the ticket of its incident is known, or it is over. Only of the same incident.
local function incident(item)
  local spike = redis.call('HGET', P .. 'spikes', item.c)
  if not spike or cjson.decode(spike).room ~= item.room then return end
  if item.spike then redis.call('HSET', P .. 'spikes', item.c, item.spike)
  else
    redis.call('HDEL', P .. 'spikes', item.c)
    redis.call('PEXPIRE', P .. 'crowd:' .. item.c, 90000000)
    -- Ended by hand: as many have to come again before there is another one.
    if item.anew then redis.call('DEL', P .. 'crowd:' .. item.c) end
  end
end

