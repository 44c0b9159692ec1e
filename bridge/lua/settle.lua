-- Write down what a turn did, all or nothing, if the lease is still ours. ARGV: owner, orders as JSON, most
-- events to look at afterwards (0: none). Returns {0} when the lease was lost and nothing was written, {2} when
-- the turn was given back and there is more, {3} when nothing is left, else {1}, and behind it the look. Where it asks for
-- leave: {1, what leave.lua answers}, and {4, that answer} where there is none and nothing was written.
-- orders: lane, room, now the lists below, each optional:
--   events  = {{e, state, ttl, f={...}, muted, rules={...}, waited}}  outcomes; the event leaves the lane; by which
--                                             mute it was ignored; the rules that matched it, and how somebody's
--                                             wait ended ({connection, as what}), counted with the change of state
--   touch   = {{e, f={...}, state}}           facts on events that stay
--   intent  = {field, value, ...} | ''        the write under way; '' when it is settled
--   facts   = {field, value, ...}             of the room
--   says    = {{m, f={...}}}                  of messages: latest text, deleted, on which ticket
--   set     = {{key, value, ttl in s, gently}} indexes: sent ids, tickets, persons, joins; gently: only
--                                             where no other value stands
--   tally   = {{key, name, seconds}}          what is counted, each thing once by its name, so many seconds long
--   push    = {{e, lane, room, c, state, f, after, waits, of}}  events of our own making (notes, notices):
--                                             in_progress, parked, or a timer; looked at after so many ms;
--                                             who waits ({connection, until when an answer is due}); of which
--                                             event in another room it is made: none, where that was erased
--   wake    = {lane, ...}                     that may go on, if they rest
--   mutes   = {{id, text}}                    what is muted from now on; '' ends it
--   crowds  = {{c, ...}}                      messages to count, incidents (crowd.lua)
--   tries   = {field, value} | ''             the lane's failures; '' after a success
--   cheer   = {connection, ...}               that answered: their breaker closes
--   again   = ms | nil                        give the lease back, look again after so long
--   waits   = connection | 'connection budget'  the line to stand in meanwhile, and `order` the place there
--   busy    = true                            nothing is closed there, the worker had no more room: another may have
--   rests   = true                            nothing is wrong: anything new may come before that
--   late    = {{connection, ...}, ...}        requests that were answered some time after they had leave (leave.lua)
--   ask     = {connection, ...}               leave for the write that the intent is about, as leave.lua takes it
local orders = cjson.decode(ARGV[2])
local lane, room, now = orders.lane, orders.room, time_ms()
if redis.call('GET', P .. 'lease:' .. lane) ~= ARGV[1] then return {0} end
for _, item in ipairs(orders.late or {}) do recount(item, now) end
local left = orders.ask and leave(orders.ask, now)
if left and left[1] > 0 then return {4, left} end
for _, item in ipairs(orders.events or {}) do
  local key = P .. 'e:' .. item.e
  local connection = redis.call('HGET', key, 'c')
  if connection then
    if #item.f > 0 then redis.call('HSET', key, unpack(item.f)) end
    local was = move(item.e, connection, item.state)
    if was ~= item.state then
      if item.muted and redis.call('HEXISTS', P .. 'mutes', item.muted) == 1 then
        redis.call('HINCRBY', P .. 'muted', item.muted, 1)
      end
      for _, rule in ipairs(item.rules or {}) do
        redis.call('HINCRBY', P .. 'matches', rule, 1)
        redis.call('HSET', P .. 'matched', rule, now)
      end
      if item.waited and item.waited[2] ~= '' then
        redis.call('HINCRBY', P .. 'answers:' .. item.waited[1], item.waited[2], 1)
      end
    end
    if item.waited then redis.call('ZREM', P .. 'waiting:' .. item.waited[1], item.e) end
    redis.call('LREM', P .. 'l:' .. lane, 0, item.e)
    if item.state == 'dead' then
      redis.call('ZADD', P .. 'dead', now, item.e)
      if was ~= 'dead' then dead_of(redis.call('HGET', key, 'd') or '', 1) end
    else
      redis.call('PEXPIRE', key, item.ttl)
      -- It lay in the box, and another letter's retry has found that the write they share was done.
      if was == 'dead' then
        redis.call('ZREM', P .. 'dead', item.e)
        dead_of(redis.call('HGET', key, 'd') or '', -1, item.ttl)
      end
    end
    redis.call('XADD', P .. 'feed', 'MAXLEN', '~', 2000, '*', 'e', item.e)
  end
end
for _, item in ipairs(orders.touch or {}) do
  local key = P .. 'e:' .. item.e
  local connection = redis.call('HGET', key, 'c')
  if connection then
    if #item.f > 0 then redis.call('HSET', key, unpack(item.f)) end
    if item.state and item.state ~= '' then move(item.e, connection, item.state) end
  end
end
if orders.intent == '' then
  redis.call('DEL', P .. 'i:' .. lane)
