import { once } from 'node:events'
import { connect } from 'node:net'

const HEAD_END = '\r\n\r\n'
const TWO = 50

export const requestText = (path, cookie = '') => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${cookie === '' ? '' : `Cookie: ${cookie}\r\n`}\r\n`

/** A keep-alive connection with one request at a time, on a bare socket: what loads must cost less than what is measured. */
export class Connection {
  #socket
  #text = ''
  #usualBytes = 0
  #answered = null
  #failed = null
  #keepsText

  constructor (socket, keepsText) {
    this.#socket = socket
    this.#keepsText = keepsText
    socket.on('data', chunk => this.#take(chunk))
    socket.on('error', error => this.#failed?.(error))
    socket.on('close', () => this.#failed?.(new Error('The server closed the connection')))
  }

  static async open (port, { keepsText = false } = {}) {
    const socket = connect(port, '127.0.0.1').setNoDelay(true)
    await once(socket, 'connect')
    return new Connection(socket, keepsText)
  }

  /** Calls `answered(bytes, text)`, where the text is there only if the connection keeps it. */
  send (text, answered, failed) {
    this.#answered = answered
    this.#failed = failed
    this.#socket.write(text, 'latin1')
  }

  request (path, cookie) {
    return new Promise((resolve, reject) => { this.send(requestText(path, cookie), (_bytes, text) => resolve(text), reject) })
  }

  close () {
    this.#failed = null
    this.#socket.destroy()
  }

  #take (chunk) {
    // Answers of one case are of one length nearly always; then nothing is parsed.
    if (!this.#keepsText && this.#text === '' && chunk.length === this.#usualBytes && chunk[9] === TWO) return this.#answered(chunk.length)
    this.#text += chunk.latin1Slice()
    const bytes = answerBytes(this.#text)
    if (bytes === -1) return
    const text = this.#text
    this.#text = ''
    if (!text.startsWith('HTTP/1.1 2') || text.length !== bytes) return this.#failed(new Error(`unexpected answer: ${text.slice(0, 300)}`))
    this.#usualBytes = bytes
    this.#answered(bytes, this.#keepsText ? text : undefined)
  }
}

function answerBytes (text) {
  const head = text.indexOf(HEAD_END)
  if (head === -1) return -1
  const length = Number(/content-length: (\d+)/i.exec(text.slice(0, head))?.[1] ?? 0)
  const end = head + HEAD_END.length + length
  return text.length >= end ? end : -1
}

export const bodyOf = text => text.slice(text.indexOf(HEAD_END) + HEAD_END.length)

/** The cookies that an answer sets, as a browser would send them back. */
export function cookiesOf (text) {
  const head = text.slice(0, text.indexOf(HEAD_END))
  return [...head.matchAll(/^set-cookie: ([^;\r\n]+)/gim)].map(([, pair]) => pair)
}
