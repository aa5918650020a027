import { execFileSync } from 'node:child_process'
import t from 'tap'
import { compile, plainNode } from '../helpers/compiled.ts'

/*
 * What a request leaves in a long-lived place must be garbage when the request is over, and must not live until the next collection of
 * the whole heap. `Map` and `Set` do not see to that: see lib/tools/hash-map.ts.
 */

/** Of 20,000. */
const MOST_KEPT = 2_000

t.test('what has left our long-lived places is garbage, where a Map keeps most of it', async t => {
  const program = compile('test/helpers/passages.ts', t.testdir())
  // In a process of its own: while V8 counts what is covered, it puts new objects into other places than it does in production.
  const [command, ...args] = plainNode
  const { Map: keptByMap, ...kept } = JSON.parse(execFileSync(command, [...args, program], { encoding: 'utf8' })) as Record<string, number>
  t.ok(keptByMap! > 4 * MOST_KEPT, `a Map keeps ${keptByMap}`)
  t.strictSame(Object.keys(kept), ['HashMap', 'BoundedMap', 'full BoundedMap', 'TextCache', 'OpenedCookies', 'Deadlines', 'CommitQueue'])
  for (const [name, count] of Object.entries(kept)) t.ok(count < MOST_KEPT, `${name} keeps ${count}`)
})
