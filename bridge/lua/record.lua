-- Record what one delivery held, and append it to the lanes it belongs to; once, however often it runs.
-- ARGV: delivery id ('' for none), connection, raw ttl in ms, events as JSON, owner of the reader's turn.
-- An event: {e=id, lane='in'|'out'|'', st=room by its conversation, state, reason, ttl, f={field, value, ...},
--   dm = person key of a private talk, aloud = that of words in public, own = thread key when the brand wrote it, msg = message id,
--   thread = thread key, room = {field, value, ...} for a room not seen before,
--   ticket = 'helpdesk:id', lookup = true when an unknown ticket may be ours,
--   also = {rooms of other ids of the same person}, becomes = room of the id a person has from now on,
--   known = true when it matters to a room that there is only,
--   told = message id of words of ours that the platform speaks of, marker and of = our and its id of them}
local now = time_ms()
local did, connection = ARGV[1], ARGV[2]
local dkey = P .. 'd:' .. did
if redis.call('GET', READING) == ARGV[5] then redis.call('PEXPIRE', READING, READS) end
if did ~= '' then
  local seen = redis.call('HMGET', dkey, 'c', 'n')
  if not seen[1] or seen[2] then
    redis.call('ZREM', P .. 'ingest', did)
    return 0
  end
end
local function joined(room)
  local other = redis.call('GET', P .. 'join:' .. room)
  if other then redis.call('EXPIRE', P .. 'join:' .. room, 7776000) end
  return other or room
end
local function stands(room) return redis.call('EXISTS', P .. 'r:' .. room) == 1 end
local function ticketed(room) return (redis.call('HGET', P .. 'r:' .. room, 'ticket') or '') ~= '' end
local function open(room)
  local status = redis.call('HGET', P .. 'r:' .. room, 'status')
  return ticketed(room) and status ~= 'closed' and status ~= 'deleted' and status ~= 'solved'
end
local function busy(room)
  return redis.call('EXISTS', P .. 'l:in:' .. room, P .. 'i:in:' .. room) > 0
end

-- Of a ticket's update with an answer in it, or perhaps in it: what is no words.
local function without_words(fields)
  for i = 1, #fields, 2 do
    local doc = fields[i] == 'doc' and cjson.decode(fields[i + 1])
    local said = doc and type(doc.comment) == 'table' and doc.comment or {}
    if doc and (doc.hint or (said.public == true and type(said.marker) ~= 'string')) then
      return cjson.encode({v = doc.v, dedupe = doc.dedupe, ticket = doc.ticket, actor = doc.actor, hint = true, erased = true})
    end
  end
end

-- Whoever read a later copy of it first may still have it: within a second, what came first was said first.
local function heard(key, fields)
  local known = redis.call('HGET', key, 'seen')
  for i = 1, known and #fields or 0, 2 do
    if fields[i] == 'seen' and fields[i + 1] < known then redis.call('HSET', key, 'seen', fields[i + 1]) end
  end
end

