import t from 'tap'
import { testBackend } from '../../lib/testing/index.ts'
import { DATABASES, freshBackend, openDatabase } from '../helpers/databases.ts'

for (const name of DATABASES) {
  t.test(`${name} keeps every promise of a backend`, async t => {
    const { db } = await openDatabase(t, name)
    await testBackend(t, () => freshBackend(t, db), {
      atomic: true, expires: true, touch: true, exists: true, list: true, count: true, removeExpired: true, removeAll: true, removeSubject: true
    })
  })
}
