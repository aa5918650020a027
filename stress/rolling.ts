import { MigratingBackend } from '../lib/migrate.ts'
import type { SessionBackend } from '../lib/index.ts'

/** Whether this process has come to step two. */
let isAdvanced = false

/** What a deployment of step two does to this process. */
export function advance (): void { isAdvanced = true }

const FORWARDED = ['read', 'write', 'remove', 'touch', 'list', 'count', 'removeExpired', 'removeAll', 'removeSubject', 'removeLabel'] as const

/** A move between two stores, whose step changes while requests are under way. */
export function rolling (old: SessionBackend, next: SessionBackend): SessionBackend {
  return bothSteps(new MigratingBackend(old, { also: next }), new MigratingBackend(next, { from: old }))
}

function call (backend: MigratingBackend, name: typeof FORWARDED[number], args: unknown[]): unknown {
  return (backend[name] as (...args: unknown[]) => unknown).apply(backend, args)
}

function bothSteps (one: MigratingBackend, two: MigratingBackend): SessionBackend {
  const calls = FORWARDED.map(name => {
    return [name, (...args: unknown[]) => call(isAdvanced ? two : one, name, args)] as const
  })
  const forwarded = Object.fromEntries(calls) as unknown as SessionBackend
  return {
    ...forwarded,
    atomic: true,
    bind: context => bothSteps(one.bind(context), two.bind(context)),
    prepare: async () => { await two.prepare() },
    close: async () => { await two.close() }
  }
}
