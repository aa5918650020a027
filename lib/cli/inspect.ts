import type { SessionOptions, SessionRecord } from '../../types/index.d.ts'
import { MAIN_PROPERTY } from '../backends/conventions.ts'
import { carriedCookies } from '../http/cookie-header.ts'
import type { Channel } from '../http/channels.ts'
import { judge } from '../lifecycle/secrets.ts'
import { isRecord } from '../record/record.ts'
import type { Examined } from '../store/store.ts'
import type { Answer, Call } from './command.ts'
import { CommandError, UsageError } from './failures.ts'
import { type Finding, inspected } from './finding.ts'
import { type Opened, withConfig, withSessions } from './open.ts'
import { type GivenCookie, readCookie } from './stdin-cookie.ts'

const NO_NAME = '--name goes with SESSION_SECRET; with --config the module says it'
const NO_SECRET = 'inspect needs the secret: set SESSION_SECRET, or name a module with --config'

/** `inspect`: what is inside a cookie, or why it is no session. */
export async function inspect ({ args, terminal }: Call): Promise<Answer> {
  const config = args.text('config')
  const { SESSION_SECRET: secret } = terminal.env
  if (config === undefined && !secret) throw new UsageError(NO_SECRET, 'inspect')
  if (config !== undefined && args.has('name')) throw new UsageError(NO_NAME, 'inspect')
  const given = await readCookie(terminal)
  const find = async (opened: Opened) => inspected(await findingOf(opened, given), opened)
  if (config !== undefined) return await withConfig(args, find)
  return await withSessions('SESSION_SECRET', optionsFor(secret!, args.text('property'), args.text('name'), given), find)
}

/** The cookie backend, since no configuration says more. */
function optionsFor (secret: string, property = MAIN_PROPERTY, name: string | undefined, given: GivenCookie): SessionOptions {
  const usual = [`__Host-${property}`, property]
  const named = name ?? (given.kind === 'header' ? [...usual, ...given.names].find(each => given.names.includes(each)) : undefined)
  return { secret, property, cookie: { ...(named !== undefined && { name: named }), secure: true } }
}

async function findingOf (opened: Opened, given: GivenCookie): Promise<Finding> {
  const { channels } = opened
  const channel = channels.find(({ cookie }) => given.kind === 'value' || given.names.includes(cookie.name))
  if (channel === undefined) {
    const names = channels.map(({ cookie }) => cookie.name).join(' or ')
    throw new CommandError(`the session's cookie is called ${names}, and there is none of this name on standard input`)
  }
  const { name } = channel.cookie
  const header = given.kind === 'value' ? `${name}=${given.text}` : given.text
  const { texts, indexes, problem } = carriedCookies(header, name, channel.registration.keeping.maxTextBytes)
  const finding = { name, parts: indexes.length, isStale: false, record: null, data: null }
  let last: Finding = { ...finding, rejected: problem ?? 'malformed' }
  for (const text of texts) {
    last = { ...finding, ...await examined(channel, text) }
    if (last.rejected === null) return last
  }
  return last
}

type Inspected = Pick<Finding, 'rejected' | 'record' | 'data' | 'isStale'>

async function examined ({ registration }: Channel, text: string): Promise<Inspected> {
  const { keeping, revoked, store } = registration
  const key = keeping.keyOf(text)
  if (key === null) return { rejected: keeping.keyless([text]), record: null, data: null, isStale: false }
  const answer = await store.run(store.read(key))
  const found: Examined = store.examine(answer, keeping.idOf(key), keeping.absent)
  const isStale = found.rejected !== 'forged' && keeping.isStale(text)
  if (found.rejected === undefined) {
    const { record } = found.stored
    const hasEnded = revoked !== null && await store.run(revoked.endingOf(record, true)) !== null
    if (hasEnded) return { rejected: 'regenerated', record, data: null, isStale }
    // Looking ends nothing.
    const isTheft = judge(registration, text, record)?.isGood === false
    return isTheft ? { rejected: 'theft', record, data: null, isStale } : { rejected: null, record, data: found.data, isStale }
  }
  // What is known of a session that has ended is worth showing.
  const record: SessionRecord | null = isRecord(answer) ? answer : null
  return { rejected: found.rejected, record, data: null, isStale }
}
