import { html } from '../html.js'
import { ago } from './instants.js'
import { layout } from './layout.js'

const WHY_NOT = {
  cookie: 'Each session lives in its own cookie, in the browser that has it. The server keeps nothing of it: it cannot know where else you are signed in, and cannot end a session elsewhere before its deadline.',
  memcached: 'Memcached gives a session to who knows its id. It has no list of sessions, and may drop one whenever it needs the room: a list kept beside it would be wrong without anyone noticing.'
}
const BY_DEFAULT = 'It finds a session by its id and in no other way: it keeps no list of the sessions of a user.'

/** @param devices the sessions of the user, `null` where the backend cannot list them */
export function devicesPage (view, devices) {
  return layout({ ...view, title: 'Your devices' }, html`
    <h1>Your devices</h1>
    ${devices === null ? cannotTell(view) : view.session.subject === null ? signedOut() : deviceList(view, devices)}`)
}

function cannotTell ({ backendName }) {
  return html`<section class="card" aria-labelledby="why">
      <h2 id="why">The ${backendName} backend cannot tell</h2>
      <p>${WHY_NOT[backendName] ?? BY_DEFAULT}</p>
      <p class="muted">Choose another backend below, such as memory, and sign in there.</p>
    </section>`
}

function signedOut () {
  return html`<section class="card" aria-labelledby="nobody">
      <h2 id="nobody">Nobody is signed in here</h2>
      <p><a href="/#sign-in">Sign in</a>, here and in another browser, and come back.</p>
    </section>`
}

function deviceList ({ session, now }, devices) {
  return html`<section class="card" aria-labelledby="devices">
      <h2 id="devices">Where you are signed in</h2>
      <p class="muted">Sign in with the same name in another browser to see it here. Names are free in this demo, so it may be someone else.</p>
      <ul class="lines devices" id="device-list">${devices.map(device => deviceLine(device, device.id === session.id, now))}</ul>
      <form method="post" action="/devices/end-others"><button class="quiet">Sign out everywhere else</button></form>
      <p class="muted">A page with a script would ask <a href="/api/devices">/api/devices</a>, which is <code>fastsessions/devices</code>.</p>
    </section>`
}

function deviceLine ({ id, about, lastAccessedAt }, isCurrent, now) {
  const name = nameOf(about?.agent)
  return html`<li>
      <span>${name}${isCurrent && html` <strong>this one</strong>`}<span class="muted">${about?.ip}, used ${ago(lastAccessedAt, now)}</span></span>
      <form method="post" action="/devices/end"><input type="hidden" name="id" value="${id}"><button class="quiet" aria-label="Sign out ${name}${isCurrent ? ', this one' : ''}">Sign out</button></form>
    </li>`
}

const BROWSERS = [['Firefox/', 'Firefox'], ['Edg/', 'Edge'], ['Chrome/', 'Chrome'], ['Safari/', 'Safari']]
const SYSTEMS = [['Android', 'Android'], ['iPhone', 'iPhone'], ['iPad', 'iPad'], ['Windows', 'Windows'], ['Mac OS', 'Mac'], ['Linux', 'Linux']]

/** What a person calls a browser. An agent may say anything, so that this is a hint and no proof. */
function nameOf (agent = '') {
  const find = names => names.find(([part]) => agent.includes(part))?.[1]
  const [browser, system] = [find(BROWSERS), find(SYSTEMS)]
  if (browser === undefined) return agent.slice(0, 40) || 'A device without a name'
  return system === undefined ? browser : `${browser} on ${system}`
}
