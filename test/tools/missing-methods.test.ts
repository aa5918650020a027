import t from 'tap'
import { hideMissing } from '../../lib/tools/missing-methods.ts'

class Wrapper {
  list (): string { return 'list' }
  count (): string { return 'count' }
}

t.test('a method that one of what is wrapped lacks is not there, and the rest is', async t => {
  const wrapper = new Wrapper()
  hideMissing(wrapper, ['list', 'count'], [{ list: true, count: true }, { count: true }])
  t.equal(wrapper.list, undefined)
  t.equal(wrapper.count(), 'count')
})
