const SHOP = 'http://shop.example'

/** A browser at one copy: keeps cookies, follows no redirect by itself. What the copy calls its own address is found at its port. */
export class Browser {
  #home
  #cookies = new Map()

  constructor (port) { this.#home = `http://127.0.0.1:${port}` }

  get cookie () { return [...this.#cookies].map(pair => pair.join('=')).join('; ') }
  set cookie (text) { this.#cookies = new Map(text.split('; ').map(pair => splitOnce(pair, '='))) }

  async go (method, address, form) {
    const url = new URL(address.replace(SHOP, this.#home), this.#home)
    const isHome = url.origin === this.#home
    const headers = isHome && this.cookie !== '' ? { cookie: this.cookie } : {}
    const response = await fetch(url, { method, headers, redirect: 'manual', ...(form && { body: new URLSearchParams(form) }) })
    const setCookies = response.headers.getSetCookie()
    if (isHome) setCookies.forEach(line => this.#keep(line))
    return {
      status: response.status,
      location: response.headers.get('location'),
      cookie: setCookies.length === 0 ? 'none' : setCookies.every(isEnd) ? 'cleared' : 'set',
      body: await response.text()
    }
  }

  #keep (line) {
    const [name, value] = splitOnce(line.split(';')[0], '=')
    if (isEnd(line)) this.#cookies.delete(name)
    else this.#cookies.set(name, value)
  }
}

function splitOnce (text, mark) {
  const at = text.indexOf(mark)
  return [text.slice(0, at), text.slice(at + 1)]
}

const isEnd = line => /; *Max-Age=0(?:;|$)/i.test(line) || Date.parse(/; *Expires=([^;]+)/i.exec(line)?.[1] ?? '') <= Date.now()
