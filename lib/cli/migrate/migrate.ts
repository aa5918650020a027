import type { SessionRecord } from '../../../types/index.d.ts'
import type { Answer, Call } from '../command.ts'
import { optionsIn } from '../config.ts'
import { CommandError, lineOf } from '../failures.ts'
import { type Opened, withSessions } from '../open.ts'
import { Progress } from '../progress.ts'
import { Copier, hasMoved, isAlive, isUntouched, type Outcome } from './copier.ts'
import { eachSession } from './pages.ts'

const MODULE = 'it takes the path of a module that exports the options of a registration'
const IN_COOKIES = 'keeps sessions in their cookies, which nobody can list; the new registration reads them with the option migrateFrom'
const BOUND = 'ids are bound to the property, so that no cookie would find its session'
const NOT_COPIED = 'could not be copied: they are too large for the target, or the source cannot read them itself'
const AGAIN = 'the same command goes on where this has stopped'

/** `migrate`: copies the sessions of one backend into another. */
export async function migrate ({ args, terminal }: Call): Promise<Answer> {
  const [from, to] = [args.needed('from', MODULE), args.needed('to', MODULE)]
  const property = args.text('property')
  const [source, target] = [await optionsIn(from, property), await optionsIn(to, property)]
  const progress = new Progress(terminal)
  return await withSessions(from, source, async source => await withSessions(to, target, async target => {
    assertCanCopy(source, target)
    const migration = new Migration(new Copier(source.registration, target.registration, args.has('again')), progress, terminal.signal)
    return await migration.run()
  }))
}

/** @throws CommandError where sessions of one would be nothing to the other */
function assertCanCopy (source: Opened, target: Opened): void {
  for (const { place, registration: { keeping, store } } of [source, target]) {
    if (keeping.isInCookie) throw new CommandError(`${place}: ${store.name} ${IN_COOKIES}`)
    if (store.name === 'MigratingBackend') throw new CommandError(`${place}: a MigratingBackend is both stores; migrate takes each alone`)
  }
  const [{ property: old }, { property: next }] = [source.settings, target.settings]
  if (old !== next) {
    throw new CommandError(`${source.place} has the property ${old}, and ${target.place} ${next}: ${BOUND}`)
  }
  const { store } = target.registration
  if (!store.isAtomic) throw new CommandError(`${target.place}: ${store.name} has no compare-and-set, and would overwrite what has changed`)
  source.registration.store.optional('list', 'list(), which migrate needs; a MigratingBackend moves its sessions as they are used')
}

/** A run of `migrate`. */
class Migration {
  readonly #copier: Copier
  readonly #progress: Progress
  readonly #signal: AbortSignal
  readonly #counts: Record<Outcome, number> = { copied: 0, there: 0, changed: 0, ended: 0, failed: 0 }

  constructor (copier: Copier, progress: Progress, signal: AbortSignal) {
    this.#copier = copier
    this.#progress = progress
    this.#signal = signal
  }

  async run (): Promise<Answer> {
    const begin = performance.now()
    const problem = await this.#copyAll()
    this.#progress.end()
    const seconds = Math.round((performance.now() - begin) / 100) / 10
    const { copied, there, changed, ended, failed } = this.#counts
    const complete = problem === undefined && !this.#signal.aborted
    const json = { copied, alreadyThere: there, changedInTarget: changed, ended, failed, seconds, complete }
    return { json, text: `${this.#text()}, in ${seconds} s`, problem }
  }

  /** What went wrong, in one line. */
  async #copyAll (): Promise<string | undefined> {
    try {
      const { source, target } = this.#copier
      const isStopped = (): boolean => this.#signal.aborted
      await eachSession(source, isStopped, async record => { this.#note(await this.#copier.copy(record)) })
      if (target.store.backend.list !== undefined) await eachSession(target, isStopped, async record => { await this.#lookAgain(record) })
    } catch (error) {
      return error instanceof CommandError ? error.message : `${lineOf(error)}; ${AGAIN}`
    }
    const { failed } = this.#counts
    return failed === 0 ? undefined : `${failed} sessions ${NOT_COPIED}`
  }

  /** A session that was copied, perhaps days ago, and ended in the source since. */
  async #lookAgain ({ id }: SessionRecord): Promise<void> {
    const { notes, source, target } = this.#copier
    const theirs = await this.#copier.read(source, id)
    if (isAlive(theirs) || hasMoved(theirs)) return
    const [note, stands] = [await notes.of(id), await this.#copier.read(target, id)]
    if (isAlive(stands) && isUntouched(stands, note) && await this.#copier.endIf(id, stands.version, theirs)) this.#note('ended')
  }

  #note (outcome: Outcome): void {
    this.#counts[outcome]++
    this.#progress.show(this.#text(), Object.values(this.#counts).reduce((sum, count) => sum + count))
  }

  #text (): string {
    const { copied, there, changed, ended, failed } = this.#counts
    const parts = [`${copied} copied`, `${there} already there`, `${ended} ended`]
    if (changed > 0) parts.push(`${changed} changed in the target and left alone`)
    if (failed > 0) parts.push(`${failed} failed`)
    return parts.join(', ')
  }
}
