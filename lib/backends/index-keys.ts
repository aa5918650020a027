import type { ListFilter, SessionRecord } from '../../types/index.d.ts'

/** What sessions are found by: their subject, and each of their labels. */
export const KINDS = ['subject', 'label'] as const

/** A key under which sessions are found, and ended. */
export interface IndexKey {
  readonly kind: typeof KINDS[number]
  readonly value: string
}

/** What tells the keys of a session. */
export type Keyed = Pick<SessionRecord, 'subject' | 'meta'>

/** The part of a filter that names keys. */
export type KeyFilter = Pick<ListFilter, 'subject' | 'label'>

/** The labels of a session, each once. */
export function labelsOf ({ meta }: Keyed): readonly string[] {
  const labels = meta?.labels
  return labels === undefined ? [] : [...new Set(labels)]
}

/** The keys under which a session is found. */
export function keysOf (record: Keyed): IndexKey[] {
  const labels = labelsOf(record).map(value => ({ kind: 'label' as const, value }))
  return record.subject === null ? labels : [{ kind: 'subject', value: record.subject }, ...labels]
}

/** Whether a session is found under a key. */
export function hasKey (record: Keyed, { kind, value }: IndexKey): boolean {
  return kind === 'subject' ? record.subject === value : labelsOf(record).includes(value)
}

/** The keys of a filter. A listing goes through the index of the first: a subject has fewer sessions than most labels. */
export function keysIn ({ subject, label }: KeyFilter): IndexKey[] {
  const keys: IndexKey[] = []
  if (subject !== undefined) keys.push({ kind: 'subject', value: subject })
  if (label !== undefined) keys.push({ kind: 'label', value: label })
  return keys
}

/** Whether `list`, `count` and the like see an unexpired record. A tombstone has no data, and is never seen. */
export function isListed (record: SessionRecord, filter: KeyFilter): boolean {
  return record.data !== '' && keysIn(filter).every(key => hasKey(record, key))
}

export function isSameKey (a: IndexKey, b: IndexKey): boolean { return a.kind === b.kind && a.value === b.value }

/** Whether two sessions are found under the same keys. */
export function hasSameKeys (a: Keyed, b: Keyed): boolean {
  if (a.subject !== b.subject) return false
  const [mine, theirs] = [labelsOf(a), labelsOf(b)]
  return mine.length === theirs.length && mine.every(label => theirs.includes(label))
}
