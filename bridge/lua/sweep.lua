-- Is there work that nobody was woken for? Returns how much is due.
local now = time_ms()
local work = release(now) + redis.call('ZCARD', P .. 'ingest') + redis.call('ZCOUNT', P .. 'due', '-inf', now)
if work > 0 then wake(now) end
return work