elseif orders.intent and #orders.intent > 0 then
  redis.call('HSET', P .. 'i:' .. lane, unpack(orders.intent))
end
if orders.facts and #orders.facts > 0 then redis.call('HSET', P .. 'r:' .. room, unpack(orders.facts)) end
redis.call('EXPIRE', P .. 'r:' .. room, 7776000)
for _, item in ipairs(orders.says or {}) do
  redis.call('HSET', P .. 'm:' .. item.m, unpack(item.f))
  redis.call('EXPIRE', P .. 'm:' .. item.m, 2592000)
end
for _, item in ipairs(orders.set or {}) do
  if not item[4] then
    redis.call('SET', P .. item[1], item[2], 'EX', item[3])
  elseif not redis.call('SET', P .. item[1], item[2], 'NX', 'EX', item[3]) and redis.call('GET', P .. item[1]) == item[2] then
    redis.call('EXPIRE', P .. item[1], item[3])
  end
end
for _, item in ipairs(orders.mutes or {}) do mute(item[1], item[2]) end
for _, item in ipairs(orders.tally or {}) do
  local key = P .. item[1]
  redis.call('ZADD', key, 'NX', now, item[2])
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - item[3] * 1000)
  redis.call('EXPIRE', key, item[3])
end
local push = orders.push or {}
for _, item in ipairs(orders.crowds or {}) do
  if item.e then
    for _, first in ipairs(crowd(item, now)) do push[#push + 1] = first end
  else incident(item) end
end
for _, item in ipairs(push) do
  local key = P .. 'e:' .. item.e
  local erased = item.of and redis.call('HEXISTS', P .. 'e:' .. item.of, 'k') == 0
  if not erased and redis.call('HEXISTS', key, 'state') == 0 then
    local state = item.state or 'in_progress'
    redis.call('HSET', key, 'v', 1, 'c', item.c, 'd', '', 'at', now, 'state', state, 'reason', '',
      'room', item.room, 'lane', item.lane, unpack(item.f))
    if state ~= 'timer' then
      books(item.c, 'received', 1)
      books(item.c, state, 1)
    end
    local name = item.lane .. ':' .. item.room
    redis.call('RPUSH', P .. 'l:' .. name, item.e)
    due(name, now + (item.after or 0), now)
    if item.waits then redis.call('ZADD', P .. 'waiting:' .. item.waits[1], item.waits[2], item.e) end
    if name ~= lane and (item.after or 0) == 0 then wake(now) end
  end
end
for _, name in ipairs(orders.wake or {}) do
  if redis.call('LLEN', P .. 'l:' .. name) > 0 then
    due(name, now, now)
    wake(now)
  end
end
if orders.tries == '' then
  redis.call('DEL', P .. 's:' .. lane)
elseif orders.tries and #orders.tries > 0 then
  redis.call('HSET', P .. 's:' .. lane, unpack(orders.tries))
end
if orders.again or #(orders.events or {}) > 0 then redis.call('HDEL', P .. 's:' .. lane, 'taken', 'alone') end
for _, connection in ipairs(orders.cheer or {}) do cheer(connection, now) end
if orders.again then
  redis.call('DEL', P .. 'lease:' .. lane, P .. 'w:' .. lane)
  if redis.call('LLEN', P .. 'l:' .. lane) > 0 or redis.call('EXISTS', P .. 'i:' .. lane) == 1 then
    local wait, waits = orders.again, orders.waits or ''
    if orders.rests and redis.call('EXISTS', P .. 'n:' .. lane) == 1 then wait = 0 end
    -- What it waits for may have opened since: then nobody would wake it.
    local closed = redis.call('EXISTS', P .. 'down:' .. waits) == 1
    if waits ~= '' and not closed and not orders.busy and not string.find(waits, ' ') then wait, waits = 0, '' end
    redis.call('ZADD', P .. 'due', now + (waits == '' and wait or AGAIN), lane)
    if orders.rests and wait > 0 then redis.call('SET', P .. 'w:' .. lane, '1', 'PX', wait) end
    if waits ~= '' then stand(waits, orders.order or 0, lane, now) end
    if orders.busy then wake(now) end
    return {2}
  end
  redis.call('ZREM', P .. 'due', lane)
  redis.call('DEL', P .. 's:' .. lane)
end
if not orders.again and redis.call('LLEN', P .. 'l:' .. lane) == 0 and redis.call('EXISTS', P .. 'i:' .. lane) == 0 then
  -- Nothing is left: the turn ends here, and costs no further look.
  redis.call('DEL', P .. 'lease:' .. lane, P .. 's:' .. lane, P .. 'w:' .. lane, P .. 'n:' .. lane)
  redis.call('ZREM', P .. 'due', lane)
  return {3}
end
if not orders.again and tonumber(ARGV[3]) > 0 then return {1, look(lane, room, tonumber(ARGV[3]), now)} end
return {1, left}
