import { wrong, type WrongBackend } from './wrong.ts'

/** Backends whose lists and counts are wrong. */
export const listing: readonly WrongBackend[] = [
  {
    name: 'lists expired sessions',
    foundBy: /lists live sessions/,
    create: () => wrong({
      list (inner, filter) {
        const page = inner.list(filter)
        const [live] = inner.list({}).sessions
        return { ...page, sessions: [...page.sessions, { ...live!, id: 'dead' }] }
      }
    })
  },
  {
    name: 'ignores the subject when it lists',
    foundBy: /lists the sessions of one subject/,
    create: () => wrong({ list: (inner, { subject: _, ...filter }) => inner.list(filter) })
  },
  {
    name: 'starts over at each page',
    foundBy: /hides and repeats no session/,
    create: () => {
      let pages = 0
      return wrong({ list: (inner, { cursor: _, ...filter }) => ({ ...inner.list(filter), cursor: ++pages % 3 === 0 ? null : 'more' }) })
    }
  },
  {
    name: 'counts tombstones',
    foundBy: /leaves tombstones out/,
    create: () => {
      let tombstones = 0
      return wrong({
        write: (inner, id, record, expected) => {
          if (record.data === '') tombstones++
          return inner.write(id, record, expected)
        },
        count: (inner, filter) => inner.count(filter) + tombstones
      })
    }
  },
  {
    name: 'lists by position, which moves while others come and go',
    foundBy: /hides and repeats no session|lists every session that is there throughout/,
    create: () => wrong({
      list: (inner, { cursor = '0', limit = 100 }) => {
        const all = inner.list({ limit: 10_000 }).sessions
        const end = Number(cursor) + limit
        return { sessions: all.slice(Number(cursor), end), cursor: end < all.length ? String(end) : null }
      }
    })
  }
]
