"""What a Valkey or Redis server runs in one step, in its Lua. The same rules as ``stores.tally``, number for number.

Amounts travel as text: nanos need more digits than Lua's numbers have. Every script looks first whether the era, the
life of these counts, is still the caller's: a server that was flushed or restarted has none or another.
"""

# KEYS: era. ARGV: the beginning of a new era's name, seconds that names are kept, and what to do without an era:
# 'none', 'begin' one, or begin one that is 'open' at once. Returns the era (empty for none) and its age in ms.
HELLO = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local era = redis.call('GET', KEYS[1])
if not era then
  if ARGV[3] == 'none' then return {'', 0} end
  local since = now
  if ARGV[3] == 'open' then since = 0 end
  era = ARGV[1] .. ':' .. string.format('%d', since)
end
redis.call('SET', KEYS[1], era, 'EX', ARGV[2])
return {era, now - tonumber(string.match(era, '(%d+)$'))}
"""

# KEYS: era. ARGV: how eras of this run of the server begin. An era of another run ends: what it counted may be old.
FRESH = """
local era = redis.call('GET', KEYS[1])
if era and string.sub(era, 1, #ARGV[1]) ~= ARGV[1] then redis.call('DEL', KEYS[1]) end
"""

# KEYS: era, boots, the boot's takes, held, open, then one per check (a counter's or a pace's key; else the era's).
# ARGV: era, seconds kept, boot id, call id, the take as text, number of holds, (scope, nanos, places) for each, then
# (kind, scope, most, want, minute, weight) for each check. Returns {'ok'}, {'era'}, {'missing', i …} or {'no', i, used,
# held}; then for each pace that was looked at {i, minute, this, last}.
TAKE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {{'era'}} end
local holds = tonumber(ARGV[6])
local first = 6 + holds * 3
local missing = {'missing'}
local verdict = {'ok'}
local paces = {}
local function turned(i, minute)
  local found = redis.call('HMGET', KEYS[5 + i], 'minute', 'this', 'last')
  local at, this, last = tonumber(found[1] or '0'), tonumber(found[2] or '0'), tonumber(found[3] or '0')
  local ahead = minute - at
  if ahead > 0 then
    if ahead == 1 then last = this else last = 0 end
    this = 0
    at = minute
  elseif ahead < -1 then
    last = 0
    at = minute
  end
  return at, this, last
end
for i = 1, #KEYS - 5 do
  local p = first + (i - 1) * 6
  local kind, scope, most, want = ARGV[p + 1], ARGV[p + 2], tonumber(ARGV[p + 3]), tonumber(ARGV[p + 4])
  if kind == 'money' then
    local spent = want > 0 and redis.call('GET', KEYS[5 + i])
    if want > 0 and not spent then
      missing[#missing + 1] = i
    elseif want > 0 and verdict[1] == 'ok' then
      local held = redis.call('HGET', KEYS[4], scope) or '0'
      if tonumber(spent) + tonumber(held) + want > most then verdict = {'no', i, spent, held} end
    end
  elseif kind == 'calls' then
    local count = redis.call('HGET', KEYS[5], scope) or '0'
    if verdict[1] == 'ok' and tonumber(count) >= most then verdict = {'no', i, count, '0'} end
  else
    local minute = tonumber(ARGV[p + 5])
    local at, this, last = turned(i, minute)
    local weight = 1.0
    if at == minute then weight = tonumber(ARGV[p + 6]) end
    local used = this + math.ceil(last * weight)
    paces[#paces + 1] = {i, at, this, last, want}
    if this > 0 or last > 0 then redis.call('HSET', KEYS[5 + i], 'minute', at, 'this', this, 'last', last) end
    if verdict[1] == 'ok' and used + want > most then
      verdict = {'no', i, string.format('%d', used), '0'}
    end
  end
end
if #missing > 1 then return {missing} end
local answer = {verdict}
if verdict[1] == 'ok' and redis.call('HSETNX', KEYS[3], ARGV[4], ARGV[5]) == 1 then
  redis.call('EXPIRE', KEYS[3], ARGV[2])
  redis.call('SADD', KEYS[2], ARGV[3])
  redis.call('EXPIRE', KEYS[2], ARGV[2])
  for h = 0, holds - 1 do
    local scope, nanos, places = ARGV[7 + h * 3], ARGV[8 + h * 3], ARGV[9 + h * 3]
    if nanos ~= '0' then redis.call('HINCRBY', KEYS[4], scope, nanos) end
    if places ~= '0' then redis.call('HINCRBY', KEYS[5], scope, places) end
  end
  redis.call('EXPIRE', KEYS[4], ARGV[2])
  redis.call('EXPIRE', KEYS[5], ARGV[2])
  for _, pace in ipairs(paces) do
    local key = KEYS[5 + pace[1]]
    pace[3] = pace[3] + pace[5]
    redis.call('HSET', key, 'minute', pace[2], 'this', pace[3], 'last', pace[4])
    redis.call('EXPIRE', key, 300)
  end
end
for _, pace in ipairs(paces) do answer[#answer + 1] = {pace[1], pace[2], pace[3], pace[4]} end
return answer
"""

# KEYS: era, the boot's takes, held, open, then one per pace. ARGV: era, call id, number of holds, (scope, nanos,
# places) for each, then (tokens, minute) for each pace. Returns 1 given back, 0 nothing was taken, -1 another era.
GIVE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end
if redis.call('HDEL', KEYS[2], ARGV[2]) == 0 then return 0 end
local holds = tonumber(ARGV[3])
local function less(key, scope, by)
  if by ~= '0' and redis.call('HINCRBY', key, scope, '-' .. by) <= 0 then redis.call('HDEL', key, scope) end
end
for h = 0, holds - 1 do
  local scope = ARGV[4 + h * 3]
  less(KEYS[3], scope, ARGV[5 + h * 3])
  less(KEYS[4], scope, ARGV[6 + h * 3])
end
for i = 1, #KEYS - 4 do
  local p = 3 + holds * 3 + (i - 1) * 2
  local key, minute = KEYS[4 + i], tonumber(ARGV[p + 2])
  local found = redis.call('HMGET', key, 'minute', 'this', 'last')
  local at, this, last = tonumber(found[1] or '0'), tonumber(found[2] or '0'), tonumber(found[3] or '0')
  if minute > at then
    if minute == at + 1 then last = this else last = 0 end
    this = 0
    at = minute
  end
  redis.call('HSET', key, 'minute', at, 'this', this + tonumber(ARGV[p + 1]), 'last', last)
  redis.call('EXPIRE', key, 300)
end
return 1
"""

# KEYS: era, then one per counter. ARGV: era, seconds kept, nanos of each. A counter only ever rises, so the larger of
# two is the later one, whoever read it. Returns 1, or -1 in another era.
SPENT = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end
for i = 2, #KEYS do
  local nanos, known = ARGV[i + 1], redis.call('GET', KEYS[i])
  if not known or #nanos > #known or (#nanos == #known and nanos > known) then
    redis.call('SET', KEYS[i], nanos, 'EX', ARGV[2])
  end
end
return 1
"""
