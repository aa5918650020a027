import { catalogue, euros, productOf } from '../catalogue.js'
import { html } from '../html.js'
import { picture } from '../pictures.js'
import { layout } from './layout.js'

export function homePage (view) {
  const { session } = view
  const lines = linesOf(session.basket ?? {})
  return layout({ ...view, title: 'Shop' }, html`
    <h1>${session.subject === null ? 'Fresh today' : `Fresh today, ${session.subject}`}</h1>
    <div class="columns">
      <section aria-labelledby="products">
        <h2 id="products">Products</h2>
        <ul class="products">${catalogue.map(productCard)}</ul>
      </section>
      <aside>
        ${basketCard(lines)}
        ${session.subject === null ? signInCard() : ''}
      </aside>
    </div>
    ${lines.length > 0 && html`<p class="sum"><a href="#basket">Basket: ${count(lines)}, ${euros(total(lines))}</a></p>`}`)
}

function productCard ({ id, name, price, unit }) {
  return html`<li class="card product" id="${id}">
    ${picture(id)}
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

function linesOf (basket) {
  return Object.entries(basket).map(([id, count]) => ({ ...productOf(id), count })).filter(line => line.name)
}

const total = lines => lines.reduce((sum, { price, count }) => sum + price * count, 0)

function count (lines) {
  const things = lines.reduce((sum, { count }) => sum + count, 0)
  return things === 1 ? '1 thing' : `${things} things`
}

function basketCard (lines) {
  return html`<section class="card" id="basket" aria-labelledby="basket-title">
    <h2 id="basket-title">Your basket</h2>
    ${lines.length === 0
      ? html`<p class="muted">It is empty. Nothing is stored about you until you put something in.</p>`
      : html`<ul class="lines">${lines.map(({ id, name, price, count }) => html`<li>
          <span>${name} <span class="muted">×\u00a0${count}</span></span>
          <span>${euros(price * count)}</span>
          ${basketButton('remove', id, 'Remove', `Remove one ${name}`)}</li>`)}</ul>
        <p class="total"><span>Total</span> <strong>${euros(total(lines))}</strong></p>`}
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
