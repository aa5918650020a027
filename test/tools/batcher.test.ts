import t from 'tap'
import { Batcher, type BatcherOptions } from '../../lib/tools/batcher.ts'
import { settled, stayAlive } from '../helpers/gate.ts'
import { until } from '../helpers/watching.ts'

interface Call {
  readonly items: readonly string[]
  answer (): void
  fail (error: Error): void
}

/** A batcher whose batches, and items that are handled alone, wait for the test's answer. */
function bench (options: Partial<BatcherOptions<string, string>> = {}) {
  const batches: Call[] = []
  const alone: Call[] = []
  const outcomes: string[] = []
  const asked = (calls: Call[], items: readonly string[]) => new Promise<string[]>((resolve, reject) => {
    calls.push({ items, answer: () => { resolve(items.map(item => item.toUpperCase())) }, fail: reject })
  })
  const batcher = new Batcher<string, string>({
    together: items => asked(batches, items),
    alone: async item => (await asked(alone, [item]))[0]!,
    splits: () => true,
    maxItems: 10,
    lanes: 2,
    patienceMs: 60_000,
    ...options
  })
  const add = (...items: string[]) => {
    for (const item of items) batcher.add(item).then(out => { outcomes.push(out) }, (error: Error) => { outcomes.push(`${item}: ${error.message}`) })
  }
  const sent = () => batches.map(({ items }) => items.join(''))
  return { batches, alone, outcomes, add, sent, batcher }
}

t.test('what is added in one turn goes together, and each gets its own answer', async t => {
  const { batches, outcomes, add, sent, batcher } = bench()
  const answer = batcher.add('x')
  add('a', 'b')
  await Promise.resolve().then(() => { add('c') })
  t.strictSame(sent(), [], 'not before the turn has ended')
  await settled()
  t.strictSame(sent(), ['xabc'])
  batches[0]!.answer()
  t.equal(await answer, 'X')
  await settled()
  t.strictSame(outcomes, ['A', 'B', 'C'])
  add('d')
  await settled()
  t.strictSame(sent(), ['xabc', 'd'])
})

t.test('a batch that is handled at once is answered, too', async t => {
  const { outcomes, add } = bench({ together: items => items.map(item => `${item}!`) })
  add('a', 'b')
  await settled()
  t.strictSame(outcomes, ['a!', 'b!'])
})

t.test('batches are of bounded number and size', async t => {
  const { sent, add } = bench({ maxItems: 3, lanes: 9 })
  add('a', 'b', 'c', 'd', 'e', 'f', 'g')
  await settled()
  t.strictSame(sent(), ['abc', 'def', 'g'])
  const sized = bench({ maxSize: 3, sizeOf: item => item.length, lanes: 9 })
  sized.add('aa', 'bb', 'cccc', 'd', 'e')
  await settled()
  t.strictSame(sized.sent(), ['aad', 'bbe', 'cccc'], 'one that is too large goes alone')
})

t.test('what comes while all lanes are taken waits, and goes together', async t => {
  const { batches, add, sent } = bench()
  for (const item of ['a', 'b', 'c', 'd', 'e']) {
    add(item)
    await settled()
  }
  t.strictSame(sent(), ['a', 'b'])
  batches[1]!.answer()
  await settled()
  t.strictSame(sent(), ['a', 'b', 'cde'], 'a batch that hangs takes one lane')
})

t.test('items with one key are never under way together', async t => {
  const { batches, add, sent } = bench({ keyOf: item => item[0]! })
  add('a1', 'a2', 'b1')
  await settled()
  t.strictSame(sent(), ['a1b1'])
  add('a3', 'c1')
  await settled()
  t.strictSame(sent(), ['a1b1', 'c1'], 'other keys do not wait')
  batches[0]!.answer()
  await settled()
  t.strictSame(sent(), ['a1b1', 'c1', 'a2'])
  batches[2]!.answer()
  await settled()
  t.strictSame(sent().slice(3), ['a3'], 'and they keep their order')
})

t.test('of a batch that fails each item is handled alone, and only the item to blame fails', async t => {
  const { batches, alone, outcomes, add, sent } = bench({ lanes: 1, keyOf: item => item })
  add('a', 'b', 'c')
  await settled()
  add('a', 'd')
  batches[0]!.fail(new Error('one is bad'))
  await settled()
  t.strictSame(alone.map(({ items }) => items[0]), ['a', 'b', 'c'])
  t.strictSame(sent(), ['abc', 'd'], 'the lane is free, and the key of an item is not')
  alone[1]!.fail(new Error('bad'))
  await settled()
  alone[2]!.answer()
  await settled()
  t.strictSame(outcomes, ['b: bad', 'C'])
  alone[0]!.answer()
  await settled()
  batches[1]!.answer()
  await settled()
  t.strictSame(sent(), ['abc', 'd', 'a'])
  batches[2]!.answer()
  await settled()
  t.strictSame(outcomes, ['b: bad', 'C', 'A', 'D', 'A'])
})

t.test('of a batch that nobody in it is to blame for all items fail, and nothing is sent again', async t => {
  const asked: unknown[] = []
  const { batches, alone, outcomes, add, sent } = bench({
    lanes: 1,
    keyOf: item => item,
    splits (error, count) {
      asked.push([(error as Error).message, count])
      return false
    }
  })
  add('a', 'b')
  await settled()
  add('a')
  batches[0]!.fail(new Error('down'))
  await settled()
  t.strictSame(asked, [['down', 2]])
  t.strictSame(outcomes, ['a: down', 'b: down'])
  t.strictSame(alone, [])
  t.strictSame(sent(), ['ab', 'a'], 'the next batch leaves')
})

t.test('what hangs holds up the rest for as long as there is patience', async t => {
  stayAlive(t)
  const { batches, alone, outcomes, add, sent } = bench({ lanes: 1, keyOf: item => item, patienceMs: 1 })
  add('a', 'b')
  await settled()
  add('a', 'c')
  await until(() => sent().length === 2, 'the lane is not free')
  t.strictSame(sent(), ['ab', 'ac'])
  batches[0]!.fail(new Error('late'))
  await settled()
  batches[1]!.answer()
  add('b')
  await until(() => sent().length === 3, 'the key is not free')
  for (const call of alone) call.answer()
  await settled()
  batches[2]!.answer()
  await settled()
  t.strictSame(outcomes, ['A', 'C', 'A', 'B', 'B'], 'and whatever comes late is an answer still')
})
