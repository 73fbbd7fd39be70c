-- One request against one bucket (generic cell rate algorithm), by the server's own clock.
-- KEYS[1] the bucket; ARGV[1] microseconds for one request; ARGV[2] requests at once.
-- Answers {1, requests left, microseconds until all are back} or {0, 0, microseconds to wait}.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local each = tonumber(ARGV[1])
local room = each * tonumber(ARGV[2])
local full = tonumber(redis.call('GET', KEYS[1]) or now)
if full < now then full = now end
-- A clock that went back must not lock anybody out for longer than a full bucket does.
if full > now + room then full = now + room end
local next = full + each
if next > now + room then return {0, 0, next - room - now} end
redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000))
return {1, math.floor((now + room - next) / each), next - now}
