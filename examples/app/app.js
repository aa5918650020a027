import { readFile } from 'node:fs/promises'
import formbody from '@fastify/formbody'
import Fastify from 'fastify'
import sessions from 'fastsessions'
import { euros, productOf } from './catalogue.js'
import { homePage, notFoundPage, sessionPage } from './views.js'

const MAX_NAME = 40
const MAX_OF_ONE = 99

/** The demo application, not listening yet. */
export async function createApp ({ backend, backendName, secret, logger = false, now = Date.now }) {
  const app = Fastify({ logger })
  // The style sheet belongs to no session: its route says so below.
  const style = await readFile(new URL('style.css', import.meta.url))

  await app.register(formbody)
  await app.register(sessions, {
    secret,
    backend,
    idleTimeout: '30m',
    absoluteTimeout: '12h',
    // Plain http on localhost is fine in every browser so; https makes it a Secure cookie.
    cookie: { secure: 'auto' },
    now
  })

  app.addHook('onRequest', refuseOtherSites)
  app.addHook('onSend', protectPage)
  app.setErrorHandler(renderError)
  app.setNotFoundHandler((request, reply) => page(reply.code(404), notFoundPage(view(request))))

  app.get('/', (request, reply) => page(reply, homePage(view(request))))
  app.get('/session', (request, reply) => page(reply, sessionPage(view(request))))
  app.get('/style.css', { config: { session: false } }, (_request, reply) => reply.type('text/css').header('cache-control', 'max-age=60').send(style))

  app.post('/sign-in', async (request, reply) => {
    const name = String(request.body?.name ?? '').trim().slice(0, MAX_NAME)
    if (name === '') return redirect(request, reply, 'error', 'Tell us a name first.')
    // Remember for two weeks: a policy of this session, kept by later saves.
    if (request.body.remember === 'on') request.session.setLifetime({ idleTimeout: '14d', absoluteTimeout: '14d', persistent: true })
    // A new id and a new life; what is in the basket comes along.
    await request.session.login(name, { signedInAt: now() })
    return redirect(request, reply, 'success', `Welcome, ${name}!`)
  })

  app.post('/sign-out', async (request, reply) => {
    // A new session, so that the good-bye has a place to stay; the old one is gone for good.
    await request.session.regenerate()
    return redirect(request, reply, 'success', 'You are signed out.')
  })

  app.post('/forget', async (request, reply) => {
    await request.session.destroy()
    return reply.redirect('/session', 303)
  })

  app.post('/basket', async (request, reply) => {
    const product = productOf(request.body?.product)
    if (product === undefined) return redirect(request, reply, 'error', 'We do not sell that.')
    const change = request.body.action === 'remove' ? -1 : 1
    const edit = data => { addTo(data.basket ??= {}, product.id, change) }
    // A count is made from the count that was there: a transaction loses none, whatever other tabs do. A cookie has no transactions.
    if (backend.atomic) await request.session.transaction(edit)
    else edit(request.session)
    return redirect(request, reply, 'success', change > 0 ? `${product.name} added, ${euros(product.price)}.` : `${product.name} removed.`)
  })

  return app

  function view (request) {
    const { session } = request
    // Shown once.
    const flash = session.flash
    delete session.flash
    return { session, flash, backendName, now: now(), path: request.url.split('?')[0] }
  }
}

function addTo (basket, id, change) {
  const count = Math.min(Math.max((basket[id] ?? 0) + change, 0), MAX_OF_ONE)
  if (count === 0) delete basket[id]
  else basket[id] = count
}

function page (reply, markup) {
  return reply.type('text/html; charset=utf-8').send(String(markup))
}

/** After a POST: a message for the next page, and the way there (RFC 9110, 15.4.4). */
function redirect (request, reply, kind, text) {
  request.session.flash = { kind, text }
  return reply.redirect(request.headers.referer?.endsWith('/session') ? '/session' : '/', 303)
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
    'content-security-policy': "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff'
  })
}

function renderError (error, request, reply) {
  request.log.error(error)
  // The session has set status and Retry-After of its errors already.
  if (reply.statusCode < 400) reply.code(error.statusCode ?? 500)
  return reply.type('text/plain; charset=utf-8').send(`Something went wrong (${error.code ?? reply.statusCode}). Please try again.`)
}
