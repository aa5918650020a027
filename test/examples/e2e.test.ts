import t from 'tap'
import { runToEnd } from '../helpers/running.ts'

t.test('the tests in browsers say how they are run, and refuse what they do not know', async t => {
  t.match(await runToEnd('scripts/e2e.js', ['--help']), { code: 0, output: '--browser firefox' })
  t.match(await runToEnd('scripts/e2e.js', ['--browser', 'lynx']), { code: 2, output: '--browser is "lynx"; choose one of: chromium, firefox' })
  t.match(await runToEnd('scripts/e2e.js', ['cookie.test.js']), { code: 2, output: 'cookie.test.js: choose from cookies.test.js, shop.test.js' })
  t.match(await runToEnd('scripts/e2e.js', ['--brwoser']), { code: 2, output: 'Unknown option' })
})
