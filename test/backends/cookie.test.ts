import t from 'tap'
import { CookieBackend } from '../../lib/index.ts'
import { testBackend } from '../../lib/testing/index.ts'

t.test('the cookie backend keeps every promise of a self-contained backend', t => testBackend(t, () => new CookieBackend()))
t.test('so does its signed mode', t => testBackend(t, () => new CookieBackend({ mode: 'sign' })))
