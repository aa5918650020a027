import { page } from './views/pages.js'
import { sessionPage } from './views/session.js'

/** What a session is, and on which devices its user is signed in. */
export async function sessionPages (app) {
  const { backend, redirect, view } = app.demo

  app.get('/session', async (request, reply) => {
    const devices = await devicesOf(request.session)
    return page(reply, sessionPage(view(request), { devices, isDestroyed: request.query.destroyed !== undefined }))
  })

  app.post('/forget', async (request, reply) => {
    await request.session.destroy()
    // Nothing is left that could hold a message.
    return reply.redirect('/session?destroyed', 303)
  })

  app.post('/sign-out-elsewhere', async (request, reply) => {
    const { session } = request
    if (session.subject === null || !canListUsers()) return redirect(request, reply, 'error', 'Sessions of one user cannot be found here.')
    const ended = await app.sessions.revokeSubject(session.subject, { except: session.id })
    return redirect(request, reply, 'success', `Signed out elsewhere: ${ended} ${ended === 1 ? 'session' : 'sessions'}.`)
  })

  /** A page of them is enough for a person; `null` where the backend cannot tell. */
  async function devicesOf (session) {
    if (session.subject === null || !canListUsers()) return null
    const { sessions } = await app.sessions.list({ subject: session.subject, limit: 20 })
    return sessions
  }

  function canListUsers () {
    return backend.list !== undefined && backend.removeSubject !== undefined
  }
}
