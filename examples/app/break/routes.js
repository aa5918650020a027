import { setTimeout } from 'node:timers/promises'
import { page } from '../views/pages.js'
import { shorten } from '../watch.js'
import { textOf, watchEvents } from './events.js'
import { addInParallel, replayStolenCookie, signOutWhileSlow } from './experiments.js'
import { createLab } from './lab.js'
import { breakPage } from './views.js'

const SLOW_MS = 5_000
/** A visitor who stops the store and leaves does not leave it stopped. */
const STOPPED_MS = 60_000

/** The page "Try to break it". */
export async function tryToBreakIt (app) {
  const { backend, latest, redirect, view } = app.demo
  const lab = await createLab(app.demo)
  const events = watchEvents('session')
  const streams = new Set()
  let restart
  app.addHook('preClose', async () => {
    clearTimeout(restart)
    for (const stream of streams) stream.end()
    events.close()
    await lab.close()
  })

  app.get('/break', (request, reply) => show(request, reply))

  const experiments = {
    parallel: () => addInParallel(lab, { hasTransactions: backend.atomic }),
    race: () => signOutWhileSlow(lab),
    replay: () => replayStolenCookie(lab)
  }
  for (const [name, run] of Object.entries(experiments)) {
    app.post(`/break/${name}`, async (request, reply) => show(request, reply, { [name]: await run() }))
  }

  // By hand: in one window this, in another one the sign-out.
  app.post('/break/slow', async (request, reply) => {
    const { session } = request
    const before = session.subject
    await setTimeout(SLOW_MS)
    session.note = 'written by a request that was slow'
    return redirect(request, reply, 'success', before === null ? 'The slow request is done.' : `The slow request of ${before} is done.`, '/session')
  })

  // These two must work when the store does not.
  app.post('/break/stop', { config: { session: false } }, async (_request, reply) => {
    backend.stop()
    clearTimeout(restart)
    restart = globalThis.setTimeout(() => backend.start(), STOPPED_MS).unref()
    return reply.redirect('/break', 303)
  })
  app.post('/break/start', { config: { session: false } }, async (_request, reply) => {
    clearTimeout(restart)
    backend.start()
    return reply.redirect('/break', 303)
  })

  app.get('/break/events', { config: { session: false } }, (_request, reply) => {
    reply.hijack()
    const { raw } = reply
    raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    raw.write(':\n\n')
    const stopListening = events.listen(event => { raw.write(`data: ${textOf(event)}\n\n`) })
    streams.add(raw)
    raw.once('close', () => {
      stopListening()
      streams.delete(raw)
    })
  })

  async function show (request, reply, results = {}) {
    const { session } = request
    const isKept = !session.isNew
    const record = isKept && !backend.selfContained ? await backend.peek(session.id) : null
    const cookies = Object.entries(request.cookies).filter(([name]) => name.startsWith(`session-${app.demo.backendName}`))
    return page(reply, breakPage(view(request), {
      results,
      record,
      cookies: cookies.map(([name, value]) => `${name}=${shorten(value)}`),
      latest,
      events: events.latest.map(textOf)
    }))
  }
}
