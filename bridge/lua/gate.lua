-- May a request go out now (leave.lua)? ARGV: what it asks.
return leave(ARGV, time_ms())
