import { Connection } from './connection.js'

export const CONNECTIONS = 32

/** Requests on each connection that are not counted: processors forget who has waited. */
const WARM_UP = 32

/** Opens connections and warms them up. */
export async function openAll (port, requestOf, connections = CONNECTIONS) {
  const keepsText = requestOf.heard !== undefined
  const opened = await Promise.all(Array.from({ length: connections }, () => Connection.open(port, { keepsText })))
  for (let nth = 0; nth < WARM_UP; nth++) await Promise.all(opened.map((connection, index) => once(connection, index, nth)))
  return opened

  function once (connection, index, nth) {
    return new Promise((resolve, reject) => {
      const answered = (_bytes, text) => {
        requestOf.heard?.(index, text)
        resolve()
      }
      connection.send(requestOf(index, nth), answered, reject)
    })
  }
}

/**
 * Sends `count` requests, one at a time on each connection. `requestOf(index, nth)` is the text of the nth request on a
 * connection; `requestOf.heard(index, answer)`, where it is there, is told of each answer. Throws unless all are answered with success.
 */
export async function load (opened, requestOf, count) {
  const latencies = new Float64Array(count)
  const totals = { sent: 0, done: 0, bytesUp: 0, bytesDown: 0 }
  const start = performance.now()
  await Promise.all(opened.map((connection, index) => drive(connection, index)))
  const seconds = (performance.now() - start) / 1_000
  latencies.sort()
  const at = share => latencies[Math.min(count - 1, Math.floor(count * share))]
  return { count, seconds, p50: at(0.5), p99: at(0.99), bytesUp: totals.bytesUp / count, bytesDown: totals.bytesDown / count }

  function drive (connection, index) {
    return new Promise((resolve, reject) => {
      let nth = 0
      let sentAt
      next()

      function next () {
        if (totals.sent >= count) return resolve()
        totals.sent++
        const text = requestOf(index, nth++)
        totals.bytesUp += text.length
        sentAt = performance.now()
        connection.send(text, answered, reject)
      }

      function answered (bytes, text) {
        latencies[totals.done++] = (performance.now() - sentAt) * 1_000
        totals.bytesDown += bytes
        requestOf.heard?.(index, text)
        next()
      }
    })
  }
}
