-- Is there work that nobody was woken for? ARGV: the wake-up's fields. Returns how much is due.
local now = time_ms()
local work = redis.call('ZCOUNT', P .. 'ingest', '-inf', now) + redis.call('ZCOUNT', P .. 'due', '-inf', now)
if work > 0 then wake(now, ARGV) end
return work
