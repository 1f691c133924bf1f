-- Forgets one shopper in every namespace; returns how many intents, contexts and answers went of each, one after the
-- other.
--
-- KEYS  1 erasure, then context, intent, answers of each namespace: one shopper, hence one slot.
-- ARGV  the number, then field, value, ... of the erasure, the number among them
--
-- Repeating it changes nothing: a context that names this number, or a later one, is of later events, and stays.
-- So does its intent. Answers always go: nothing is made of them. An erasure that is older than the one that stands
-- here changes no field of that.

local number = tonumber(ARGV[1])
local held = redis.pcall('HGET', KEYS[1], 'number')
if type(held) == 'table' then return redis.error_reply('CORRUPT ' .. KEYS[1]) end
local known = {}
for at = 2, #KEYS, 3 do
  local erasure = redis.pcall('HGET', KEYS[at], 'erasure')
  if type(erasure) == 'table' then erasure = false end -- of another type: it goes
  known[at] = erasure and (tonumber(erasure) or 0) >= number
end

if not held or tonumber(held) < number then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], unpack(ARGV, 2))
end
local gone = {}
for at = 2, #KEYS, 3 do
  table.insert(gone, known[at] and 0 or redis.call('DEL', KEYS[at + 1]))
  table.insert(gone, known[at] and 0 or redis.call('DEL', KEYS[at]))
  table.insert(gone, redis.call('DEL', KEYS[at + 2]))
end
return gone
