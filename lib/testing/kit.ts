import type { FastifyBaseLogger } from 'fastify'
import type { Awaitable, SessionBackend, SessionRecord } from '../../types/index.d.ts'
import { randomBytes, randomVersion } from '../crypto/random.ts'
import { freezeRecord } from '../record/record.ts'
import type { Bench, Capabilities, Capability, Case, TestRunner } from './case.ts'
import { compareAndSet } from './cases/compare-and-set.ts'
import { expiry } from './cases/expiry.ts'
import { hostile } from './cases/hostile.ts'
import { listing } from './cases/listing.ts'
import { parallel } from './cases/parallel.ts'
import { refusing } from './cases/refusing.ts'
import { registrations } from './cases/registrations.ts'
import { revoking } from './cases/revoking.ts'
import { selfContained } from './cases/self-contained.ts'
import { storing } from './cases/storing.ts'

/** Every promise a backend can be asked for, in the order they are tried. */
export const cases: readonly Case[] = [
  ...storing, ...hostile, ...compareAndSet, ...parallel, ...refusing, ...expiry, ...listing, ...revoking, ...registrations, ...selfContained
]

const HOUR_MS = 3_600_000
// A Monday in 2027, so that no record is written in the past of a server's own clock.
const START = Date.UTC(2027, 2, 1)

/**
 * Runs every promise of the contract that a backend can be asked for.
 *
 * ```ts
 * import { testBackend } from 'fastsessions/testing'
 * test('my backend', t => testBackend(t, () => new MyBackend(client)))
 * ```
 *
 * @param create makes a backend with nothing stored in it; called once for each test
 * @param capabilities what it promises, where that differs from what it has
 */
export async function testBackend (t: TestRunner, create: () => Awaitable<SessionBackend>, capabilities: Partial<Capabilities> = {}): Promise<void> {
  const probe = await create()
  const found = capabilitiesOf(probe)
  const declared = { ...found, ...capabilities }
  await probe.close?.()
  await t.test('has what it promises', async (inner: Passing) => {
    assertHas(found, declared)
    passed(inner)
  })
  for (const { name, needs, run } of cases) {
    if (!applies(needs, declared)) continue
    await t.test(name, async (inner: Passing) => {
      const bench = await createBench(create, declared.maxDataBytes)
      try {
        await run(bench)
      } finally {
        await bench.backend.close?.()
      }
      passed(inner)
    })
  }
}

/** What a backend promises by what it has. */
export function capabilitiesOf (backend: SessionBackend): Capabilities {
  const has = (name: keyof SessionBackend) => typeof backend[name] === 'function'
  const atomic = backend.atomic === true
  return {
    atomic,
    selfContained: backend.selfContained === true,
    expires: atomic,
    touch: has('touch'),
    exists: has('exists'),
    list: has('list'),
    count: has('count'),
    removeExpired: has('removeExpired'),
    removeAll: has('removeAll'),
    removeSubject: has('removeSubject'),
    maxDataBytes: 0
  }
}

// A self-contained backend stores nothing: the cases of stores are not for it.
function applies (needs: readonly Capability[], declared: Capabilities): boolean {
  return declared.selfContained === needs.includes('selfContained') && needs.every(need => Boolean(declared[need]))
}

function assertHas (found: Capabilities, declared: Capabilities): void {
  const { expires: _, maxDataBytes: __, ...methods } = declared
  for (const name of Object.keys(methods) as Array<keyof typeof methods>) {
    if (declared[name] && !found[name]) throw new Error(`the backend is said to have \`${name}\`, and has not`)
  }
}

async function createBench (create: () => Awaitable<SessionBackend>, maxDataBytes: number): Promise<Bench> {
  const clock = { now: START }
  const secret = randomBytes(32)
  const bindTo = async (store: SessionBackend, property: string, key = secret, cookieName = 'session') => {
    const bound = store.bind?.({ property, now: () => clock.now, secrets: [key], cookie: { name: cookieName }, timeout: 5_000, log: silent }) ?? store
    await bound.prepare?.()
    return bound
  }
  const record = (overrides: Partial<SessionRecord> = {}): SessionRecord => {
    const id = randomBytes(32).toString('hex')
    const times = { createdAt: clock.now, lastAccessedAt: clock.now, expiresAt: clock.now + HOUR_MS }
    return freezeRecord({ id, version: randomVersion(), data: '{"key":"value"}', schemaVersion: 1, subject: null, policy: null, ...times, ...overrides })
  }
  const store = await create()
  return {
    backend: await bindTo(store, 'session'),
    clock,
    maxDataBytes,
    record,
    next: (previous, overrides = {}) => freezeRecord({ ...previous, version: randomVersion(), ...overrides }),
    bind: async ({ secret: key, cookieName }) => await bindTo(await create(), 'session', key, cookieName),
    elsewhere: async property => await bindTo(store, property)
  }
}

interface Passing { pass?: (message: string) => void }

// tap counts a test without an assertion as skipped; node:test has no `pass`.
function passed (t: Passing): void {
  t.pass?.('as promised')
}

const quiet = (): void => {}
const silent = { level: 'silent', fatal: quiet, error: quiet, warn: quiet, info: quiet, debug: quiet, trace: quiet, silent: quiet, child: () => silent } as unknown as FastifyBaseLogger
