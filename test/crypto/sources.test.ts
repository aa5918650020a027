import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'

const root = new URL('../../', import.meta.url)

/** Anybody may hash a name; ciphers, keys and randomness have their place. */
const HASHES = ['hash', 'createHash']
/** What other libraries have signed and sealed is opened, and signed for them, beside the rest of their formats. */
const FORMATS_OF_OTHERS = /^lib\/(?:readers\/|backends\/express-cookies)/
/** Neither signs nor seals: derives what a cookie session is known by. */
const DERIVES = 'lib/migrate/from-backend.ts'

t.test('cryptography comes from node:crypto, in the modules that are named for it', async t => {
  const modules = readdirSync(new URL('lib', root), { recursive: true }).map(file => `lib/${file}`).filter(file => file.endsWith('.ts'))
  const users: string[] = []
  for (const module of modules) {
    const text = readFileSync(new URL(module, root), 'utf8')
    const imported = /import (.*) from 'node:crypto'/.exec(text)?.[1]
    if (imported !== undefined && !HASHES.includes(imported.replace(/[{} ]/g, ''))) users.push(module)
    // The key of secure-session is derived by the package that secure-session uses itself.
    const words = module.startsWith('lib/readers/secure-session') ? text.replaceAll(/\bsodium\b(?:-native)?/g, '') : text
    t.notMatch(words, /crypto-js|tweetnacl|sodium|node-forge|jsonwebtoken|\bjose\b|createCipher\(|'md5'|webcrypto/, module)
    // Only the length of a pause may come from Math.random().
    for (const line of text.split('\n').filter(line => line.includes('Math.random'))) t.match(line, /setTimeout|delay/, module)
  }
  const places = users.filter(module => module !== DERIVES && !FORMATS_OF_OTHERS.test(module))
  t.strictSame(places.filter(module => !module.startsWith('lib/crypto/')), [])
  t.ok(users.includes('lib/crypto/xaes.ts'), 'and is found there')
})
