import { catalogue, euros, productOf } from './catalogue.js'
import { html } from './html.js'

function layout ({ title, session, flash, backendName, path }, content) {
  const link = (href, text) => html`<a href="${href}"${path === href ? html` aria-current="page"` : ''}>${text}</a>`
  return html`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>${title} · fastsessions demo</title>
  <link rel="stylesheet" href="/style.css">
  <link rel="icon" href="data:,">
</head>
<body>
  <a class="skip" href="#main">Skip to the content</a>
  <header>
    <div class="bar">
      <a class="brand" href="/">Corner shop</a>
      <nav aria-label="Pages">${link('/', 'Shop')} ${link('/session', 'Session')}</nav>
      ${session.subject === null
        ? html`<span class="who">Not signed in</span>`
        : html`<form class="who" method="post" action="/sign-out"><span>Signed in as <strong>${session.subject}</strong></span> <button class="quiet">Sign out</button></form>`}
    </div>
  </header>
  <main id="main" tabindex="-1">
    <div role="status" aria-live="polite">${flash && html`<p class="flash ${flash.kind}">${flash.text}</p>`}</div>
    ${content}
  </main>
  <footer><p>A demo of <strong>fastsessions</strong>; sessions live in: <strong>${backendName}</strong>. No script runs on this page.</p></footer>
</body>
</html>`
}

export function homePage (view) {
  const { session } = view
  return layout({ ...view, title: 'Shop' }, html`
    <h1>${session.subject === null ? 'Fresh today' : `Fresh today, ${session.subject}`}</h1>
    <div class="columns">
      <section aria-labelledby="products">
        <h2 id="products">Products</h2>
        <ul class="products">${catalogue.map(productCard)}</ul>
      </section>
      <aside>
        ${basketCard(session.basket ?? {})}
        ${session.subject === null ? signInCard() : ''}
      </aside>
    </div>`)
}

function productCard ({ id, name, price, unit }) {
  return html`<li class="card product">
    <span class="badge ${id}" aria-hidden="true">${name[0]}</span>
    <div><h3>${name}</h3><p>${euros(price)} <span class="muted">${unit}</span></p></div>
    ${basketButton('add', id, 'Add', `Add ${name} to the basket`)}
  </li>`
}

function basketButton (action, product, text, label) {
  return html`<form method="post" action="/basket">
    <input type="hidden" name="product" value="${product}">
    <button name="action" value="${action}" aria-label="${label}"${action === 'remove' ? html` class="quiet"` : ''}>${text}</button>
  </form>`
}

function basketCard (basket) {
  const lines = Object.entries(basket).map(([id, count]) => ({ ...productOf(id), count })).filter(line => line.name)
  const total = lines.reduce((sum, { price, count }) => sum + price * count, 0)
  return html`<section class="card" aria-labelledby="basket">
    <h2 id="basket">Your basket</h2>
    ${lines.length === 0
      ? html`<p class="muted">It is empty. Nothing is stored about you until you put something in.</p>`
      : html`<ul class="lines">${lines.map(({ id, name, price, count }) => html`<li>
          <span>${name} <span class="muted">× ${count}</span></span>
          <span>${euros(price * count)}</span>
          ${basketButton('remove', id, 'Remove', `Remove one ${name}`)}</li>`)}</ul>
        <p class="total"><span>Total</span> <strong>${euros(total)}</strong></p>`}
  </section>`
}

function signInCard () {
  return html`<section class="card" aria-labelledby="sign-in">
    <h2 id="sign-in">Sign in</h2>
    <form method="post" action="/sign-in">
      <label for="name">Your name</label>
      <input id="name" name="name" required maxlength="40" autocomplete="nickname">
      <label class="check"><input type="checkbox" name="remember"> Remember me for two weeks</label>
      <button>Sign in</button>
    </form>
  </section>`
}

export function sessionPage (view) {
  const { session, now } = view
  const rows = [
    ['Id', html`<code>${session.id}</code>`, 'A public handle, safe to log; never what is in the cookie.'],
    ['Subject', session.subject ?? 'nobody', 'Whose session it is.'],
    ['New', session.isNew ? 'yes' : 'no', 'Whether nothing is stored yet.'],
    ['Created', time(session.createdAt, now), 'Signing in starts a new life.'],
    ['Last use recorded', time(session.lastAccessedAt, now), 'Once a quarter of the idle time has passed.'],
    ['Ends', time(session.expiresAt, now), 'The nearer of the idle and the absolute deadline.']
  ]
  return layout({ ...view, title: 'Session' }, html`
    <h1>Your session</h1>
    <section class="card" aria-labelledby="facts">
      <h2 id="facts">What it is</h2>
      <dl>${rows.map(([name, value, why]) => html`<div><dt>${name}</dt><dd>${value}<span class="muted">${why}</span></dd></div>`)}</dl>
    </section>
    <section class="card" aria-labelledby="data">
      <h2 id="data">What is in it</h2>
      <pre tabindex="0" aria-label="The data as JSON">${JSON.stringify(session, null, 2)}</pre>
      <form method="post" action="/forget"><button class="quiet">Destroy this session</button></form>
    </section>`)
}

function time (date, now) {
  const minutes = Math.round((date.getTime() - now) / 60_000)
  const [amount, unit] = Math.abs(minutes) < 120 ? [minutes, 'minute'] : Math.abs(minutes) < 2880 ? [Math.round(minutes / 60), 'hour'] : [Math.round(minutes / 1440), 'day']
  const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' }).format(amount, unit)
  return html`<time datetime="${date.toISOString()}">${date.toISOString().replace('T', ' ').slice(0, 19)} UTC</time> (${relative})`
}

export function notFoundPage (view) {
  return layout({ ...view, title: 'Not found' }, html`<h1>Nothing here</h1><p><a href="/">Back to the shop</a></p>`)
}
