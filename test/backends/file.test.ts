import t from 'tap'
import { FileBackend } from '../../lib/file.ts'
import { testBackend } from '../../lib/testing/index.ts'

t.test('the file backend keeps every promise of a backend', async t => {
  let directories = 0
  const root = t.testdir({})
  await testBackend(t, () => new FileBackend({ directory: `${root}/${directories++}` }))
})
