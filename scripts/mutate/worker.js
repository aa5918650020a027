// Runs test files again and again in one process, each time with freshly loaded modules: starting a process takes longer than
// most tests. The parent sends the paths, and is told how many test files passed before the first failure.
import { once } from 'node:events'
import { register } from 'node:module'
import t from 'tap'

register('./hooks.js', import.meta.url)

// Tap ends a process that has nothing to do.
setInterval(() => {}, 60_000)
process.on('disconnect', () => process.exit())
t.test('rounds', { timeout: 0 }, async t => {
  for (let round = 0; ; round++) {
    const [tests] = await once(process, 'message')
    let at = 0
    while (at < tests.length && await passes(t, `${tests[at]}?round=${round}`)) at++
    process.send({ passed: at })
  }
})

async function passes (t, path) {
  let ended
  await t.test(path, { timeout: 30_000 }, async t => {
    globalThis.currentTest = ended = t
    await import(path)
  })
  return ended.passing()
}
