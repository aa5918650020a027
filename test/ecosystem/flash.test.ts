import flash from '@fastify/flash'
import t from 'tap'
import { createSite, kinds } from '../helpers/app.ts'

for (const kind of kinds) {
  t.test(`@fastify/flash with the ${kind} backend shows a message once`, async t => {
    const site = await createSite(t, { backend: kind })
    await site.app.register(flash)
    const browser = site.browser()
    await browser.run((request: any) => { request.flash('info', ['saved', 'sent']) })
    t.strictSame((await browser.run((_request, reply: any) => reply.flash('info'))).json(), ['saved', 'sent'])
    t.strictSame((await browser.run((_request, reply: any) => reply.flash('info'))).json(), [])
  })
}
