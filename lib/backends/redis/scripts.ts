import { createHash } from 'node:crypto'
import { LABELS_FOLLOW } from '../../record/keys-text.ts'
import { DEADLINES_AT, INSTANT_CHARS, VERSION_AT } from '../../record/record-text.ts'
import { type RedisClient, sender } from './client.ts'
import { STEP_MS } from './scores.ts'

/** The expected version of a new session: no record is stored. */
export const ABSENT = '0000000000'
/** The expected version of a write which replaces whatever is stored. */
export const ANY = ''

/** The answer of `replace` where nothing was written, and `write` has to look. */
export const ASK_WRITE = '0'

/** The time to live of a write which removes the session. */
export const REMOVED = '0'

/** The answers of `write`. On a conflict the answer is the stored record, or `null` where none is stored. */
export const WRITTEN = '1'
/** Nothing was written: the indexes of the session must be moved before the write. */
export const INDEX_FIRST = '2'
/** The answer of `end`: the id is that of a session without the key by now. */
export const OF_ANOTHER = 2
/** The answer of `touch`: a different version is stored. */
export const OTHER_VERSION = 2

// Places in the text of a record. Lua counts characters from 1.
const VERSION = `${VERSION_AT + 1}, ${VERSION_AT + 10}`
const DEADLINE = `${DEADLINES_AT + 1}, ${DEADLINES_AT + INSTANT_CHARS}`
/** How a record of the present format begins, as a pattern of Lua. */
const RECORD = '\'^1 %w%w%w%w%w%w%w%w%w%w %w%w%w%w%w%w%w%w%w \''
/** The most bytes which a record's text has before the text of its keys, and some more. */
const HEAD_BYTES = 72
/** What a write of data leaves as it is begins there. */
const BEHIND_DEADLINES = DEADLINES_AT + 2 * INSTANT_CHARS + 2
const LAST_USE = `${DEADLINES_AT + INSTANT_CHARS + 2}, ${DEADLINES_AT + 2 * INSTANT_CHARS + 1}`

/**
 * `follows(line, keys)` answers where the text of the keys ends in a header, and whether labels follow. `same(text, keys)` tells
 * whether the header of a text has these keys and no others; `keys` is `keysText`.
 */
const SAME = `
local function follows (line, keys)
  local _, last = string.find(line, keys, 1, true)
  return last, last and string.sub(line, last + 1, last + ${LABELS_FOLLOW.length}) == '${LABELS_FOLLOW}'
end
local function same (text, keys)
  local line = string.match(text, '^[^\\n]*')
  if keys == '' then return not string.find(line, ' {"[sl]') end
  local last, isMore = follows(line, keys)
  return last and not isMore
end
`

/**
 * `stored(chars)` answers the first bytes of the stored text (0: the whole text), and the version of the record. A record past its
 * deadline, a text which is not a record and a key of another type count as absent. A record of a newer format counts as stored,
 * with a version which no caller expects. `header()` is that of the stored record. `left(text, keys)` is the answer of a write
 * which is about to happen: 1, or, in a list, the header of the stored record where that record has other keys than the new
 * record: its id must go out of the indexes which the new record is not in.
 *
 * KEYS[1] is the session, ARGV[1] the present time of the caller.
 */
const STORED = `
local function stored (chars)
  local text = redis.pcall('GETRANGE', KEYS[1], 0, chars - 1)
  if type(text) == 'table' then
    if string.find(text.err, 'WRONGTYPE', 1, true) then return '', '${ABSENT}' end
    error(text.err)
  end
  if string.find(text, '^[2-9] [0-9a-z]') then return text, 'newer' end
  if not string.find(text, ${RECORD}) then return '', '${ABSENT}' end
  if string.sub(text, ${DEADLINE}) <= ARGV[1] then return '', '${ABSENT}' end
  return text, string.sub(text, ${VERSION})
end
local function header () return string.match(redis.call('GET', KEYS[1]), '^[^\\n]*') end
local function left (text, keys)
  if text == '' or same(text, keys) or same(text, '') then return 1 end
  return { header() }
end
`

/**
 * The usual write: nothing but data and deadlines differ from the record that is stored. The answers are those of `WRITE`, and
 * `ASK_WRITE` where nothing was written and `WRITE` has to look. Where the deadline stands, so does the time to live.
 *
 * ARGV: how the stored text begins up to the version, then the present time of the caller; the text of the record; its time to live
 * in ms; for a session with keys `indexedAfter` of the deadline.
 */
const REPLACE = `
local text = ARGV[2]
local last = string.find(text, '\\n', 1, true)
local head = redis.pcall('GETRANGE', KEYS[1], 0, last - 1)
if type(head) ~= 'string' then return 0 end
local deadline = string.sub(head, ${DEADLINE})
if deadline <= string.sub(ARGV[1], ${DEADLINES_AT + 1}) then return 0 end
if string.sub(head, 1, ${DEADLINES_AT}) ~= string.sub(ARGV[1], 1, ${DEADLINES_AT}) then
  if not string.find(head, ${RECORD}) then return 0 end
  return string.sub(head, ${VERSION}) == string.sub(text, ${VERSION}) and 1 or redis.call('GET', KEYS[1])
end
if string.sub(head, ${BEHIND_DEADLINES}) ~= string.sub(text, ${BEHIND_DEADLINES}, last) then return 0 end
if deadline == string.sub(text, ${DEADLINE}) then
  redis.call('SET', KEYS[1], text, 'KEEPTTL')
elseif ARGV[4] and deadline <= ARGV[4] then
  return 2
else
  redis.call('SET', KEYS[1], text, 'PX', ARGV[3])
end
return 1`

