import { createHash } from 'node:crypto'
import { DEADLINES_AT, INSTANT_CHARS, VERSION_AT } from '../../record/record-text.ts'
import { type RedisClient, sender } from './client.ts'

/** No version: nothing is stored. */
export const ABSENT = '0000000000'
/** Any version. */
export const ANY = ''

/** The answers of `write` beside the record that stands. */
export const WRITTEN = '1'
export const INDEX_FIRST = '2'

// Places in a record's text as Lua counts them, from 1.
const VERSION = `${VERSION_AT + 1}, ${VERSION_AT + 10}`
const DEADLINE = `${DEADLINES_AT + 1}, ${DEADLINES_AT + INSTANT_CHARS}`
/** What stands before the subject, at most. */
const HEAD_BYTES = 64
const LAST_USE = `${DEADLINES_AT + INSTANT_CHARS + 2}, ${DEADLINES_AT + 2 * INSTANT_CHARS + 1}`

/**
 * `stored(chars)`: the first bytes of what is stored, and its version. A record past its deadline, a text that is no
 * record and a key of another type are absent; a record of a newer format stands, with a version nobody has.
 * KEYS[1] is the session, ARGV[1] the caller's now.
 */
const STORED = `
local function stored (chars)
  local text = redis.pcall('GETRANGE', KEYS[1], 0, chars - 1)
  if type(text) == 'table' then
    if string.find(text.err, 'WRONGTYPE', 1, true) then return '', '${ABSENT}' end
    error(text.err)
  end
  if string.find(text, '^[2-9] [0-9a-z]') then return text, 'newer' end
  if not string.find(text, '^1 %w%w%w%w%w%w%w%w%w%w %w%w%w%w%w%w%w%w%w ') then return '', '${ABSENT}' end
  if string.sub(text, ${DEADLINE}) <= ARGV[1] then return '', '${ABSENT}' end
  return text, string.sub(text, ${VERSION})
end
local function names (text, subject)
  local head = string.match(text, '^[^\\n]*')
  return string.find(head, subject, 1, true) ~= nil
end
`

/**
 * Almost every write replaces what the writer expects: that is decided first, by a comparison.
 *
 * ARGV: now, expected version ('' for any), own version, value, TTL in ms ('0' removes), and for a session that may have
 * to be indexed first: its subject as it stands in the header (else ''), and the deadline after which it is indexed.
 */
const WRITE = `
local head = redis.pcall('GETRANGE', KEYS[1], 0, ${HEAD_BYTES - 1} + #ARGV[6])
if type(head) == 'string' and ARGV[5] ~= '0' and string.sub(head, 1, ${VERSION_AT + 11}) == '1 ' .. ARGV[2] .. ' ' then
  local deadline = string.sub(head, ${DEADLINE})
  if deadline > ARGV[1] and (ARGV[6] == '' or (deadline > ARGV[7] and string.find(string.match(head, '^[^\\n]*'), ARGV[6], 1, true))) then
    redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[5])
    return 1
  end
end
${STORED}
local text, version = stored(${HEAD_BYTES} + #ARGV[6])
if version == ARGV[3] then return 1 end
if ARGV[2] ~= '' and version ~= ARGV[2] then
  return version ~= '${ABSENT}' and redis.call('GET', KEYS[1])
end
if ARGV[6] ~= '' and not (names(text, ARGV[6]) and string.sub(text, ${DEADLINE}) > ARGV[7]) then return 2 end
if ARGV[5] == '0' then
  redis.call('UNLINK', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[5])
end
return 1`

/** ARGV: now, version, deadlines, TTL in ms, the last use. One that comes late does not take back a later one. */
const TOUCH = `${STORED}
local text, version = stored(${HEAD_BYTES})
if version == '${ABSENT}' then return 0 end
if version == ARGV[2] and string.sub(text, ${LAST_USE}) <= ARGV[5] then
  redis.call('SETRANGE', KEYS[1], ${DEADLINES_AT}, ARGV[3])
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
end
return 1`

/**
 * Ends a session of a subject, or bars one that is being created. ARGV: now, its subject in the header, the tombstone,
 * its TTL in ms. Where memory is full, no tombstone can be stored: then the session just goes.
 */
const END = `${STORED}
local text, version = stored(${HEAD_BYTES} + #ARGV[2])
local isLive = version ~= '${ABSENT}'
if isLive and version ~= 'newer' and not names(text, ARGV[2]) then return 0 end
local answer = redis.pcall('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
if answer.err then redis.call('UNLINK', KEYS[1]) end
return isLive and 1 or 0`

/**
 * Puts an id into the index of its subject; KEYS[1] is the index. Members go by their score alone, and never because
 * their session is missing: it may be about to be stored. A score never sinks: a session may have a later deadline than
 * the write that comes late. ARGV: id, score, what is past, TTL in ms.
 */
const INDEX = `
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not score or tonumber(score) < tonumber(ARGV[2]) then redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1]) end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
return 1`

type Run = (key: string, ...args: string[]) => Promise<unknown>

/** The scripts on one client. Nothing is defined on it: its commands are the application's. */
export interface Scripts {
  readonly write: Run
  readonly touch: Run
  readonly end: Run
  readonly index: Run
}

export function scriptsOn (client: RedisClient): Scripts {
  return { write: script(client, WRITE), touch: script(client, TOUCH), end: script(client, END), index: script(client, INDEX) }
}

// By its hash, and whole where the server does not know it (yet, or any more). Each has one key, so that it runs on any
// node of a cluster.
function script (client: RedisClient, lua: string): Run {
  const hash = createHash('sha1').update(lua).digest('hex')
  const evalsha = sender(client, 'evalsha')
  const evaluate = sender(client, 'eval')
  return async (key, ...args) => {
    try {
      return await evalsha(hash, 1, key, ...args)
    } catch (error) {
      if (!(error as Error).message.includes('NOSCRIPT')) throw error
      return await evaluate(lua, 1, key, ...args)
    }
  }
}
