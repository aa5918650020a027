import type { Instant, SessionMeta } from '../../types/index.d.ts'
import type { Payload } from '../payload/changes.ts'

/** What a session becomes under a new id. */
export interface NewLife {
  readonly kind: 'regenerateId' | 'regenerate' | 'login' | 'reauthenticate'
  /** The data to go on with, made from the data which are stored when the old id dies, and from whose they are (`null`: a guest's). */
  dataToKeep (data: Payload, subject: string | null): Payload
  /** The data to start from where the old record is gone: nothing of the old session may come back. `null`: an error. */
  readonly dataIfGone: Payload | null
  /** `undefined` keeps the subject. */
  readonly subject?: string | null
  metaToKeep (meta: SessionMeta | null, now: Instant): SessionMeta | null
  /** Whether the option `about` is asked anew. */
  readonly asksAbout: boolean
  /** Whether the lifetime policy of a session of `subject` is kept. */
  keepsPolicyOf (subject: string | null): boolean
  readonly keepsCreation: boolean
  /** Whether `request.session` becomes a new object. */
  readonly isNewObject: boolean
}

/** What `login()` says of a sign-in beside whose it is. */
export interface SignInDetails {
  readonly labels?: readonly string[]
  readonly level?: string
}

const SAME_SESSION = {
  dataToKeep: (data: Payload) => data,
  dataIfGone: null,
  asksAbout: false,
  keepsPolicyOf: () => true,
  keepsCreation: true,
  isNewObject: false
} as const

/** The operations which give a session a new id, and what each keeps. */
export const NEW_LIVES = {
  /** A new id, and nothing else. */
  regenerateId: { ...SAME_SESSION, kind: 'regenerateId', metaToKeep: meta => meta } as NewLife,

  /** The same person has proved it again. */
  reauthenticate: (level: string | undefined): NewLife => ({
    ...SAME_SESSION,
    kind: 'reauthenticate',
    metaToKeep: (meta, now) => ({ ...meta, signedInAt: now, ...(level !== undefined && { level }) })
  }),

  /** A new life for a guest: only the listed keys stay, and the lifetime of one who was a guest before ("remember me"). */
  regenerate: (keys: readonly string[]): NewLife => ({
    kind: 'regenerate',
    dataToKeep: data => pick(data, keys),
    dataIfGone: {},
    subject: null,
    metaToKeep: () => null,
    asksAbout: true,
    keepsPolicyOf: subject => subject === null,
    keepsCreation: false,
    isNewObject: true
  }),

  /** Somebody has signed in: both timeouts start anew. What a guest or the same subject had stays, and nothing of anybody else. */
  login: (subject: string, added: Payload, { labels = [], level }: SignInDetails = {}): NewLife => {
    const isOwn = (owner: string | null): boolean => owner === null || owner === subject
    return {
      kind: 'login',
      dataToKeep: (data, owner) => isOwn(owner) ? { ...data, ...added } : added,
      dataIfGone: added,
      subject,
      metaToKeep: (_meta, now) => ({
        signedInAt: now,
        ...(level !== undefined && { level }),
        ...(labels.length > 0 && { labels: Object.freeze([...new Set(labels)]) })
      }),
      asksAbout: true,
      keepsPolicyOf: isOwn,
      keepsCreation: false,
      isNewObject: false
    }
  }
}

function pick (data: Payload, keys: readonly string[]): Payload {
  return Object.fromEntries(keys.filter(key => Object.hasOwn(data, key)).map(key => [key, data[key]]))
}
