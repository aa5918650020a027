import { page } from './views/pages.js'
import { sessionPage } from './views/session.js'

/** What a session is. */
export async function sessionPages (app) {
  const { view } = app.demo

  app.get('/session', (request, reply) => page(reply, sessionPage(view(request), { isDestroyed: request.query.destroyed !== undefined })))

  app.post('/forget', async (request, reply) => {
    await request.session.destroy()
    // Nothing is left that could hold a message.
    return reply.redirect('/session?destroyed', 303)
  })
}
