import { hash } from 'node:crypto'
import type { SessionMeta, SessionRecord } from '../../types/index.d.ts'
import { isRecord } from './record.ts'

/** Whose sessions are revoked: those of a subject, those with a label, or all. */
export interface Target {
  readonly kind: 'subject' | 'label' | 'all'
  readonly value: string
}

/** The versions of revocations' marks. */
export type Marks = readonly number[]

const NO_MARKS: Marks = []
/** The space keeps marks apart from sessions: no token has a space in it. */
const WHAT = { subject: 'revoked', label: 'revoked-label', all: 'revoked-all', id: 'ended' } as const

export const EVERYBODY: Target = Object.freeze({ kind: 'all', value: '' })

/** The id of a target's mark, under which the places of a subject are counted too (lib/lifecycle/places.ts). */
export function markId (property: string, { kind, value }: Target): string { return idOf(property, kind, value) }

/** The marks that a session keeps. */
export function marksOf (meta: SessionMeta | null): Marks {
  return meta?.mark === undefined ? NO_MARKS : [meta.mark].flat()
}

/** The meta of a session with the marks of the revocations which the session came after. */
export function withMarks (meta: SessionMeta | null, marks: Marks): SessionMeta | null {
  if (marks.length === 0) return meta
  return { ...meta, mark: marks.length === 1 ? marks[0]! : marks }
}

/** The id of the tombstone of a session that is in its cookie. */
export function endedId (property: string, id: string): string { return idOf(property, 'id', id) }

/** The ids of all that can have ended a session in its cookie: its tombstone, and the marks of its subject, its labels and everybody. */
export function endingIdsOf (property: string, { id, subject, meta }: Pick<SessionRecord, 'id' | 'subject' | 'meta'>): string[] {
  const ids = [endedId(property, id), markId(property, EVERYBODY)]
  if (subject !== null) ids.push(markId(property, { kind: 'subject', value: subject }))
  for (const value of meta?.labels ?? []) ids.push(markId(property, { kind: 'label', value }))
  return ids
}

/**
 * What has ended a session in its cookie; `null` where the session stands.
 *
 * @param answers what is stored under each of `endingIdsOf`
 */
export function endingAmong ({ id, meta }: Pick<SessionRecord, 'id' | 'meta'>, [own, ...marks]: readonly unknown[]): SessionRecord | null {
  if (isRecord(own)) return own
  const known = marksOf(meta)
  const ending = marks.find(mark => isRecord(mark) && !known.includes(mark.version) && mark.meta?.successor !== id)
  return ending as SessionRecord | undefined ?? null
}

function idOf (property: string, kind: keyof typeof WHAT, value: string): string {
  return hash('sha256', `${property}:${WHAT[kind]} ${value}`, 'hex')
}
