import { html } from '../html.js'
import { layout } from '../views/layout.js'
import { MANY } from './experiments.js'

export function breakPage (view, { results, record, cookies, latest, events }) {
  const { backend, backendName } = view
  const isCookie = backend.selfContained
  return layout({ ...view, title: 'Try to break it', path: '/break' }, html`
    <h1>Try to break it</h1>
    <p class="lead">What session libraries promise is easy to say. Here each promise is tried, on the <strong>${backendName}</strong> backend and beside a naive session plugin
      (<a href="/source/examples/app/break/naive.js">a few lines</a>: read whole, written whole). Experiments use sessions of their own: yours is left alone.</p>
    ${parallel(results.parallel, isCookie)}
    ${race(results.race, isCookie)}
    ${replay(results.replay, isCookie)}
    ${outage(backendName)}
    ${bothSides(view, record, cookies)}
    ${requests(latest)}
    ${eventList(events)}
    <script type="module" src="/break/live.js"></script>`)
}

function card (id, title, content) {
  return html`<section class="card" aria-labelledby="${id}-title" id="${id}"><h2 id="${id}-title">${title}</h2>${content}</section>`
}

function runs (path, text) {
  return html`<form method="post" action="/break/${path}#${path}"><button>${text}</button></form>`
}

function table (caption, heads, rows) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table><caption>${caption}</caption>
    <thead><tr>${heads.map(head => html`<th scope="col">${head}</th>`)}</tr></thead>
    <tbody>${rows.map(([first, ...cells]) => html`<tr><th scope="row">${first}</th>${cells.map(cell => html`<td>${cell}</td>`)}</tr>`)}</tbody></table></div>`
}

const verdict = (isGood, text) => html`<span class="${isGood ? 'good' : 'bad'}">${text}</span>`

function parallel (rows, isCookie) {
  const cell = (found, expected) => found === null ? html`<span class="muted">has none</span>` : verdict(found === expected, `${found} of ${expected}`)
  return card('parallel', `${MANY} requests at once`, html`
    <p>All change one session at the same moment. How many of the changes are there afterwards?</p>
    ${rows && table('Changes that were kept', ['each request', 'naive', 'fastsessions'], rows.map(({ what, expected, naive, ours }) => [what, cell(naive, expected), cell(ours, expected)]))}
    ${rows && html`<p class="muted">${isCookie
      ? 'The cookie backend keeps the session in the browser, so the last answer wins there too: it promises nothing here. Switch to memory or file, and run it again.'
      : 'Parallel changes are merged by path. A count that was read before others wrote is one value that all of them changed: the last one wins in every library, and transaction() is the way.'}</p>`}
    ${runs('parallel', `Send ${MANY} requests`)}`)
}

function race (result, isCookie) {
  const cell = ({ user }) => verdict(user === null, user === null ? 'signed out' : 'signed in again')
  return card('race', 'Sign out while a slow request runs', html`
    <p>A request has read the session and is slow. Meanwhile the user signs out. Then the slow request writes what it had.</p>
    ${result && table('After both are done', ['plugin', 'the browser is'], [['naive', cell(result.naive)], ['fastsessions', cell(result.ours)]])}
    ${result && isCookie && html`<p class="muted">On the cookie backend the slow answer brings a cookie that is as good as the one before: nobody keeps a list of who has signed out.</p>`}
    ${runs('race', 'Race them')}
    <p>By hand: sign in, start a slow request in a new window, and sign out here while it runs.</p>
    <form method="post" action="/break/slow" target="_blank"><button class="quiet">Start a request of 5 seconds (new window)</button></form>`)
}

function replay (result, isCookie) {
  const cell = ({ user }) => verdict(user === null, user === null ? 'a stranger' : `signed in as ${user}`)
  return card('replay', 'Replay a stolen cookie', html`
    <p>Somebody has copied the cookie. The user signs out. Then the copy is sent.</p>
    ${result && table('The thief is', ['plugin', 'after the sign-out'], [
      ['naive', cell(result.naive)], ['fastsessions', cell(result.ours)],
      ...isCookie ? [['fastsessions with revocation', cell(result.revocable)]] : []
    ])}
    ${result && isCookie && html`<p class="muted">Said plainly: a cookie session is valid until its deadline, wherever the cookie is. With <code>revocation</code>, a store keeps what was ended, and nothing else. Or keep the sessions on a server.</p>`}
    ${runs('replay', 'Steal and replay')}`)
}

function outage (backendName) {
  return card('stop', 'Stop the store', html`
    <p>Every call of the ${backendName} backend fails then (<code>FaultyBackend</code> of <code>fastsessions/testing</code> stands in front of it). Pages answer 503 with Retry-After, nobody is signed out, and the session is as it was when the store is back. After a minute it starts by itself.</p>
    <form method="post" action="/break/stop"><button>Stop the store</button></form>`)
}

function bothSides ({ session, backend, backendName }, record, cookies) {
  const browser = cookies.length === 0 ? 'Nothing.' : cookies.join('\n')
  const store = record ? JSON.stringify(record, null, 2) : backend.selfContained ? 'Nothing: the cookie is the session, sealed.' : 'Nothing.'
  return card('sides', 'What is kept of your session', html`
    <div class="halves">
      <div><h3>Your browser holds</h3><pre tabindex="0" aria-label="Your browser holds">${browser}</pre></div>
      <div><h3>${backend.selfContained ? 'The server holds' : `The store (${backendName}) holds`}</h3><pre tabindex="0" aria-label="The store holds">${store}</pre></div>
    </div>
    <p class="muted">${session.isNew
      ? 'You have no session yet: put something in the basket first.'
      : backend.selfContained ? 'The text is encrypted and cannot be changed unnoticed.' : 'The id is a hash of the cookie’s token: whoever reads the store cannot sign in with what is there.'}</p>`)
}

function requests (latest) {
  const rows = latest.map(({ method, path, status, calls, microseconds, setCookie }) => [
    html`<code>${method} ${path}</code>`, status, calls.length === 0 ? '0' : `${calls.length} (${calls.join(', ')})`, microseconds.toLocaleString('en'),
    setCookie.length === 0 ? html`<span class="muted">none</span>` : html`<code>${setCookie.join('\n')}</code>`
  ])
  return card('requests', 'What the latest requests cost', html`
    ${table('Requests of this server, the latest first', ['request', 'status', 'calls of the store', 'microseconds', 'Set-Cookie'], rows)}
    <p class="muted">The time is that of the whole request. A request that changes nothing sets no cookie and writes nothing.</p>`)
}

function eventList (events) {
  return card('live', 'Events', html`
    <p>What the plugin publishes on <code>diagnostics_channel</code>, without data and without tokens, as it happens. Use the shop in another window. Without a script, <a href="/break#live">reload</a>.</p>
    <ol id="events" tabindex="0" aria-label="Events, the latest first">${events.map(event => html`<li>${event}</li>`)}</ol>`)
}
