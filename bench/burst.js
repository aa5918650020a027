import { Connection, bodyOf, requestText } from './connection.js'

/**
 * Requests of one session that come all at once, as a page makes them: each sets a key of its own. The next batch comes
 * when all are answered. Afterwards each key must hold what the last batch wrote.
 */
export class Burst {
  #connections
  #ports
  #cookie
  #batch = 0

  constructor (connections, ports, cookie) {
    this.#connections = connections
    this.#ports = ports
    this.#cookie = cookie
  }

  /** `ports` are of servers that share the session; writers are dealt to them in turn. */
  static async open (ports, cookie, writers) {
    const connections = await Promise.all(Array.from({ length: writers }, (_, n) => Connection.open(ports[n % ports.length])))
    return new Burst(connections, ports, cookie)
  }

  /** Milliseconds it takes until all of one batch are answered, for each batch; and the bytes of all. */
  async run (batches) {
    const times = []
    const bytes = { up: 0, down: 0 }
    for (let n = 0; n < batches; n++) {
      const start = performance.now()
      this.#batch++
      await Promise.all(this.#connections.map((connection, index) => new Promise((resolve, reject) => {
        const text = requestText(`/own/w${index}/${this.#batch}`, this.#cookie)
        bytes.up += text.length
        connection.send(text, received => { bytes.down += received; resolve() }, reject)
      })))
      times.push(performance.now() - start)
    }
    return { times, bytes, requests: batches * this.#connections.length }
  }

  /** How many updates of the last batch are missing. */
  async lost () {
    const reader = await Connection.open(this.#ports[0], { keepsText: true })
    let lost = 0
    for (let index = 0; index < this.#connections.length; index++) {
      const value = JSON.parse(bodyOf(await reader.request(`/value/w${index}`, this.#cookie)))
      if (value !== String(this.#batch)) lost++
    }
    reader.close()
    return lost
  }

  close () {
    for (const connection of this.#connections) connection.close()
  }
}
