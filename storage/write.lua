-- Writes one shopper's checkpoint whole, or refuses it and says why (storage/checkpoints.py, Verdict).
--
-- KEYS  1 context, 2 intent, 3 erasure: one shopper, hence one slot.
-- ARGV  1 the session
--       2 [lineage, offset, generation, partition, owner, erasure, owed, the context's expiry, the base, owed there]
--   and with an intent also
--       3 its JSON
--       4 [its expiry, lineage, offset, generation, source, field, value, field, value ...]
--
-- 2 and 4 are JSON lists of strings: few arguments, since each costs the client more than all of this costs Redis.
-- Expiries are epoch milliseconds. Positions compare as doubles, exactly up to 2^53.
-- Every read comes before the first write, so that an error reply has written nothing.

local CONTEXT, INTENT, ERASURE = KEYS[1], KEYS[2], KEYS[3]
local SESSION, DOC = ARGV[1], ARGV[3]
local lineage, offset, generation, partition, owner, erasure, owed, expiry, base, base_owed = unpack(cjson.decode(ARGV[2]))
local FIELDS = 6 -- where the fields begin in ARGV[4]

-- Is the first of two positions the higher one?
local function above(mine, theirs)
  for i = 1, 3 do
    local a, b = tonumber(mine[i]), tonumber(theirs[i])
    if a ~= b then return a > b end
  end
  return false
end

local function corrupt(key)
  return redis.error_reply('CORRUPT ' .. key)
end

-- What to reply when a key could not be read.
local function failed(reply, key)
  return string.find(reply.err, 'WRONGTYPE', 1, true) and corrupt(key) or reply
end

local held = redis.pcall('HMGET', CONTEXT, 'lineage', 'offset', 'generation', 'partition', 'owner', 'owed')
if held.err then return failed(held, CONTEXT) end
local erased = redis.pcall('HMGET', ERASURE, 'number', 'lineage', 'ends', 'opted_out')
if erased.err then return failed(erased, ERASURE) end
local reply = redis.pcall('HMGET', INTENT, 'position', 'source')
if reply.err then return failed(reply, INTENT) end
local shown = reply[1] and {string.match(reply[1], '^(%d+):(%d+):(%d+)$')}
if shown and not shown[1] then return corrupt(INTENT) end

-- Is the intent that came better than the one that is shown? At an equal position a model's replaces the rules'.
local intent = DOC and cjson.decode(ARGV[4])
local function better()
  if not intent then return false end
  local position = {intent[2], intent[3], intent[4]}
  if not shown or above(position, shown) then return true end
  return not above(shown, position) and reply[2] == 'rules' and intent[5] == 'model'
end

local function show()
  redis.call('DEL', INTENT) -- no field of another version stays behind, nor a packed one of another intent
  redis.call('HSET', INTENT, 'doc', DOC, unpack(intent, FIELDS))
  redis.call('PEXPIREAT', INTENT, intent[1]) -- a time that has passed deletes: an old replay revives nothing
end

if (erased[1] or '0') ~= erasure or erased[4] == '1' then return 'erased' end
if erased[3] and erased[2] == lineage then -- nothing from before the erasure is stored again
  local number = 0
  for end_ in string.gmatch(erased[3], '%d+') do
    if number == tonumber(partition) and tonumber(offset) < tonumber(end_) then return 'erased' end
    number = number + 1
  end
end
base = tonumber(base)

if held[1] or held[2] or held[3] or held[4] or held[5] then
  local theirs, ours = tonumber(held[1]), tonumber(lineage)
  if not (theirs and tonumber(held[2]) and tonumber(held[3]) and held[4] and held[5]) then return corrupt(CONTEXT) end
  if theirs > ours or (theirs == ours and held[4] ~= partition) then return 'lineage' end
  if base >= 0 and (theirs < ours or tonumber(held[2]) < base) then return 'stale' end
  local mine = {lineage, offset, generation}
  if above(held, mine) then
    -- At the same offset it is the same log, told once more by a replay of a later generation.
    local same = theirs == ours and tonumber(held[2]) == tonumber(offset)
    return (same or held[5] == owner) and 'covered' or 'stale'
  end
  if not above(mine, held) then
    -- At an equal position the sessions are equal, whoever stored them: both are the fold of the same log. A shopper who
    -- was parked though owed gets the intent later, at the very position of the parked context.
    -- Where nothing is owed, whoever stored it knows of an intent that will do: the rules' one does not replace it.
    local shows = better() and not (shown and intent[5] == 'rules' and held[6] == '0')
    if shows or (intent and owed == '0') then redis.call('HSET', CONTEXT, 'owed', owed) end
    if shows then show() end
    return shows and 'accepted' or 'covered'
  end
  if theirs == ours then
    -- What could stand in the place of a model's intent is built on what is stored: neither has somebody else come
    -- further, nor has the store lost the answer to a call.
    local there = tonumber(held[2]) == base
    local lost = there and held[6] == '1' and base_owed == '0'
    if lost and not DOC and owed == '0' then return 'stale' end
    local same = there and held[6] == base_owed
    if not same and held[5] ~= owner and intent and intent[5] == 'rules' then return 'stale' end
  end
elseif base >= 0 then
  return 'stale'
end

redis.call('HSET', CONTEXT, 'lineage', lineage, 'offset', offset, 'generation', generation, 'partition', partition,
  'owner', owner, 'erasure', erasure, 'owed', owed, 'session', SESSION)
redis.call('PEXPIREAT', CONTEXT, expiry)
-- The context may have gone before the intent: the older intent must not overwrite the newer even then.
if better() then show() end
return 'accepted'
