import { html } from '../html.js'

/** The frame of every page. */
export function layout ({ title, session, flash, backendName, choices, path, source }, content) {
  const link = (href, text) => html`<a href="${href}"${path === href ? html` aria-current="page"` : ''}>${text}</a>`
  // A reload announces its title and nothing else, so a message is in the title too.
  return document(flash ? `${flash.text} · ${title}` : title, html`
  <header>
    <div class="bar">
      <a class="brand" href="/">Corner shop</a>
      <nav aria-label="Pages">${link('/', 'Shop')} ${link('/session', 'Session')} ${link('/devices', 'Your devices')} ${link('/break', 'Try to break it')}</nav>
      ${session.subject === null
        ? html`<span class="who">Not signed in</span>`
        : html`<form class="who" method="post" action="/sign-out"><span>Signed in as <strong>${session.subject}</strong></span> <button class="quiet">Sign out</button></form>`}
    </div>
  </header>
  <main id="main" tabindex="-1">
    ${flash && html`<p class="flash ${flash.kind}" role="status" tabindex="-1"${flash.isInPlace ? '' : html` autofocus`}>${flash.text}</p>`}
    ${content}
  </main>
  <footer>
    <form method="post" action="/backend">
      <label for="backend">Sessions live in</label>
      <select id="backend" name="backend">${choices.map(({ name, missing }) => choice(name, missing, backendName))}</select>
      <button class="quiet">Switch</button>
    </form>
    <p>This is a demo of <strong>fastsessions</strong>: <a href="/source/README.md">read me</a>, <a href="/source/docs/security.md">what it protects against</a>, <a href="/source/docs/backends.md">backends</a>.
      ${source && html`You are looking at <a href="/source/${source.file}#L${source.line}">${source.file.split('/').at(-1)}, line ${source.line}</a>.`}
      ${path === '/break' ? 'One small script runs here: it shows events as they happen.' : 'No script runs on this page.'}</p>
  </footer>`)
}

function choice (name, missing, chosen) {
  if (missing !== undefined) return html`<option disabled title="${missing}">${name} (not here)</option>`
  return html`<option${name === chosen ? html` selected` : ''}>${name}</option>`
}

/** A page without a session, or the frame of one that has it. */
export function document (title, body) {
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
  <a class="skip" href="#main">Skip to the content</a>${body}
</body>
</html>`
}
