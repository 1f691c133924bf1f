-- Forgets one shopper, once for each erasure; returns how many intents and contexts went.
--
-- KEYS  1 context, 2 intent, 3 erasure: one shopper, hence one slot.
-- ARGV  the number, then field, value, ... of the erasure, the number among them
--
-- A number that is known, or an earlier one, changes nothing: what is stored now is of later events.

local held = redis.pcall('HGET', KEYS[3], 'number')
if type(held) == 'table' then return redis.error_reply('CORRUPT ' .. KEYS[3]) end
if held and tonumber(held) >= tonumber(ARGV[1]) then return {0, 0} end
local gone = {redis.call('DEL', KEYS[2]), redis.call('DEL', KEYS[1])}
redis.call('DEL', KEYS[3])
redis.call('HSET', KEYS[3], unpack(ARGV, 2))
return gone
