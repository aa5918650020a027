import { Agent, request } from 'node:http'

export interface HttpAnswer {
  /** 0 when the connection broke. */
  readonly status: number
  readonly body: any
  /** The value of the session cookie that the answer sets; empty when the answer clears the cookie. */
  readonly cookie: string | null
}

/** Longer than any answer may take. */
const PATIENCE_MS = 20_000
const agent = new Agent({ keepAlive: true })
const COOKIE = /^(?:sid|sessionId)=([^;]*)/

/** Sends a request over a kept connection. Never throws. */
export function send (method: string, port: number, path: string, token: string | null, payload: unknown = null): Promise<HttpAnswer> {
  const body = payload === null ? '' : JSON.stringify(payload)
  return new Promise(resolve => {
    const fail = (): void => { resolve({ status: 0, body: null, cookie: null }) }
    const outgoing = request({
      agent,
      method,
      port,
      host: '127.0.0.1',
      path,
      headers: {
        ...(token !== null && { cookie: `sid=${token}; sessionId=${token}; aid=${token}` }),
        ...(payload !== null && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
      }
    }, response => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', chunk => { text += chunk })
      response.on('error', fail)
      response.on('end', () => {
        const lines = (response.headers['set-cookie'] ?? []).map(line => COOKIE.exec(line)?.[1])
        resolve({ status: response.statusCode ?? 0, body: parsed(text), cookie: lines.find(value => value !== undefined) ?? null })
      })
    })
    outgoing.on('error', fail)
    outgoing.setTimeout(PATIENCE_MS, () => { outgoing.destroy() })
    outgoing.end(body)
  })
}

/**
 * Opens so many connections to a server, and waits until each was used. Node takes up one new connection each time it has done all
 * it can read: beside clients who never pause, the last of many new connections waits for seconds, which is not what is tried here.
 */
export async function openConnections (port: number, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => send('GET', port, '/', null)))
}

export function closeConnections (): void { agent.destroy() }

function parsed (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
