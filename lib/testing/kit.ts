import type { FastifyBaseLogger } from 'fastify'
import type { Awaitable, SessionBackend, SessionRecord } from '../../types/index.d.ts'
import { randomBytes, randomVersion } from '../crypto/random.ts'
import { freezeRecord } from '../record/record.ts'
import { type Bench, type Capabilities, type Capability, type Case, HOUR_MS, type TestRunner } from './case.ts'
import { compareAndSet } from './cases/compare-and-set.ts'
import { endings } from './cases/endings.ts'
import { expiry } from './cases/expiry.ts'
import { hostile } from './cases/hostile.ts'
import { labels } from './cases/labels.ts'
import { listing } from './cases/listing.ts'
import { parallel } from './cases/parallel.ts'
import { refusing } from './cases/refusing.ts'
import { registrations } from './cases/registrations.ts'
import { revoking } from './cases/revoking.ts'
import { selfContained } from './cases/self-contained.ts'
import { storing } from './cases/storing.ts'
import { watching } from './cases/watching.ts'

/** Every promise of `SessionBackend`, in the order of the tests. */
export const cases: readonly Case[] = [
  ...storing, ...hostile, ...compareAndSet, ...parallel, ...refusing, ...expiry, ...listing, ...revoking, ...labels, ...endings,
  ...registrations, ...watching, ...selfContained
]

// The tests start on a Monday in 2027, so that a server with a clock of its own does not take the records for expired.
const START = Date.UTC(2027, 2, 1)

/**
 * The conformance kit: tests a backend against every promise of `SessionBackend` which the backend makes. Each promise is a subtest
 * of `t`, named by a sentence. Works with tap and with node:test.
 *
 * @param t the test to which the subtests belong
 * @param create makes a backend with nothing stored; called for each test and for a first look at the capabilities. Every backend
 * is closed after its test, where it has `close`
 * @param capabilities promises which the properties and methods of the backend do not show, such as `{ expires: true }` for a backend
 * without `atomic`, or `{ maxDataBytes: 1_000_000 }` for a store with a limit
 * @example
 * test('my backend', t => testBackend(t, () => new MyBackend(client)))
 */
export async function testBackend (
  t: TestRunner, create: () => Awaitable<SessionBackend>, capabilities: Partial<Capabilities> = {}
): Promise<void> {
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

/** The promises which the properties of a backend show, and its optional methods. */
export function capabilitiesOf (backend: SessionBackend): Capabilities {
  const has = (name: keyof SessionBackend) => typeof backend[name] === 'function'
  const atomic = backend.atomic === true
  return {
    atomic,
    selfContained: backend.selfContained === true,
    bound: backend.selfContained === true,
    expires: atomic,
    registrations: has('bind'),
    touch: has('touch'),
    exists: has('exists'),
    list: has('list'),
    count: has('count'),
    removeExpired: has('removeExpired'),
    removeAll: has('removeAll'),
    removeSubject: has('removeSubject'),
    removeLabel: has('removeLabel'),
    labels: has('removeLabel'),
    watch: has('watch'),
    maxDataBytes: 0
  }
}

// A self-contained backend stores nothing, so the cases about a store are not for a self-contained backend.
function applies (needs: readonly Capability[], declared: Capabilities): boolean {
  return declared.selfContained === needs.includes('selfContained') && needs.every(need => Boolean(declared[need]))
}

function assertHas (found: Capabilities, declared: Capabilities): void {
  const { expires: _, maxDataBytes: __, labels: ___, bound: ____, ...methods } = declared
  for (const name of Object.keys(methods) as Array<keyof typeof methods>) {
    if (declared[name] && !found[name]) throw new Error(`the backend is said to have \`${name}\`, and has not`)
  }
}

async function createBench (create: () => Awaitable<SessionBackend>, maxDataBytes: number): Promise<Bench> {
  const clock = { now: START }
  const secret = randomBytes(32)
  const bindTo = async (store: SessionBackend, property: string, key = secret, cookieName = 'session') => {
    const context = { property, now: () => clock.now, secrets: [key], cookie: { name: cookieName }, timeout: 5_000, log: silent }
    const bound = store.bind?.(context) ?? store
    await bound.prepare?.()
    return bound
  }
  const record = (overrides: Partial<SessionRecord> = {}): SessionRecord => {
    const id = randomBytes(32).toString('hex')
    const times = { createdAt: clock.now, lastAccessedAt: clock.now, expiresAt: clock.now + HOUR_MS }
    const rest = { version: randomVersion(), data: '{"key":"value"}', schemaVersion: 1, subject: null, policy: null, meta: null }
    return freezeRecord({ id, ...rest, ...times, ...overrides })
  }
  const store = await create()
  const backend = await bindTo(store, 'session')
  return {
    backend,
    clock,
    maxDataBytes,
    record,
    async stored (overrides) {
      const written = record(overrides)
      await backend.write(written.id, written, 0)
      return written
    },
    next: (previous, overrides = {}) => freezeRecord({ ...previous, version: randomVersion(), ...overrides }),
    bind: async ({ secret: key, cookieName }) => await bindTo(await create(), 'session', key, cookieName),
    elsewhere: async property => await bindTo(store, property)
  }
}

interface Passing { pass?: (message: string) => void }

// The cases assert by node:assert, which tap does not see: without `pass` tap would count the test as skipped. node:test has no `pass`.
function passed (t: Passing): void {
  t.pass?.('as promised')
}

const quiet = (): void => {}
const levels = { fatal: quiet, error: quiet, warn: quiet, info: quiet, debug: quiet, trace: quiet, silent: quiet }
const silent = { level: 'silent', ...levels, child: () => silent } as unknown as FastifyBaseLogger
