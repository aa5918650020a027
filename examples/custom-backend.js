// A backend of your own takes three methods: node examples/custom-backend.js
// This one keeps sessions in one JSON file; see docs/backends.md for what more a backend can promise.
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify from 'fastify'
import sessions from 'fastsessions'

class JsonFileBackend {
  #file
  // One write at a time, so that two do not overwrite each other's file.
  #queue = Promise.resolve()

  constructor (file) { this.#file = file }

  async read (id) {
    const records = await this.#all()
    return records[id] ?? null
  }

  async write (id, record) {
    await this.#change(records => { records[id] = record })
    return id
  }

  async remove (id) {
    await this.#change(records => { delete records[id] })
  }

  async #all () {
    return JSON.parse(await readFile(this.#file, 'utf8').catch(() => '{}'))
  }

  #change (edit) {
    this.#queue = this.#queue.catch(() => {}).then(async () => {
      const records = await this.#all()
      edit(records)
      await writeFile(this.#file, JSON.stringify(records), { mode: 0o600 })
    })
    return this.#queue
  }
}

const folder = await mkdtemp(join(tmpdir(), 'custom-backend-'))
const app = Fastify()
await app.register(sessions, { backend: new JsonFileBackend(join(folder, 'sessions.json')), cookie: { secure: 'auto' } })

app.get('/', async request => {
  request.session.visits = (request.session.visits ?? 0) + 1
  return { visits: request.session.visits, keptIn: folder }
})

console.log(await app.listen({ port: Number(process.env.PORT ?? 3000), host: 'localhost' }))
