import t, { type Test } from 'tap'
import { CookieBackend, MemoryBackend, type SessionBackend } from '../../lib/index.ts'
import { type Capabilities, testBackend, type TestRunner } from '../../lib/testing/index.ts'
import { cases } from '../../lib/testing/kit.ts'
import { MinimalBackend } from '../helpers/minimal-backend.ts'
import { wrongBackends } from '../helpers/wrong-backends/index.ts'
import { watching } from '../helpers/wrong-backends/watching.ts'
import type { WrongBackend } from '../helpers/wrong-backends/wrong.ts'
import { limited, MAX_DATA_BYTES } from '../helpers/wrong-backends/limited.ts'

/** Runs the kit without a test runner: which sentences ran, and which failed. */
async function tryKit (create: () => SessionBackend, capabilities?: Partial<Capabilities>): Promise<{ ran: string[], failed: string[] }> {
  const ran: string[] = []
  const failed: string[] = []
  const runner: TestRunner = {
    async test (name, fn) {
      ran.push(name)
      await fn({}).catch(() => { failed.push(name) })
    }
  }
  await testBackend(runner, create, capabilities)
  return { ran, failed }
}

t.test('a backend of three methods passes what it can be asked for', t => testBackend(t, () => new MinimalBackend()))

async function findOut (t: Test, { name, create, foundBy, capabilities = { expires: true, maxDataBytes: 0 } }: WrongBackend): Promise<void> {
  const { failed } = await tryKit(create, capabilities)
  t.ok(failed.some(sentence => foundBy.test(sentence)), `${name}: ${failed.join(' | ') || 'nothing was found'}`)
}

t.test('each wrong backend is found out, by the promise it breaks', async t => {
  for (const wrong of wrongBackends.filter(wrong => !watching.includes(wrong))) await findOut(t, wrong)
  // The kit waits for reports that do not come.
  await Promise.all(watching.map(wrong => findOut(t, wrong)))
})

t.test('a backend with a limit passes as one with a limit', t => testBackend(t, () => limited(MAX_DATA_BYTES), { maxDataBytes: MAX_DATA_BYTES }))

t.test('a backend that takes less than 1 MB is asked to keep what fits', async t => {
  const { ran, failed } = await tryKit(() => limited(390_000), { maxDataBytes: 390_000 })
  t.ok(ran.includes('keeps a payload of 1 MB, or as large as it says'))
  t.strictSame(failed, [])
})

t.test('a promise that a backend does not make is a failure', async t => {
  const { failed } = await tryKit(() => new MinimalBackend(), { count: true })
  t.ok(failed.includes('has what it promises'))
})

t.test('only promises that a backend makes are asked for', async t => {
  const { ran: minimal } = await tryKit(() => new MinimalBackend())
  t.notOk(minimal.some(name => /expected one|deadline|of one subject/.test(name)))
  const { ran: selfContained } = await tryKit(() => new CookieBackend())
  t.ok(selfContained.every(name => /text|promises/.test(name)), selfContained.join(' | '))
})

t.test('together the backends are asked for every promise', async t => {
  const ran = [...(await tryKit(() => limited(MAX_DATA_BYTES), { maxDataBytes: MAX_DATA_BYTES })).ran, ...(await tryKit(() => new MemoryBackend())).ran, ...(await tryKit(() => new CookieBackend())).ran]
  t.strictSame(cases.map(({ name }) => name).filter(name => !ran.includes(name)), [])
})

t.test('a backend that watches is asked for reports of the endings that it has', async t => {
  const create = (): SessionBackend => Object.assign(new MemoryBackend(), { bind: undefined, removeAll: undefined }) as never
  const { ran, failed } = await tryKit(create, { registrations: false })
  t.ok(ran.some(name => name.startsWith('reports each session that has ended')))
  t.strictSame(failed.filter(name => name.startsWith('reports')), [])
})

t.test('every backend that is made is closed', async t => {
  let open = 0
  await tryKit(() => {
    open++
    let isOpen = true
    return Object.assign(new MinimalBackend(), {
      close () {
        if (isOpen) open--
        isOpen = false
      }
    })
  })
  t.equal(open, 0)
})

t.test('a backend is bound with a log it can use', async t => {
  const create = (): SessionBackend => {
    const backend = new MinimalBackend() as SessionBackend
    backend.bind = ({ log }) => {
      log.child({ backend: 'mine' }).info('bound')
      return backend
    }
    return backend
  }
  t.strictSame((await tryKit(create, { registrations: false })).failed, [])
})
