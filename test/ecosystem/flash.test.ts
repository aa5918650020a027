import flash from '@fastify/flash'
import t from 'tap'
import { backends, bench } from '../helpers/session-bench.ts'

for (const [name, create] of backends) {
  t.test(`@fastify/flash with the ${name} backend shows a message once`, async t => {
    const browser = (await bench(t, { backend: create(), setup: app => app.register(flash) })).browser()
    await browser.run((request: any) => { request.flash('info', ['saved', 'sent']) })
    t.strictSame((await browser.run((_request, reply: any) => reply.flash('info'))).json(), ['saved', 'sent'])
    t.strictSame((await browser.run((_request, reply: any) => reply.flash('info'))).json(), [])
  })
}
