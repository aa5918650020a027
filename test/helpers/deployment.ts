import { Agent, createServer, get, type IncomingMessage, request as send } from 'node:http'
import { type Answer, listening, type Node } from './old-applications.ts'

interface Test { teardown (end: () => unknown): unknown }

/** One address in front of nodes, as a load balancer is. */
export class Address {
  nodes: readonly Node[] = []
  /** Which of so many nodes serves the next request. */
  choose: (count: number) => number = inTurn()
  requests = 0
  readonly #agent = new Agent({ keepAlive: true })
  #own: Node | undefined

  async open (t: Test): Promise<this> {
    this.#own = await listening(createServer((incoming, answer) => {
      this.requests++
      const { port } = this.nodes[this.choose(this.nodes.length)]!
      const { url, method, headers } = incoming
      const passed = send({ host: '127.0.0.1', port, path: url, method, headers, agent: this.#agent }, response => {
        answer.writeHead(response.statusCode!, response.headers)
        response.pipe(answer)
      })
      passed.on('error', error => { answer.destroy(error) })
      passed.end()
    }))
    t.teardown(async () => {
      this.#agent.destroy()
      await this.#own!.close()
    })
    return this
  }

  get port (): number { return this.#own!.port }
}

export function inTurn (): (count: number) => number {
  let last = 0
  return count => last++ % count
}

/** A user with a browser, and what the user knows of the session. */
export class User {
  readonly name: string
  readonly cookies = new Map<string, string>()
  readonly #port: number
  readonly #agent: Agent
  /** How often each version has written into the session. */
  readonly written = { old: 0, new: 0 }

  constructor (t: Test, { port }: Address, name: string) {
    this.name = name
    this.#port = port
    this.#agent = new Agent({ keepAlive: true })
    t.teardown(() => { this.#agent.destroy() })
  }

  /** One request, with the cookies of the browser, which keeps what comes back. */
  async visit (path: string, port = this.#port): Promise<Answer> {
    const cookie = [...this.cookies].map(pair => pair.join('=')).join('; ')
    const headers = cookie === '' ? {} : { cookie }
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get({ host: '127.0.0.1', port, path, headers, agent: this.#agent }, resolve).on('error', reject)
    })
    const text = Buffer.concat(await response.toArray()).toString()
    if (response.statusCode !== 200) throw new Error(`${path} was answered with ${response.statusCode}: ${text}`)
    for (const line of response.headers['set-cookie'] ?? []) this.#keep(line)
    return JSON.parse(text)
  }

  #keep (line: string): void {
    const [pair = '', ...attributes] = line.split(/; */)
    const at = pair.indexOf('=')
    const expires = attributes.find(attribute => /^expires=/i.test(attribute))?.slice('expires='.length)
    const isOver = expires !== undefined && Date.parse(expires) <= Date.now()
    if (isOver || attributes.some(attribute => /^max-age=0$/i.test(attribute))) this.cookies.delete(pair.slice(0, at))
    else this.cookies.set(pair.slice(0, at), pair.slice(at + 1))
  }
}
