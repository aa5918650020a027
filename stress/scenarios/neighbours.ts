import { setTimeout as sleep } from 'node:timers/promises'
import { DAY_MS } from '../../test/helpers/times.ts'
import { idOfToken } from '../../lib/record/ids.ts'
import { Bystanders } from '../bystanders.ts'
import type { Violation } from '../history.ts'
import { send } from '../http.ts'
import type { Call } from '../neighbour-app.ts'
import { Random } from '../random.ts'
import { stepOf } from '../recorder.ts'
import type { Run, Scenario } from './scenario.ts'

type Property = Call['property']
type Args = readonly unknown[]

const PROMISE = 'two registrations on one store never meet'
const PAUSE_MS = 5
/** A subject of both. */
const SHARED = 'shared'

/** Two registrations on one store: neither sees, ends or accepts what belongs to the other. */
export const neighbours: Scenario = {
  about: 'two registrations on one store, and every method of one with what belongs to the other',
  timeoutMs: 5_000,
  absoluteMs: DAY_MS,
  hasNeighbour: true,
  isFor: () => true,
  async run (run) {
    const { seed, ports, recorder, isOver } = run
    const mix = { read: 6, write: 6, count: 3, regenerate: 1, login: 2, destroy: 1 }
    const owners = new Bystanders({ seed, ports, mix, count: Math.ceil(run.clients / 4), pauseMs: PAUSE_MS }, recorder)
    const prober = new Prober(run, owners)
    const probing = async (): Promise<void> => { while (!isOver()) await prober.probe() }
    await Promise.all([owners.run(isOver), probing()])
    await recorder.readAll(ports(), owners.tokens)
    await prober.endMain()
    return { hasOthers: true, violations: prober.violations, figures: { 'calls of the other registration': prober.calls } }
  }
}

class Prober {
  readonly violations: Violation[] = []
  calls = 0
  readonly #run: Run
  readonly #owners: Bystanders
  readonly #random: Random
  readonly #can: { list: boolean, revoke: boolean }

  constructor (run: Run, owners: Bystanders) {
    this.#run = run
    this.#owners = owners
    this.#random = new Random(run.seed)
    const { canList, canRevoke } = run.servers[0]!.ready
    this.#can = { list: canList, revoke: canRevoke }
  }

  /** Calls everything that one registration can do with a session of the other. */
  async probe (): Promise<void> {
    await sleep(PAUSE_MS)
    const { tokens } = this.#owners
    if (tokens.length === 0) return
    const token = this.#random.of(tokens)
    const id = idOfToken('session', token)
    await this.#isBlind('admin', id)
    await this.#isRefused('the cookie of a session', '/admin', token)
    const admin = await this.#createAdmin()
    await this.#isBlind('session', admin.id)
    await this.#run.recorder.send(0, this.#port(), admin.token, stepOf('read'))
    if (this.#can.list) await this.#listsOwn(admin.id, id)
    if (this.#can.revoke) await this.#revokesOwn(admin.id)
    await this.#stands(admin.id, 'what the main registration did')
    // What ends everything of the admins must end no session: the sessions' owners would notice.
    if (this.#random.isLessThan(0.5)) await this.#call('admin', 'revokeAll', [])
    else await this.#call('admin', 'revoke', [admin.id])
    this.#expect(`exists(${admin.id}) of admin after its end`, await this.#call('admin', 'exists', [admin.id]), false)
  }

  /** Ends everything of the main registration, whose name is in no key of some stores. */
  async endMain (): Promise<void> {
    const { id } = await this.#createAdmin()
    await this.#call('session', 'revokeAll', [])
    await this.#stands(id, 'revokeAll of the main registration')
  }

  async #isBlind (property: Property, id: string): Promise<void> {
    this.#expect(`get(${id}) of ${property}`, await this.#call(property, 'get', [id]), null)
    this.#expect(`exists(${id}) of ${property}`, await this.#call(property, 'exists', [id]), false)
    await this.#call(property, 'revoke', [id])
    this.#expect(`get(${id}) of ${property}`, await this.#call(property, 'get', [id]), null)
  }

  async #isRefused (what: string, path: string, token: string): Promise<void> {
    const { status, body } = await send('GET', this.#port(), path, token)
    this.calls++
    const isRefused = status === 200 && Object.keys(body.data).length === 0 && body.subject === null
    if (!isRefused) this.#report(`${what} at ${path}: ${status} ${JSON.stringify(body)}`)
  }

  async #listsOwn (own: string, other: string): Promise<void> {
    const subjects = [{ subject: SHARED }, {}]
    for (const filter of subjects) {
      const { sessions } = await this.#call('admin', 'list', [filter]) ?? { sessions: [] }
      const ids: string[] = sessions.map(({ id }: { id: string }) => id)
      if (ids.includes(other) || !ids.includes(own)) this.#report(`list(${JSON.stringify(filter)}) of admin: ${ids.join(', ')}`)
    }
    this.#expect('count() of admin', await this.#call('admin', 'count', [{}]), 1)
    await this.#call('admin', 'removeExpired', [])
  }

  async #revokesOwn (own: string): Promise<void> {
    await this.#call('session', 'revokeSubject', [SHARED])
    await this.#stands(own, 'revokeSubject of the main registration')
    for (let n = 0; n < this.#owners.tokens.length; n++) {
      this.#expect(`revokeSubject(bystander${n}) of admin`, await this.#call('admin', 'revokeSubject', [`bystander${n}`]), 0)
    }
  }

  async #createAdmin (): Promise<{ id: string, token: string }> {
    const { id, cookie } = await this.#call('admin', 'create', [{ role: 1 }, { subject: SHARED }]) ?? { id: '', cookie: '' }
    return { id, token: String(cookie).replace(/^[^=]*=/, '') }
  }

  async #stands (id: string, after: string): Promise<void> {
    this.#expect(`exists(${id}) of admin after ${after}`, await this.#call('admin', 'exists', [id]), true)
  }

  async #call (property: Property, method: Call['method'], args: Args): Promise<any> {
    const { status, body } = await send('POST', this.#port(), '/call', null, { property, method, args })
    this.calls++
    if (status === 200) return body.result
    this.#report(`${method}(${JSON.stringify(args)}) of ${property} was answered with ${status} ${body?.code ?? ''}`)
    return undefined
  }

  #expect (what: string, value: unknown, expected: unknown): void {
    if (value === undefined || value === expected) return
    this.#report(`${what} is ${JSON.stringify(value)}, and must be ${JSON.stringify(expected)}`)
  }

  #port (): number { return this.#random.of(this.#run.ports()) }

  #report (detail: string): void { this.violations.push({ promise: PROMISE, detail }) }
}
