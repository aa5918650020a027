import { html } from '../html.js'
import { layout } from './layout.js'

export function sessionPage (view, { devices, isDestroyed }) {
  const { session } = view
  return layout({ ...view, title: isDestroyed ? 'The session is destroyed' : 'Session' }, html`
    <h1>Your session</h1>
    ${session.isNew ? nothingStored(isDestroyed) : html`${facts(view)}${data(session)}${session.subject === null ? '' : deviceList(view, devices)}`}`)
}

function nothingStored (isDestroyed) {
  return html`<section class="card" aria-labelledby="nothing">
      <h2 id="nothing">Nothing is stored</h2>
      ${isDestroyed && html`<p class="flash success" role="status" tabindex="-1" autofocus>The session is destroyed.</p>`}
      <p>You are nobody here yet: no record in the store, and no cookie in your browser.
        Put something <a href="/">in the basket</a>, or sign in, and come back.</p>
    </section>`
}

function facts ({ session, now }) {
  const rows = [
    ['Id', html`<code>${session.id}</code>`, 'A public handle, safe to log; never what is in the cookie.'],
    ['Subject', session.subject ?? 'nobody', 'Whose session it is.'],
    ['Created', time(session.createdAt, now), 'Signing in restarts both timeouts.'],
    ['Last use recorded', time(session.lastAccessedAt, now), 'Once a quarter of the idle time has passed.'],
    ['Ends', time(session.expiresAt, now), 'The nearer of the idle and the absolute deadline.']
  ]
  return html`<section class="card" aria-labelledby="facts">
      <h2 id="facts">What it is</h2>
      <dl>${rows.map(([name, value, why]) => html`<div><dt>${name}</dt><dd>${value}<span class="muted">${why}</span></dd></div>`)}</dl>
    </section>`
}

function data (session) {
  return html`<section class="card" aria-labelledby="data">
      <h2 id="data">What is in it</h2>
      <pre tabindex="0" aria-label="The data as JSON">${JSON.stringify(session, null, 2)}</pre>
      <form method="post" action="/forget"><button class="quiet">Destroy this session</button></form>
    </section>`
}

function deviceList ({ session, now, backendName }, devices) {
  if (devices === null) {
    return html`<section class="card" aria-labelledby="devices"><h2 id="devices">Where you are signed in</h2>
      <p>The ${backendName} backend cannot tell: it keeps no list of a user’s sessions.</p></section>`
  }
  return html`<section class="card" aria-labelledby="devices">
      <h2 id="devices">Where you are signed in</h2>
      <p class="muted">Sign in with the same name in another browser to see it here. Names are free in this demo, so it may be someone else.</p>
      <ul class="lines">${devices.map(({ id, lastAccessedAt }) => html`<li><span><code>${id.slice(0, 12)}…</code> ${id === session.id ? html`<strong>this one</strong>` : ''}</span> <span class="muted">used ${ago(lastAccessedAt, now)}</span></li>`)}</ul>
      <form method="post" action="/sign-out-elsewhere"><button class="quiet">Sign out everywhere else</button></form>
    </section>`
}

function time (date, now) {
  return html`<time datetime="${date.toISOString()}">${date.toISOString().replace('T', ' ').slice(0, 19)} UTC</time> (${ago(date, now)})`
}

function ago (date, now) {
  const minutes = Math.round((date.getTime() - now) / 60_000)
  const [amount, unit] = Math.abs(minutes) < 120 ? [minutes, 'minute'] : Math.abs(minutes) < 2880 ? [Math.round(minutes / 60), 'hour'] : [Math.round(minutes / 1440), 'day']
  return new Intl.RelativeTimeFormat('en', { numeric: 'auto' }).format(amount, unit)
}
