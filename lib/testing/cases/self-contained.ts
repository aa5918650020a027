import assert from 'node:assert/strict'
import { randomBytes } from '../../crypto/random.ts'
import { isCookieText } from '../../record/cookie-text.ts'
import { newToken } from '../../record/ids.ts'
import { type Case, plain } from '../case.ts'

const ID_CHARS = 22

const newId = (): string => newToken().slice(0, ID_CHARS)

export const selfContained: readonly Case[] = [
  {
    name: 'resolves when a text is removed, although it cannot take it back',
    needs: ['selfContained'],
    async run ({ backend, record }) {
      await backend.remove(await backend.write(null, record({ id: newId() })) as string)
    }
  },
  {
    name: 'returns text that fits a cookie, and reads the record back from it',
    needs: ['selfContained'],
    async run ({ backend, record }) {
      for (const subject of [null, 'alice é 🧺']) {
        const policy = subject === null ? null : { idleTimeout: 60_000, persistent: true }
        const written = record({ id: newId(), subject, policy, data: JSON.stringify({ text: 'quotes \' " ; , é 🧺' }) })
        const text = await backend.write(null, written)
        assert.ok(typeof text === 'string' && isCookieText(text), 'the text does not fit a cookie')
        assert.deepEqual(plain(await backend.read(text)), plain(written))
      }
    }
  },
  {
    name: 'makes another text of each write, so that equal sessions look different',
    needs: ['selfContained'],
    async run ({ backend, record, next }) {
      const first = record({ id: newId() })
      assert.notEqual(await backend.write(null, first), await backend.write(null, next(first)))
    }
  },
  {
    name: 'reads null from text that was altered, cut or lengthened at any place',
    needs: ['selfContained'],
    async run ({ backend, record }) {
      const text = await backend.write(null, record({ id: newId() })) as string
      for (let at = 0; at < text.length; at++) {
        const altered = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
        assert.equal(await backend.read(altered), null, `altered at ${at}`)
        assert.equal(await backend.read(text.slice(0, at)), null, `cut at ${at}`)
      }
      assert.equal(await backend.read(text + 'A'), null)
    }
  },
  {
    name: 'reads null from text that was made with another secret or for another cookie',
    needs: ['selfContained', 'bound'],
    async run ({ backend, bind, record }) {
      const written = record({ id: newId() })
      const others = [await bind({ secret: randomBytes(32) }), await bind({ cookieName: 'other' })]
      for (const other of others) {
        assert.equal(await backend.read(await other.write(null, written) as string), null)
      }
    }
  },
  {
    name: 'reads null from text that was made for another registration',
    needs: ['selfContained', 'registrations'],
    async run ({ backend, elsewhere, record }) {
      for (const property of ['admin', 'session2', 'Session']) {
        const other = await elsewhere(property)
        assert.equal(await backend.read(await other.write(null, record({ id: newId() })) as string), null, property)
      }
    }
  }
]
