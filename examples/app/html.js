/** Text that is HTML already. */
class Markup {
  constructor (text) { this.text = text }
  toString () { return this.text }
}

const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&#39;' }

function escape (value) {
  if (value instanceof Markup) return value.text
  if (Array.isArray(value)) return value.map(escape).join('')
  if (value === null || value === undefined || value === false) return ''
  return String(value).replace(/[&<>"']/g, character => ENTITIES[character])
}

/** A template tag: every value is escaped, unless it was made here. */
export function html (strings, ...values) {
  return markup(String.raw({ raw: strings }, ...values.map(escape)))
}

/** For text of this program alone, such as a drawing: nothing is escaped. */
export function markup (text) {
  return new Markup(text)
}
