import type { SessionRecord } from '../../../lib/index.ts'
import { careless, wrong, type WrongBackend } from './wrong.ts'

/** Backends that get deadlines, `touch` or an expired record wrong. */
export const expiry: readonly WrongBackend[] = [
  {
    name: 'ignores expiry',
    foundBy: /reads null from the deadline on/,
    create: () => wrong({ now: () => 0 })
  },
  {
    name: 'keeps the old record when an expired one is written',
    foundBy: /leaves nothing readable after a write of an expired record/,
    create: () => wrong({ write: (inner, id, record, expected) => record.expiresAt === 0 ? id : inner.write(id, record, expected) })
  },
  {
    name: 'touches without a record',
    foundBy: /answers touch with false/,
    create: () => wrong({ touch: (inner, id, record) => inner.touch(id, record) || inner.write(id, record) === id })
  },
  {
    name: 'touches another version',
    foundBy: /changes nothing by touch once another version/,
    create: () => wrong({ touch: (inner, id, record) => inner.read(id) === null ? false : inner.write(id, record) === id })
  },
  {
    name: 'touches what has expired',
    foundBy: /answers touch with false once the deadline has passed/,
    create: () => {
      const all = new Map<string, SessionRecord>()
      return wrong({
        write: (inner, id, record, expected) => {
          all.set(id, record)
          return inner.write(id, record, expected)
        },
        touch (inner, id, { expiresAt, ...rest }) {
          if (inner.touch(id, { ...rest, expiresAt })) return true
          const old = all.get(id)
          return old !== undefined && inner.write(id, { ...old, expiresAt }) === id
        }
      })
    }
  },
  {
    name: 'revives a session that expired while a request worked on it',
    foundBy: /ends a session whose deadline passes while a request works on it/,
    create: () => careless(({ inner, id }) => inner.read(id) === null)
  }
]
