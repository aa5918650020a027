import type { ForeignCookies, SessionReader } from '../../types/index.d.ts'

/** Cookies with the same name which a reader may try, as many as are tried of our own. */
const MAX_TRIED = 4

/** The cookies of a request, as readers of other libraries' sessions see them: parsed when a reader asks, and not decoded. */
export class HeaderCookies implements ForeignCookies {
  readonly #header: string
  #values: Map<string, string[]> | undefined

  constructor (header: string | undefined) {
    this.#header = header ?? ''
  }

  get names (): readonly string[] { return [...this.#parsed.keys()] }

  valuesOf (name: string): readonly string[] { return this.#parsed.get(name) ?? [] }

  get #parsed (): Map<string, string[]> { return (this.#values ??= valuesIn(this.#header)) }
}

function valuesIn (header: string): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=')
    if (equals === -1) continue
    const name = pair.slice(0, equals).trim()
    const values = found.get(name) ?? []
    if (values.length < MAX_TRIED) values.push(unquoted(pair.slice(equals + 1).trim()))
    found.set(name, values)
  }
  return found
}

/** Some libraries set their values in quotes (RFC 6265, 4.1.1), and browsers send them back with these. */
function unquoted (value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value
}

/** The lines which clear a library's cookies of a request where the library has set them. */
export function clearingLines (reader: SessionReader, { names }: ForeignCookies): string[] {
  const { cookieName, cookie: { path = '/', domain } = {} } = reader
  const own = reader.ownNames?.(names) ?? names.filter(name => name === cookieName)
  const place = `; Path=${path}${domain === undefined ? '' : `; Domain=${domain}`}`
  return own.map(name => {
    // Browsers refuse a line without Secure where the name asks for it (RFC 6265bis, 5.7).
    const secure = /^__(?:host|secure)-/i.test(name) ? '; Secure' : ''
    return `${name}=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT${place}${secure}`
  })
}
