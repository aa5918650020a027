import type { Awaitable, BackendCall, RevokeOptions, SessionMeta } from '../../types/index.d.ts'
import { closeArrivals } from '../lifecycle/arrivals.ts'
import { markRevoked } from '../lifecycle/revocations.ts'
import { EVERYBODY, type Target } from '../record/marks.ts'
import { endingAt } from '../record/record.ts'
import type { EventSource } from '../store/events.ts'
import type { Registration } from '../store/registration.ts'

// Endings of many sessions at once: those on a server by the backend, those in cookies by a mark that each load looks for.

/** What ends the stored sessions of a target: the method of the backend, and how the application calls it. */
const OPERATIONS = { subject: ['removeSubject', 'revokeSubject()'], label: ['removeLabel', 'revokeLabel()'] } as const

type RevokedTarget = Target & { readonly kind: keyof typeof OPERATIONS }
type Given = RevokeOptions & { except?: string | undefined }

export const REVOKED: SessionMeta = Object.freeze({ reason: 'revoked' })

/**
 * Ends the sessions of a target.
 *
 * @returns how many were stored; 0 for sessions in cookies, which nobody has counted
 */
export async function revokeTarget (
  registration: Registration, source: EventSource, target: RevokedTarget, { except, ...details }: Given
): Promise<number> {
  const endStored = registration.revoked === null ? storedOf(registration, target, except) : null
  // First the sessions which are being made, then the stored sessions: what is stored in between is among the latter.
  let failure: unknown = null
  try {
    await registration.store.run(markRevoked(registration, target, except))
  } catch (error) {
    // A store that is full takes no mark. What is stored can end all the same.
    failure = error
  }
  const ended = await endStored?.() ?? 0
  registration.signals.changed(null)
  const subject = target.kind === 'subject' ? target.value : null
  registration.publish(source, 'revoked', null, { reason: target.kind, cause: 'revoke', subject, ended, ...details })
  // Without the mark, a session which was being made meanwhile may have escaped.
  if (failure !== null) throw failure
  return ended
}

/** What ends the stored sessions of a target. Throws `NotSupportedError` where the backend cannot. */
function storedOf (registration: Registration, { kind, value }: RevokedTarget, except: string | undefined): () => Promise<number> {
  const [method, operation] = OPERATIONS[kind]
  const remove = registration.store.optional(method, operation)
  return async () => {
    const ending = endingAt(registration.now(), REVOKED)
    return await call(registration, method, () => remove(value, { ...(except !== undefined && { except }), ending }))
  }
}

export async function revokeAll (registration: Registration, source: EventSource, details: RevokeOptions): Promise<void> {
  if (registration.revoked === null) await removeAll(registration)
  else await registration.store.run(markRevoked(registration, EVERYBODY, undefined))
  registration.signals.changed(null)
  registration.publish(source, 'revoked', null, { reason: 'all', cause: 'revoke', ...details })
}

async function removeAll (registration: Registration): Promise<void> {
  const remove = registration.store.optional('removeAll', 'revokeAll()')
  await call(registration, 'removeAll', () => remove())
  // Again: a session which got a new id while the backend went through all sessions may have been missed.
  await call(registration, 'removeAll', () => remove())
  await registration.store.run(closeArrivals(registration))
}

async function call<T> ({ store }: Registration, operation: BackendCall['operation'], send: () => Awaitable<T>): Promise<T> {
  return await store.run(store.call(operation, null, send))
}
