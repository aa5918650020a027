import { devices } from 'fastsessions/devices'
import { devicesPage } from './views/devices.js'
import { page } from './views/pages.js'

// A page of them is enough for a person.
const MOST = 50

/** Where a user is signed in: as a page without a script, and as the API that a page with one would use. */
export async function devicePages (app) {
  const { backend, redirect, view } = app.demo
  const canList = backend.list !== undefined && backend.removeSubject !== undefined
  // It refuses a backend that cannot list.
  if (canList) await app.register(devices, { prefix: '/api/devices' })

  app.get('/devices', async (request, reply) => page(reply, devicesPage(view(request), await devicesOf(request.session))))

  app.post('/devices/end', async (request, reply) => {
    const { session, body } = request
    const id = String(body?.id)
    if (id === session.id) {
      await session.regenerate()
      return redirect(request, reply, 'success', 'You are signed out.', '/')
    }
    // Only whose it is may end it.
    const found = canList && session.subject !== null ? await app.sessions.get(id) : null
    if (found === null || found.subject !== session.subject) return redirect(request, reply, 'error', 'That device is not signed in any more.')
    await app.sessions.revoke(id, { actor: session.subject, reason: 'device' })
    return redirect(request, reply, 'success', 'The device is signed out.')
  })

  app.post('/devices/end-others', async (request, reply) => {
    const { session } = request
    if (session.subject === null || !canList) return redirect(request, reply, 'error', 'Sessions of one user cannot be found here.')
    const ended = await app.sessions.revokeSubject(session.subject, { except: session.id, actor: session.subject, reason: 'device' })
    return redirect(request, reply, 'success', `Signed out elsewhere: ${ended} ${ended === 1 ? 'device' : 'devices'}.`)
  })

  /** The device of the request first; `null` where the backend cannot tell. */
  async function devicesOf ({ id, subject }) {
    if (!canList) return null
    if (subject === null) return []
    const { sessions } = await app.sessions.list({ subject, limit: MOST })
    return sessions.sort((a, b) => Number(b.id === id) - Number(a.id === id) || b.lastAccessedAt - a.lastAccessedAt)
  }
}
