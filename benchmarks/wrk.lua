-- Sends prepared requests one after the other, each once. ARGV: the file, lengths on its first line.
local requests, at = {}, 0

function init(args)
  local file = assert(io.open(args[1], "rb"))
  local lengths = file:read("*l")
  for length in lengths:gmatch("%d+") do requests[#requests + 1] = file:read(tonumber(length)) end
  file:close()
end

function request()
  at = at + 1
  return requests[(at - 1) % #requests + 1]
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format('RESULT {"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "bad": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    e.status + e.connect + e.read + e.write + e.timeout))
end
