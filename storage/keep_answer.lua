-- Keeps one answer beside a shopper's others, unless the shopper was erased since it was asked for; returns 1 or 0.
--
-- KEYS  1 answers, 2 erasure: one shopper, hence one slot.
-- ARGV  1 the erasure that the asker knew, 2 its time, 3 the answer, 4 how many stay, 5 the time before which none does,
--       6 the key's expiry. Times are epoch milliseconds.
--
-- An answer to a session from before an erasure is never kept: the marker and the answers go and come in one slot, one
-- script after the other. A key of another type is none of ours, and goes: nothing is made of answers.

local erased = redis.pcall('HMGET', KEYS[2], 'number', 'opted_out')
if erased.err or (erased[1] or '0') ~= ARGV[1] or erased[2] == '1' then return 0 end
if type(redis.pcall('ZADD', KEYS[1], ARGV[2], ARGV[3])) == 'table' then
  redis.call('DEL', KEYS[1])
  redis.call('ZADD', KEYS[1], ARGV[2], ARGV[3])
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[5])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - ARGV[4])
redis.call('PEXPIREAT', KEYS[1], ARGV[6])
return 1
