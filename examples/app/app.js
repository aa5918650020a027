import { readFile } from 'node:fs/promises'
import formbody from '@fastify/formbody'
import Fastify from 'fastify'
import sessions from 'fastsessions'
import { tryToBreakIt } from './break/routes.js'
import { devicePages } from './device-pages.js'
import { sessionPages } from './session-pages.js'
import { shop } from './shop.js'
import { linesOf, noteSources } from './source.js'
import { errorPage, notFoundPage, page, sourcePage } from './views/pages.js'
import { watchRequests, WatchedBackend } from './watch.js'

/** Of what a browser says of itself, as much as tells browsers apart. */
const MAX_AGENT = 200

/**
 * The demo application on one backend, not listening yet.
 *
 * @param choices for the form at the foot of each page: `list()` of `{ name, missing? }`, and `open(name)`, which is done
 *   when that backend can be used
 */
export async function createApp ({ backend: unwatched, backendName, secret, choices, logger = false, now = Date.now, serverFactory }) {
  const app = Fastify({ logger, ...(serverFactory && { serverFactory }) })
  const backend = new WatchedBackend(unwatched)
  const latest = watchRequests(app)
  noteSources(app)

  await app.register(formbody)
  await app.register(sessions, {
    secret,
    backend,
    idleTimeout: '30m',
    absoluteTimeout: '12h',
    // What the page "Your devices" shows of each.
    about: ({ headers, ip }) => ({ agent: headers['user-agent']?.slice(0, MAX_AGENT), ip }),
    // Plain http on localhost is fine in every browser so; https makes it a Secure cookie. The name keeps the backends apart.
    cookie: { secure: 'auto', name: `session-${backendName}` },
    now
  })

  app.addHook('onRequest', refuseOtherSites)
  app.addHook('onSend', protectPage)
  app.setErrorHandler(renderError)
  app.setNotFoundHandler((request, reply) => page(reply.code(404), notFoundPage(view(request))))
  app.decorate('demo', { backend, backendName, secret, choices, latest, now, view, redirect })

  await app.register(shop)
  await app.register(sessionPages)
  await app.register(devicePages)
  await app.register(tryToBreakIt)

  app.get('/source/*', async (request, reply) => {
    const file = request.params['*']
    const lines = linesOf(file)
    return lines === undefined ? reply.callNotFound() : page(reply, sourcePage(view(request), file, lines))
  })

  app.post('/backend', async (request, reply) => {
    const name = String(request.body?.backend)
    const { missing } = await choices.open(name)
    if (missing !== undefined) return redirect(request, reply, 'error', `That backend is not here: ${missing}.`)
    reply.setCookie('backend', name, { path: '/', httpOnly: true, sameSite: 'lax' })
    return reply.redirect(pathBefore(request), 303)
  })

  for (const [path, type] of [['style.css', 'text/css'], ['break/live.js', 'text/javascript']]) {
    const text = await readFile(new URL(path, import.meta.url))
    // They belong to no session.
    app.get(`/${path}`, { config: { session: false } }, (_request, reply) => reply.type(type).header('cache-control', 'max-age=60').send(text))
  }
  return app

  /** What every page shows. */
  function view (request) {
    const { session, routeOptions } = request
    // Shown once.
    const flash = session.flash
    delete session.flash
    return { session, flash, backend, backendName, choices: choices.list(), now: now(), path: request.url.split('?')[0], source: routeOptions.config?.source }
  }

  function renderError (error, request, reply) {
    request.log.error(error)
    // The session has set status and Retry-After of its errors already.
    if (reply.statusCode < 400) reply.code(error.statusCode ?? 500)
    return page(reply, errorPage({ status: reply.statusCode, code: error.code, isStopped: backend.isStopped, retryAfter: reply.getHeader('retry-after') }))
  }
}

/** After a POST: a message for the next page, and the way there (RFC 9110, 15.4.4). */
function redirect (request, reply, kind, text, path = pathBefore(request)) {
  request.session.flash = { kind, text }
  return reply.redirect(path, 303)
}

/** The page of ours whose form was sent. */
function pathBefore ({ headers: { referer } }) {
  return URL.canParse(referer ?? '') ? new URL(referer).pathname.replace(/^\/+/, '/') : '/'
}

/** Browsers say where a request comes from; forms of other sites have no business here. */
async function refuseOtherSites (request, reply) {
  if (request.method === 'GET' || request.method === 'HEAD') return
  const site = request.headers['sec-fetch-site']
  const { origin, host } = request.headers
  const isOurs = site !== undefined ? site === 'same-origin' : origin === undefined || origin === `${request.protocol}://${host}`
  if (!isOurs) return reply.code(403).type('text/plain').send('This form was sent from another site.')
}

async function protectPage (_request, reply) {
  reply.headers({
    'content-security-policy': "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff'
  })
}