local new, dead, woke, erased = 0, 0, false, false
local events = cjson.decode(ARGV[4])
for _, event in ipairs(events) do
  local key = P .. 'e:' .. event.e
  if redis.call('HEXISTS', key, 'state') == 1 then
    books(connection, 'duplicates', 1)
    heard(key, event.f)
    erased = erased or redis.call('HEXISTS', key, 'k') == 0  -- words that were erased have come again
  else
    new = new + 1
    local state, reason, lane, room = event.state, event.reason, event.lane, event.st
    for _, other in ipairs(event.also or {}) do
      -- The same person under another id: what is there already is gone on with.
      if room ~= '' and not stands(joined(room)) and stands(joined(other)) then
        redis.call('SET', P .. 'join:' .. room, joined(other), 'EX', 7776000)
      end
    end
    if event.ticket and event.ticket ~= '' then
      -- From a helpdesk: the ticket's link, else its stamp, else somebody has to read it.
      local linked = redis.call('GET', P .. 'ticket:' .. event.ticket)
      if linked == 'erased' then
        -- Of a person who was erased: what is said there is theirs, and not kept. Who answers them is to learn that it
        -- goes nowhere: whether somebody has, the ticket is asked.
        local bare = without_words(event.f)
        linked, room, event.lookup, erased = bare and 'ticket:' .. event.ticket, '', false, true
        event.f = bare and {'k', 'u', 'doc', bare} or {}
      end
      if not linked and room ~= '' then
        local named = joined(room)
        if stands(named) then linked = named end
      end
      if not linked and event.lookup then linked = 'ticket:' .. event.ticket end
      room = linked or ''
      if room == '' and lane ~= '' then state, reason, lane = 'ignored', 'not a ticket of ours', '' end
      if #event.f == 0 then reason = 'erased' end
    end
    if event.own and event.own ~= '' then
      -- Written by the brand: ours if we know its id, else it goes where the customer's thread is.
      if event.msg and redis.call('EXISTS', P .. 'sent:' .. event.msg) == 1 then
        state, reason, lane = 'ignored', 'own echo', ''
      else
        if room == '' or not stands(joined(room)) then
          room = redis.call('GET', P .. 'thread:' .. event.own) or ''
        end
        if room == '' then state, reason, lane = 'ignored', 'own', '' end
      end
    end
    local about = ''
    if event.told then
      -- The platform speaks of words of ours: it is the business of the room that said them.
      local sent = redis.call('GET', P .. 'sent:' .. event.told)
      if sent then
        about = string.match(sent, ' (%x+)$') or ''
      elseif event.marker then
        about = string.match(event.marker, '^(%x+)%.%d+$') or ''
        if about ~= '' and redis.call('EXISTS', P .. 'e:' .. about) == 1 then
          -- Its answer was lost, or is still on its way.
          redis.call('SET', P .. 'found:' .. event.marker, event.of, 'EX', 86400)
        end
      end
      room = about ~= '' and redis.call('HGET', P .. 'e:' .. about, 'room') or ''
      if lane ~= '' and room == '' then state, reason, lane = 'ignored', 'not about words of ours', '' end
    end
    if room ~= '' then
      room = joined(room)
      for _, other in ipairs(event.also or {}) do
        if other ~= room and not stands(other) then redis.call('SET', P .. 'join:' .. other, room, 'NX', 'EX', 7776000) end
      end
      if event.becomes and event.becomes ~= room and stands(room) and not stands(event.becomes) then
        redis.call('SET', P .. 'join:' .. event.becomes, room, 'EX', 7776000)
      end
      if event.known and not stands(room) then state, lane, room = 'ignored', '', '' end
      if event.dm and event.dm ~= '' and not open(room) and not busy(room) then
        -- The same person has an open ticket from a comment, and none here: this talk belongs to it.
        -- So it does while the comment's ticket is being opened.
        local other = redis.call('GET', P .. 'person:' .. event.dm)
        if other and other ~= room and (open(other) or (busy(other) and not ticketed(other))) then
          redis.call('SET', P .. 'join:' .. event.st, other, 'EX', 7776000)
          room = other
        end
      end
      if event.aloud and event.aloud ~= '' then
        -- Nobody has decided on these words yet; the ticket that they may open names the person for longer.
        local other = redis.call('GET', P .. 'person:' .. event.aloud)
        if not other or not (ticketed(other) or busy(other)) then
          redis.call('SET', P .. 'person:' .. event.aloud, room, 'EX', 86400)
        end
      end
    end
    redis.call('HSET', key, 'v', 1, 'c', connection, 'd', did, 'at', now, 'state', state, 'reason', reason,
      'room', room, unpack(event.f))
    if about ~= '' then redis.call('HSET', key, 'about', about) end
    books(connection, state, 1)
    if did == '' then books(connection, 'received', 1) end
    if lane ~= '' then
      local name = lane .. ':' .. room
      redis.call('HSET', key, 'lane', lane)
      redis.call('RPUSH', P .. 'l:' .. name, event.e)
      due(name, now, now)
      woke = true
      if event.room and #event.room > 0 and not stands(room) then
        redis.call('HSET', P .. 'r:' .. room, unpack(event.room))
      end
      redis.call('EXPIRE', P .. 'r:' .. room, 7776000)
      if event.thread and event.thread ~= '' then
        redis.call('SET', P .. 'thread:' .. event.thread, room, 'EX', 7776000)
      end
    else
      redis.call('PEXPIRE', key, tonumber(event.ttl))
    end
    if state == 'dead' then
      dead = dead + 1
      redis.call('ZADD', P .. 'dead', now, event.e)
      redis.call('PERSIST', key)
    else
      redis.call('XADD', P .. 'feed', 'MAXLEN', '~', 2000, '*', 'e', event.e)
    end
  end
end
if did ~= '' then
  -- The delivery counted as one event while nobody had read it.
  books(connection, 'received', new - 1)
  books(connection, 'in_progress', -1)
  redis.call('HSET', dkey, 'n', #events)
  redis.call('ZREM', P .. 'ingest', did)
  if erased then redis.call('HDEL', dkey, 'b', 'h') end
  dead_of(did, dead, ARGV[3])
end
if woke then wake(now) end
return new
