import { connect } from 'node:net'

const CONNECTIONS = 16

/** Sends `count` requests over keep-alive connections, one at a time on each. Throws unless all are answered with 200. */
export async function load (port, path, cookie, count) {
  const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${cookie ? `Cookie: ${cookie}\r\n` : ''}\r\n`
  const each = Math.ceil(count / CONNECTIONS)
  await Promise.all(Array.from({ length: CONNECTIONS }, () => drive(port, request, each)))
  return each * CONNECTIONS
}

function drive (port, request, count) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1').setEncoding('latin1').setNoDelay(true)
    let left = count
    let text = ''
    socket.on('error', reject)
    socket.on('connect', () => socket.write(request))
    socket.on('data', chunk => {
      text += chunk
      const end = answerEnd(text)
      if (end === -1) return
      if (!text.startsWith('HTTP/1.1 200')) return reject(new Error(`unexpected answer: ${text.slice(0, 200)}`))
      text = text.slice(end)
      if (--left > 0) return socket.write(request)
      socket.end()
      resolve()
    })
  })
}

function answerEnd (text) {
  const head = text.indexOf('\r\n\r\n')
  if (head === -1) return -1
  const length = Number(/content-length: (\d+)/i.exec(text.slice(0, head))?.[1])
  return text.length >= head + 4 + length ? head + 4 + length : -1
}
