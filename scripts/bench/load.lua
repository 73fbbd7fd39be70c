-- What wrk sends. BENCH_TARGETS is a file of paths, taken in turn; BENCH_TOKEN goes with each request.
-- With BENCH_FIRST_DAY the requests are POSTs, each with a period that no other request has: all paths for one day,
-- then for the next one, from that many days after 1971-01-01 on.
local targets, requests, turn, day = {}, {}, 0, nil
local headers = { ["Authorization"] = "Bearer " .. os.getenv("BENCH_TOKEN") }

function init()
  for line in io.lines(os.getenv("BENCH_TARGETS")) do targets[#targets + 1] = line end
  day = tonumber(os.getenv("BENCH_FIRST_DAY") or "")
  if day then
    headers["Content-Type"] = "application/json"
  else
    for i, path in ipairs(targets) do requests[i] = wrk.format("GET", path, headers) end
  end
end

function request()
  turn = turn + 1
  if turn > #targets then
    turn = 1
    if day then day = day + 1 end
  end
  if not day then return requests[turn] end
  local date = os.date("!%Y-%m-%d", (day + 365) * 86400)
  local body = string.format('{"period":"%s","value":"%d.%02d"}', date, 40 + day % 60, turn % 100)
  return wrk.format("POST", targets[turn], headers, body)
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\nRESULT {"requests":%d,"seconds":%.6f,"bytes":%d,"bad_status":%d,"socket_errors":%d,"p50_ms":%.3f,"p90_ms":%.3f,"p99_ms":%.3f}\n',
    summary.requests, summary.duration / 1e6, summary.bytes, e.status, e.connect + e.read + e.write + e.timeout,
    latency:percentile(50) / 1e3, latency:percentile(90) / 1e3, latency:percentile(99) / 1e3))
end
