import { html } from '../html.js'
import { document, layout } from './layout.js'

export function page (reply, markup) {
  // Each page shows somebody's basket or name: neither a cache nor the Back button may keep it.
  return reply.type('text/html; charset=utf-8').header('cache-control', 'private, no-store').send(String(markup))
}

export function notFoundPage (view) {
  return layout({ ...view, title: 'Not found' }, html`<h1>Nothing here</h1><p><a href="/">Back to the shop</a></p>`)
}

/** Knows nothing of a session: it may be the session that failed. */
export function errorPage ({ status, code, isStopped, retryAfter }) {
  return document('Something went wrong', html`
  <main id="main" tabindex="-1">
    <h1>${status}: something went wrong</h1>
    <section class="card">
      <p>${code && html`The error is <code>${code}</code>. `}${retryAfter === undefined ? 'Please try again.' : `Please try again in ${retryAfter} s.`}</p>
      ${isStopped
        ? html`<p>The store was stopped on the page “Try to break it”. Nobody is signed out: who comes back finds the session as it was.</p>
      <form method="post" action="/break/start"><button>Start the store again</button></form>`
        : html`<p><a href="/">Back to the shop</a></p>`}
    </section>
  </main>`)
}

export function sourcePage (view, file, lines) {
  return layout({ ...view, title: file }, html`
    <h1>${file.split('/').at(-1)}</h1>
    <pre class="source" tabindex="0" aria-label="${file}">${lines.map((line, index) => html`<span id="L${index + 1}">${line}\n</span>`)}</pre>`)
}
