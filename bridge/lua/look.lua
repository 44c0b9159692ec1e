-- What a turn needs to see of *lane*: {events, intent, lane state, room, other lane's intent, the paused
-- connection for which the lane rests or '', the version of the rules in force or '', when the mutes last
-- changed or '', why the room's platform is closed or '', the incidents that last}. Events come as {id, message
-- facts and what is known of its author (labels, contacts), fields...}; ids whose event is gone leave the list.
-- A pause of the platform does not keep an agent's words from being read: they wait where they would go out.
local function look(lane, room, most, now)
  redis.call('DEL', P .. 'n:' .. lane)
  local events = {}
  for _, eid in ipairs(redis.call('LRANGE', P .. 'l:' .. lane, 0, most - 1)) do
    local fields = redis.call('HGETALL', P .. 'e:' .. eid)
    if #fields == 0 then
      redis.call('LREM', P .. 'l:' .. lane, 0, eid)
    else
      local names = redis.call('HMGET', P .. 'e:' .. eid, 'mid', 'pk')
      local says = names[1] and redis.call('HGETALL', P .. 'm:' .. names[1]) or {}
      if names[2] and names[2] ~= '' then
        local who = names[2]
        local about = redis.call('MGET', P .. 'label:' .. who, P .. 'contacts:' .. who)
        for number, name in ipairs({'label', 'contacts'}) do
          if about[number] then
            says[#says + 1] = name
            says[#says + 1] = about[number]
          end
        end
      end
      events[#events + 1] = {eid, says, fields}
    end
  end
  local inward = string.sub(lane, 1, 3) == 'in:'
  local there = redis.call('HMGET', P .. 'r:' .. room, 'c', 'desk')
  local paused, shut = '', ''
  for number, name in ipairs(there) do
    local down = name and redis.call('HMGET', P .. 'down:' .. name, 'until', 'why') or {}
    if down[2] == 'paused' and (number == 2 or inward) then paused = name end
    if down[1] and number == 1 and tonumber(down[1]) > now then shut = down[2] or '' end
  end
  local other = inward and 'out:' or 'in:'
  return {events, redis.call('HGETALL', P .. 'i:' .. lane), redis.call('HGETALL', P .. 's:' .. lane),
    redis.call('HGETALL', P .. 'r:' .. room), redis.call('HGETALL', P .. 'i:' .. other .. room), paused,
    redis.call('HGET', P .. 'rules', 'version') or '', redis.call('HGET', P .. 'mutes', 'now') or '', shut,
    redis.call('HGETALL', P .. 'spikes')}
end
