import { euros, productOf } from './catalogue.js'
import { homePage } from './views/home.js'
import { page } from './views/pages.js'

const MAX_NAME = 40
const MAX_OF_ONE = 99

/** The shop: a basket, and signing in and out. */
export async function shop (app) {
  const { backend, now, redirect, view } = app.demo

  app.get('/', (request, reply) => page(reply, homePage(view(request))))

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
    // Pages are not kept anyway (no-store); what else the browser has of this site goes too.
    reply.header('clear-site-data', '"cache"')
    return redirect(request, reply, 'success', 'You are signed out.', '/')
  })

  app.post('/basket', async (request, reply) => {
    const product = productOf(request.body?.product)
    if (product === undefined) return redirect(request, reply, 'error', 'We do not sell that.')
    const change = request.body.action === 'remove' ? -1 : 1
    const text = change > 0 ? `${product.name} added, ${euros(product.price)}.` : `${product.name} removed.`
    const edit = data => {
      addTo(data.basket ??= {}, product.id, change)
      data.flash = { kind: 'success', text, isInPlace: true }
    }
    // A count is made from the count that was there: a transaction loses none, whatever other tabs do. A cookie has no transactions.
    if (backend.atomic) await request.session.transaction(edit)
    else edit(request.session)
    // Back to where the button was, and the keyboard's focus too.
    return reply.redirect(change > 0 ? `/#${product.id}` : '/#basket', 303)
  })
}

function addTo (basket, id, change) {
  const count = Math.min(Math.max((basket[id] ?? 0) + change, 0), MAX_OF_ONE)
  if (count === 0) delete basket[id]
  else basket[id] = count
}
