import type { FastifyRequest } from 'fastify'
import type { SessionMeta } from '../../types/index.d.ts'
import { subjectText } from '../config/identity.ts'
import type { Stored } from '../payload/codec.ts'
import type { Snapshot } from '../payload/serializer.ts'
import { freezeRecord } from '../record/record.ts'
import type { Registration } from '../store/registration.ts'
import { isPromise } from '../tools/flow.ts'
import { withoutSignIn } from './draft.ts'
import type { Owner } from './revocations.ts'
import type { SessionState } from './state.ts'

const MAX_ABOUT_BYTES = 512

/**
 * Whose session it is, by the option `subject`: read from the data at each commit, unless `login()` has said it. Without the option
 * the subject stays as it is.
 *
 * @throws SessionSerializationError for an answer that is no subject
 */
export function identified (registration: Registration, content: Snapshot & Owner): Owner {
  const { subject, meta } = content
  const derived = subjectIn(registration, content)
  const isExplicit = subject !== null && meta?.derived !== true
  if (derived === undefined || isExplicit || derived === subject) return { subject, meta }
  // Whoever comes after somebody else has signed in just now, and has none of the labels.
  const kept = withoutSignIn(meta)
  if (derived === null) return { subject: null, meta: kept }
  return { subject: derived, meta: { ...kept, derived: true, signedInAt: registration.now() } }
}

/**
 * A stored session with the subject that its data name, where others write the data too: their sign-ins commit nothing here. No session
 * of theirs can be found by its subject before it is stored here.
 */
export function withOwner (registration: Registration, stored: Stored): Stored {
  if (registration.store.backend.shared !== true) return stored
  const { record, text, tree } = stored
  const { subject, meta } = identified(registration, { text, tree, subject: record.subject, meta: record.meta })
  return subject === record.subject ? stored : { record: freezeRecord({ ...record, subject, meta }), text, tree }
}

/** The subject that the data name; `undefined` where the option `subject` is not given. */
export function subjectIn ({ settings, store: { codec } }: Registration, snapshot: Snapshot): string | null | undefined {
  if (settings.subject === null) return undefined
  return subjectText(settings.subject(codec.copyOf(snapshot)))
}

/** The meta of a session that begins, with what the option `about` says of the request. */
export function withAbout (state: SessionState, meta: SessionMeta | null): SessionMeta | null {
  const { registration, cookies: { request, log, place } } = state
  const { settings: { about }, keeping, store: { backend } } = registration
  if (about === null || request === undefined) return meta
  // A cookie carries it with each request.
  if (keeping.isInCookie && backend.aboutInCookie !== true) return meta
  try {
    return { ...meta, about: toldBy(about, request) }
  } catch (error) {
    registration.warn(log, 'about', `what \`about\` says of a request is left out (${place})`, error as Error)
    return meta
  }
}

function toldBy (about: (request: FastifyRequest) => object, request: FastifyRequest): Record<string, unknown> {
  const told: unknown = about(request)
  if (typeof told !== 'object' || told === null || Array.isArray(told)) throw new TypeError('it is no object')
  if (isPromise(told)) throw new TypeError('it is a promise, and must be there at once')
  const text = JSON.stringify(told)
  const bytes = Buffer.byteLength(text)
  if (bytes > MAX_ABOUT_BYTES) throw new RangeError(`it takes ${bytes} bytes as JSON, and may take ${MAX_ABOUT_BYTES}`)
  return JSON.parse(text) as Record<string, unknown>
}
