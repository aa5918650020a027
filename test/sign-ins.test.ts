import t from 'tap'
import { SignIns } from '../lib/sign-ins.ts'

t.test('revoking a subject reaches the sign-ins of that subject under way, and no other', async t => {
  const signIns = new SignIns()
  const [ada, ada2, bob, nobody] = [signIns.begin('ada'), signIns.begin('ada'), signIns.begin('bob'), signIns.begin(null)]
  signIns.revoke('ada')
  t.strictSame([ada, ada2, bob, nobody].map(({ isRevoked }) => isRevoked), [true, true, false, false])
})

t.test('one that begins afterwards is new', async t => {
  const signIns = new SignIns()
  signIns.revoke('ada')
  t.equal(signIns.begin('ada').isRevoked, false)
})

t.test('one that has ended is left alone', async t => {
  const signIns = new SignIns()
  const ended = signIns.begin('ada')
  const running = signIns.begin('ada')
  ended.end()
  signIns.revoke('ada')
  t.equal(ended.isRevoked, false)
  t.equal(running.isRevoked, true)
})
