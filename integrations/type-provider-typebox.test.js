import assert from 'node:assert/strict'
import { test } from 'node:test'
import { build } from './dist/typebox.js'
import { Browser, setCookies } from './helpers/site.js'

test('one TypeBox schema gives the session its type and its check, beside those of the routes', async t => {
  const app = await build()
  t.after(() => app.close())
  const browser = new Browser(app)
  const put = (product, amount) => browser.send({ method: 'PUT', url: `/basket/${product}`, payload: { amount } })
  assert.deepEqual((await put('tea', 2)).json(), { tea: 2 })
  assert.deepEqual((await put('milk', 1)).json(), { tea: 2, milk: 1 })
  assert.equal((await put('tea', 'many')).json().code, 'FST_ERR_VALIDATION')
  const refused = await put('tea', 0)
  assert.deepEqual([refused.json().code, setCookies(refused)], ['SES_INVALID_DATA', []])
  assert.deepEqual((await put('eggs', 6)).json(), { tea: 2, milk: 1, eggs: 6 })
})
