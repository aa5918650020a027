import { diff, type Payload } from '../payload/changes.ts'
import type { SessionContext } from './state.ts'
import type { Base, Core } from '../store/registration.ts'
import { kill } from './end.ts'
import { BackendContractError, SessionConflictError, SessionTooLargeError } from '../errors.ts'
import type { Flow } from '../tools/flow.ts'
import { lifetimeOf } from '../record/lifetime.ts'
import { isEmpty, type Wanted } from './draft.ts'
import { freezeRecord } from '../record/record.ts'
import type { Written } from '../payload/serializer.ts'

const MAX_COLLISIONS = 3
/** Browsers cap Max-Age at 400 days (RFC 6265bis, 5.5). In seconds. */
const MAX_AGE = 34_560_000

/** Stores a session for the first time: insert if absent, so that no id is ever taken over. */
export function * create (context: SessionContext, next: Wanted, sent: Wanted, isExplicit: boolean): Flow<void> {
  const { core, carrier } = context
  for (let collision = 0; collision < MAX_COLLISIONS; collision++) {
    const record = context.recordOf(null, next)
    if ((yield * core.put(record, 0, context.writeContext(next.text))) === true) {
      finish(context, { record, text: next.text, tree: next.tree }, sent)
      core.publish(carrier.log, 'created', record.id)
      sendCookie(context, isExplicit)
      return
    }
    context.renewIdentity()
  }
  throw new SessionConflictError('no free id was found')
}

/** A self-contained session: every write is a new text, and the last response wins. False when its time is over. */
export function * sealAnew (context: SessionContext, next: Wanted, hasChanged: boolean, isExplicit: boolean): Flow<boolean> {
  const { core, carrier, base } = context
  if (isEmpty(next, core.codec)) {
    core.publish(carrier.log, 'destroyed', context.id, 'empty')
    carrier.clear(isExplicit)
    context.startEmpty()
    return true
  }
  const record = context.recordOf(base, next)
  if (record.expiresAt <= core.now()) {
    context.markGone()
    return false
  }
  const token = yield * core.seal(record, context.writeContext(next.text))
  assertFits(core, token, next.text)
  finish(context, { record, text: next.text, tree: next.tree }, next, token)
  core.publish(carrier.log, base === null ? 'created' : hasChanged ? 'saved' : 'renewed', record.id)
  sendCookie(context, isExplicit)
  return true
}

/** Moves the deadlines of an unchanged session; false when it is gone. */
export function * renew (context: SessionContext, base: Base, isExplicit: boolean): Flow<boolean> {
  const { core, carrier } = context
  const { id, version, data } = base.record
  const sent = context.wanted(base)
  const fresh = context.recordOf(base, { ...base.record, text: base.text })
  const isTouch = core.backend.touch !== undefined
  const record = freezeRecord({ ...fresh, data, version: isTouch ? version : fresh.version })
  let isThere: boolean
  if (isTouch) {
    isThere = yield * core.call('touch', () => core.backend.touch!(id, record))
  } else {
    // Whoever wrote meanwhile has moved the deadlines too.
    const answer = yield * core.put(record, version, context.writeContext(base.text))
    isThere = answer !== null || (yield * core.fetch(id)) !== null
  }
  if (!isThere) {
    context.markGone()
    return false
  }
  finish(context, { ...base, record }, sent)
  core.publish(carrier.log, 'renewed', id)
  sendCookieIfPersistent(context, isExplicit)
  return true
}

/** Removes a session that became empty, if it is still what `stands`. False when another request wrote meanwhile. */
export function * remove (context: SessionContext, stands: Base, sent: Wanted, isExplicit: boolean): Flow<boolean> {
  const { core, carrier } = context
  if (!(yield * kill(core, stands, null, carrier.request))) return false
  core.publish(carrier.log, 'destroyed', stands.record.id, 'empty')
  carrier.clear(isExplicit)
  context.startEmpty()
  show(context, { text: core.codec.emptyText, tree: {} }, sent)
  return true
}

/**
 * Takes over what is stored now. What others changed appears in the live session, but for what the handler changed since
 * `sent` was taken: a `clear()` meanwhile must not bring the subject back.
 */
export function finish (context: SessionContext, base: Base, sent: Wanted, token = context.token): void {
  const { subject, policy } = context
  const isCleared = context.isCleared && !sent.isCleared
  context.adopt(base, token)
  if (isCleared || subject !== sent.subject) context.subject = subject
  if (policy !== sent.policy) context.policy = policy
  context.isCleared = isCleared
  context.isTouchForced = false
  show(context, base, sent)
}

/** Shows what became of `sent` in the live session, but for keys that the handler changed since. */
export function show (context: SessionContext, stored: Written, sent: Written): void {
  if (stored.text === sent.text) return
  const { codec } = context.core
  const live = context.live!
  const before = codec.parsed(sent)
  const { set, removed } = diff(before, codec.fresh(stored), codec.isSame)
  const isUntouched = (key: string) => codec.isSame(live[key], before[key])
  for (const key of Object.keys(set)) if (isUntouched(key)) live[key] = set[key]
  for (const key of removed) if (isUntouched(key)) delete live[key]
}

/** Puts the cookie on the reply. */
export function sendCookie (context: SessionContext, isExplicit: boolean): void {
  const { core, base, token, carrier } = context
  const { expiresAt, policy } = base!.record
  const { persistent } = lifetimeOf(policy, core.settings.lifetime)
  const seconds = Math.min(Math.ceil((expiresAt - core.now()) / 1_000), MAX_AGE)
  carrier.set(core.lines.split(token!).values, persistent ? seconds : null, isExplicit)
}

/** A cookie that outlives the browser follows the deadline; any other one stays as it is. */
export function sendCookieIfPersistent (context: SessionContext, isExplicit: boolean): void {
  const { core, base } = context
  if (lifetimeOf(base!.record.policy, core.settings.lifetime).persistent) sendCookie(context, isExplicit)
}

/** Throws `SessionTooLargeError` when a text takes more cookies than allowed. */
export function assertFits (core: Core, token: string, text: string): void {
  const { bytes } = core.lines.split(token)
  if (Number.isNaN(bytes)) throw new BackendContractError(`${core.backendName}.write() must return text that fits a cookie value`)
  if (bytes <= core.maxCookieBytes) return
  throw new SessionTooLargeError(Number.isFinite(bytes) ? bytes : token.length, core.maxCookieBytes, sizesOfKeys(core, text))
}

function sizesOfKeys ({ codec }: Core, text: string): Array<[string, number]> {
  const bytesOf = (data: Payload) => Buffer.byteLength(codec.serialize(data)) - Buffer.byteLength(codec.emptyText)
  return Object.entries(codec.deserialize(text)).map(([key, value]): [string, number] => [key, bytesOf({ [key]: value })])
}
