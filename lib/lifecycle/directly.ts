import type { SessionRecord } from '../../types/index.d.ts'
import { dataOf } from '../payload/bag.ts'
import { assertNoneHidden } from '../payload/reserved.ts'
import { sendCookie, sendCookieIfPersistent } from './cookie.ts'
import { assertValid, type Draft, isEmpty } from './draft.ts'
import { isOver, toStore, writeContextOf } from './records.ts'
import type { SessionState } from './state.ts'

/*
 * Loads and commits without a flow, where the backend is one of our own that answers at once: a flow takes a third of such a request.
 * Both answer `false`, with nothing done, for whatever is not the usual case. Then the flow looks, and finds the same rules whole.
 */

/** Loads the session of the only cookie, if the session lives. */
export function loadDirectly (state: SessionState): boolean {
  const { registration, cookies } = state
  const { keeping, revoked, secrets, store } = registration
  if (!store.isDirect || revoked !== null || secrets !== null || cookies.isOutside) return false
  const { texts } = cookies.carried
  const key = texts.length === 1 ? keeping.keyOf(texts[0]!) : null
  const found = key === null ? null : store.examine(keeping.known(key), keeping.idOf(key))
  if (found === null || found.rejected !== undefined) return false
  const { id, subject } = found.stored.record
  registration.publish(cookies, 'loaded', id, { subject })
  state.begin(found.data, found.stored, keeping.tokenOf(texts[0]!))
  return true
}

/** Stores the changes of a session at the end of its request, if nobody else changes the session now. */
export function commitDirectly (state: SessionState, draft: Draft): boolean {
  const { base, registration, live } = state
  if (base === null || !mayBeDirect(state, base.record, draft)) return false
  const { keeping, store: { codec } } = registration
  assertNoneHidden(live!)
  assertValid(dataOf(live!), codec)
  const stored = toStore(state, base, draft)
  const token = isOver(state, stored)
    ? null
    : keeping.insertDirectly(stored, base.record.version, state.token!, writeContextOf(state, stored.text))
  if (token === null) return false
  state.adopt(stored, draft, token)
  registration.publish(state.cookies, 'saved', stored.record.id, { subject: stored.record.subject })
  if (keeping.isInCookie) sendCookie(state, false)
  else sendCookieIfPersistent(state, base, false)
  return true
}

/** Whether no rule of a commit asks for more than a compare-and-set. */
function mayBeDirect ({ registration, isUse }: SessionState, { id, policy }: SessionRecord, draft: Draft): boolean {
  const { queue, revoked, secrets, settings, store } = registration
  if (!store.isDirect || revoked !== null || secrets !== null || settings.subject !== null) return false
  return isUse && draft.policy === policy && !queue.isBusy(id) && !isEmpty(draft, store.codec)
}
