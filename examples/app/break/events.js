import { subscribe, unsubscribe } from 'node:diagnostics_channel'

const KEPT_EVENTS = 20

/** Remembers the latest events, and tells listeners of each. Events hold no data and no token. */
export function watchEvents (property) {
  const latest = []
  const listeners = new Set()
  subscribe('fastsessions', note)
  return {
    latest,
    listen (listener) {
      listeners.add(listener)
      return () => { listeners.delete(listener) }
    },
    close () { unsubscribe('fastsessions', note) }
  }

  function note (event) {
    if (event.property !== property) return
    const line = { at: new Date().toISOString().slice(11, 23), type: event.type, reason: event.reason, id: event.id?.slice(0, 8) ?? null, path: event.path?.join('.') ?? null }
    latest.unshift(line)
    latest.length = Math.min(latest.length, KEPT_EVENTS)
    for (const listener of listeners) listener(line)
  }
}

/** One line of text, the same on the page and in the stream. */
export function textOf ({ at, type, reason, id, path }) {
  return [at, type, reason && `(${reason})`, path, id && `session ${id}…`].filter(Boolean).join(' ')
}
