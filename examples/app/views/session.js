import { html } from '../html.js'
import { time } from './instants.js'
import { layout } from './layout.js'

export function sessionPage (view, { isDestroyed }) {
  const { session } = view
  return layout({ ...view, title: isDestroyed ? 'The session is destroyed' : 'Session' }, html`
    <h1>Your session</h1>
    ${session.isNew ? nothingStored(isDestroyed) : html`${facts(view)}${data(session)}`}`)
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
