import t from 'tap'
import { removeInBatches } from '../../lib/tools/remove-in-batches.ts'

/** A store with so many entries to remove, and the sizes of the batches that were asked for. */
function store (entries: number) {
  const asked: number[] = []
  const remove = (most: number) => {
    asked.push(most)
    const count = Math.min(most, entries)
    entries -= count
    return count
  }
  return { remove, asked }
}

t.test('removes all, until a batch is not full', async t => {
  const { remove, asked } = store(2_500)
  t.equal(await removeInBatches(remove), 2_500)
  t.strictSame(asked, [1_000, 1_000, 1_000])
})

t.test('removes no more than the limit', async t => {
  const { remove, asked } = store(2_500)
  t.equal(await removeInBatches(remove, { limit: 1_200 }), 1_200)
  t.strictSame(asked, [1_000, 200])
})

t.test('the caller may choose the size of a batch', async t => {
  const { remove, asked } = store(15)
  t.equal(await removeInBatches(async most => remove(most), { batchSize: 10 }), 15)
  t.strictSame(asked, [10, 10])
})

t.test('stops after the batch under way, and says how many went', async t => {
  const { remove, asked } = store(30)
  t.equal(await removeInBatches(remove, { batchSize: 10, isStopped: () => asked.length === 2 }), 20)
})

t.test('other work runs between two batches', async t => {
  const { remove } = store(1_500)
  const turns: string[] = []
  setImmediate(() => { turns.push('other work') })
  await removeInBatches(most => {
    turns.push('batch')
    return remove(most)
  })
  t.strictSame(turns, ['batch', 'other work', 'batch'])
})

t.test('an error of the store ends the removal, and is the answer', async t => {
  await t.rejects(removeInBatches(() => { throw new Error('no connection') }), { message: 'no connection' })
})
