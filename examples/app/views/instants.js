import { html } from '../html.js'

/** An instant as text, and how long ago it was or how soon it comes. */
export function time (date, now) {
  return html`<time datetime="${date.toISOString()}">${date.toISOString().replace('T', ' ').slice(0, 19)} UTC</time> (${ago(date, now)})`
}

export function ago (date, now) {
  const minutes = Math.round((date.getTime() - now) / 60_000)
  const [amount, unit] = Math.abs(minutes) < 120 ? [minutes, 'minute'] : Math.abs(minutes) < 2880 ? [Math.round(minutes / 60), 'hour'] : [Math.round(minutes / 1440), 'day']
  return new Intl.RelativeTimeFormat('en', { numeric: 'auto' }).format(amount, unit)
}
