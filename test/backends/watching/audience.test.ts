import t from 'tap'
import { Audience } from '../../../lib/backends/watching/audience.ts'

t.test('each space hears of its own, and of what concerns all', async t => {
  const audience = new Audience()
  const heard: string[] = []
  const listen = (name: string) => audience.add(name, id => { heard.push(`${name} ${id}`) })
  const [stopA, stopB] = [listen('a'), listen('b')]
  t.strictSame(audience.spaces, ['a', 'b'])
  audience.tell('a', '1')
  audience.tell('c', '2')
  audience.tellAll()
  t.strictSame(heard.splice(0), ['a 1', 'a null', 'b null'])
  stopA()
  t.strictSame([audience.has('a'), audience.has('b')], [false, true])
  const stop = listen('a')
  stopA()
  t.equal(audience.has('a'), true, 'the one before is gone already')
  stop()
  stopB()
  t.equal(audience.isEmpty, true)
})
