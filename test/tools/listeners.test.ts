import t from 'tap'
import { Listeners } from '../../lib/tools/listeners.ts'

t.test('all are told, though one throws', async t => {
  const told: string[] = []
  const listeners = new Listeners<string>()
  listeners.add(() => { throw new Error('a bug') })
  listeners.add(text => { told.push(text) })
  listeners.tell('hello')
  t.strictSame(told, ['hello'])
})

t.test('a function that was added twice is told twice, and goes once for each time', async t => {
  let told = 0
  const count = (): void => { told++ }
  const listeners = new Listeners<null>()
  const [stop] = [listeners.add(count), listeners.add(count)]
  listeners.tell(null)
  t.equal(told, 2)
  stop()
  stop()
  listeners.tell(null)
  t.strictSame([told, listeners.size], [3, 1])
})
