import { MemoryBackend } from '../../../lib/index.ts'
import { careless, removeAllOf, wrong, type WrongBackend } from './wrong.ts'

/** Backends that end too few sessions, or too many. */
export const revoking: readonly WrongBackend[] = [
  {
    name: 'removes live sessions when it sweeps',
    foundBy: /removes expired sessions and only those/,
    create: () => wrong({
      removeExpired (inner) {
        inner.removeAll()
        return 0
      }
    })
  },
  {
    name: 'lets a request bring back what was removed with all others',
    foundBy: /brings back no session that was removed with all others/,
    create: () => careless(({ inner }) => inner.count({}) === 0)
  },
  {
    name: 'lets a request bring back what was removed with its subject',
    foundBy: /brings back no session that was removed with its subject/,
    create: () => careless(({ record }) => record.subject === 'alice')
  },
  {
    name: 'finds a session under a subject it had once',
    foundBy: /knows a session under its present subject only/,
    create: () => {
      const subjects = new Map<string, string>()
      return wrong({
        write: (inner, id, record, expected) => {
          if (record.subject !== null && !subjects.has(id)) subjects.set(id, record.subject)
          return inner.write(id, record, expected)
        },
        removeSubject: (inner, subject) => removeAllOf(inner, [...subjects.keys()].filter(id => subjects.get(id) === subject))
      })
    }
  },
  {
    name: 'forgets whose a renewed session is',
    foundBy: /finds a subject's session after it was renewed/,
    create: () => {
      const renewed = new Set<string>()
      return wrong({
        touch: (inner, id, record) => {
          renewed.add(id)
          return inner.touch(id, record)
        },
        removeSubject: (inner, subject) => removeAllOf(inner, idsOf(inner, subject).filter(id => !renewed.has(id)))
      })
    }
  },
  {
    name: 'does not find whom it has just signed in',
    foundBy: /ends every session of a subject that was stored before/,
    create: () => {
      const index = new Set<string>()
      return wrong({
        write: (inner, id, record, expected) => {
          setTimeout(() => { index.add(id) }, 5)
          return inner.write(id, record, expected)
        },
        removeSubject: (inner, subject) => removeAllOf(inner, idsOf(inner, subject).filter(id => index.has(id)))
      })
    }
  },
  {
    name: 'removes the session to keep',
    foundBy: /but for the one to keep/,
    create: () => wrong({ removeSubject: (inner, subject) => inner.removeSubject(subject, {}) })
  }
]

function idsOf (inner: MemoryBackend, subject: string): string[] {
  return inner.list({ subject, limit: 1_000 }).sessions.map(({ id }) => id)
}
