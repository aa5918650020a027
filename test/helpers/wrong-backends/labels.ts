import type { MemoryBackend } from '../../../lib/index.ts'
import type { ListFilter, SessionRecord } from '../../../types/index.d.ts'
import { removeAllOf, wrong, type WrongBackend } from './wrong.ts'

/** Backends that find too few or too many sessions by a label, or do not say why these have ended. */
export const labels: readonly WrongBackend[] = [
  {
    name: 'ignores the label when it lists',
    foundBy: /lists and counts by each of them/,
    create: () => wrong({ list: (inner, { label: _, ...filter }) => inner.list(filter) })
  },
  {
    name: 'looks at the first label only',
    foundBy: /lists and counts by each of them/,
    create: () => searching((record, label) => record.meta?.labels?.[0] === label)
  },
  {
    name: 'keeps labels beside the subject',
    foundBy: /finds a session by a label that has no subject/,
    create: () => searching((record, label) => record.subject !== null && record.meta?.labels?.includes(label) === true)
  },
  {
    name: 'takes either of a subject and a label',
    foundBy: /takes a subject and a label together/,
    create: () => wrong({ count: (inner, { subject, label }) => inner.count(subject === undefined ? { label: label! } : { subject }) })
  },
  {
    name: 'looks for a label in the text of a record',
    foundBy: /takes no part of the data, of what describes the request, or of the subject for a label/,
    create: () => searching((record, label) => JSON.stringify(record).includes(JSON.stringify(label)))
  },
  {
    name: 'compares labels without regard to case',
    foundBy: /keeps labels apart that look alike/,
    create: () => searching((record, label) => record.meta?.labels?.some(one => one.toLowerCase() === label.toLowerCase()) === true)
  },
  {
    name: 'ends by a part of a label',
    foundBy: /ends the sessions with a label, whatever it looks like, and no others/,
    create: () => wrong({ removeLabel: (inner, label) => removeAllOf(inner, idsBy(inner, record => record.meta?.labels?.join().includes(label) === true)) })
  },
  {
    name: 'removes the session to keep with its label',
    foundBy: /removes the sessions with one label, but for the one to keep/,
    create: () => wrong({ removeLabel: (inner, label) => inner.removeLabel(label, {}) })
  },
  {
    name: 'leaves no tombstone',
    foundBy: /says under each session of a label that was ended why it was/,
    create: () => wrong({ removeLabel: (inner, label, { ending: _, ...options }) => inner.removeLabel(label, options) })
  },
  {
    name: 'leaves a tombstone that says nothing',
    foundBy: /says under each session of a subject that was ended why it was/,
    create: () => wrong({
      removeSubject: (inner, subject, { ending, ...options }) =>
        inner.removeSubject(subject, ending === undefined ? options : { ...options, ending: { ...ending, meta: null } })
    })
  }
]

/** A backend that finds labels in its own way. */
function searching (isFound: (record: SessionRecord, label: string) => boolean) {
  const found = (inner: MemoryBackend, { label, ...filter }: Pick<ListFilter, 'subject' | 'label'>) =>
    inner.list({ ...filter, limit: 1_000 }).sessions.filter(record => label === undefined || isFound(record, label))
  return wrong({
    list: (inner, filter) => ({ sessions: found(inner, filter), cursor: null }),
    count: (inner, filter) => found(inner, filter).length,
    removeLabel: (inner, label) => removeAllOf(inner, found(inner, { label }).map(({ id }) => id))
  })
}

function idsBy (inner: MemoryBackend, isMeant: (record: SessionRecord) => boolean): string[] {
  return inner.list({ limit: 1_000 }).sessions.filter(isMeant).map(({ id }) => id)
}