/**
 * Compare-and-set of a session.
 *
 * ARGV: now, expected version (`ANY` or `ABSENT` included), own version, text of the record, time to live in ms ('0'
 * removes), `keysText` of the record ('' for an end), and for a session whose indexes may have to move first `indexedAfter` of the
 * deadline (else '').
 */
const WRITE = `${SAME}
${STORED}
local text, version = stored(${HEAD_BYTES} + #ARGV[6])
if version == ARGV[3] then return 1 end
if ARGV[2] ~= '' and version ~= ARGV[2] then
  return version ~= '${ABSENT}' and redis.call('GET', KEYS[1])
end
if ARGV[7] ~= '' and not (same(text, ARGV[6]) and string.sub(text, ${DEADLINE}) > ARGV[7]) then return 2 end
local answer = left(text, ARGV[6])
if ARGV[5] == '0' then
  redis.call('UNLINK', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[5])
end
return answer`

/** Removes a session, with the answer of `left`. ARGV: now. */
const REMOVE = `${SAME}${STORED}
local text = stored(${HEAD_BYTES})
local answer = left(text, '')
redis.call('UNLINK', KEYS[1])
return answer`

/**
 * Moves the deadlines of a session. A renewal delayed on its way does not undo a later renewal.
 *
 * ARGV: now, version, `deadlinesText`, time to live in ms, the time of the last use.
 */
const TOUCH = `${SAME}${STORED}
local text, version = stored(${HEAD_BYTES})
if version == '${ABSENT}' then return 0 end
if version ~= ARGV[2] then return ${OTHER_VERSION} end
if string.sub(text, ${LAST_USE}) <= ARGV[5] then
  redis.call('SETRANGE', KEYS[1], ${DEADLINES_AT}, ARGV[3])
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
end
return 1`

/**
 * Ends a session with a key, or keeps a session under creation from being stored, by a tombstone. A server out of memory
 * refuses the tombstone: then the session is removed without a tombstone. Where no session stands nor can come any more,
 * nothing is written. The answer is 1 or 0, whether there was a session; or, in a list, the header of one that has further keys.
 *
 * ARGV: now, `subjectText` or `labelText` of the key, the tombstone, its time to live in ms, whether a session may be under
 * creation ('').
 */
const END = `${SAME}${STORED}
local isLabel = string.sub(ARGV[2], 1, 1) == '\\t'
local text, version = stored(isLabel and 0 or ${HEAD_BYTES} + #ARGV[2])
local isLive = version ~= '${ABSENT}'
local ended = isLive and 1 or 0
if isLive and version ~= 'newer' then
  local last, isMore = follows(string.match(text, '^[^\\n]*'), ARGV[2])
  if not last then return ${OF_ANOTHER} end
  if isLabel or isMore then ended = { header() } end
end
if not isLive and ARGV[5] == '' then return 0 end
local answer = redis.pcall('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
if answer.err then redis.call('UNLINK', KEYS[1]) end
return ended`

/**
 * Puts an id into the index of a key, and drops ids whose time has passed. The hour of a score never becomes smaller: a
 * delayed write may carry an earlier deadline than the stored session has.
 *
 * KEYS[1] is the index. ARGV: id, score, the score up to which ids are dropped, time to live of the index in ms.
 */
const INDEX = `
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
local hour = function (value) return math.floor(tonumber(value) / ${STEP_MS}) end
if not score or hour(score) < hour(ARGV[2]) then redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1]) end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
return 1`

type Run = (key: string, ...args: string[]) => Promise<unknown>

/** The scripts, sent through one client. The client gets no new commands: its commands belong to the application. */
export interface Scripts {
  readonly replace: Run
  readonly write: Run
  readonly touch: Run
  readonly remove: Run
  readonly end: Run
  readonly index: Run
}

export function scriptsOn (client: RedisClient): Scripts {
  return {
    replace: script(client, REPLACE),
    write: script(client, WRITE),
    touch: script(client, TOUCH),
    remove: script(client, REMOVE),
    end: script(client, END),
    index: script(client, INDEX)
  }
}

// Sends the hash of the script, and the whole script where the server does not have the script, as after a restart. Each
// script has a single key, as a cluster demands.
function script (client: RedisClient, lua: string): Run {
  const hash = createHash('sha1').update(lua).digest('hex')
  const evalsha = sender(client, 'evalsha')
  const evaluate = sender(client, 'eval')
  return (key, ...args) => evalsha(hash, 1, key, ...args).catch((error: Error) => {
    if (!error.message.includes('NOSCRIPT')) throw error
    return evaluate(lua, 1, key, ...args)
  })
}
