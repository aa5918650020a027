import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import t from 'tap'
import { destroyPayload, ignoreStreamErrors, isClosed, unwrapResponse } from '../../lib/http/body.ts'
import { settled } from '../helpers/gate.ts'

t.test('a stream that fails while it is ended, or held, does not end the process', async t => {
  const failing = () => new Readable({ read () {}, destroy (_error, done) { done(new Error('at the end')) } })
  const [ended, held] = [failing(), failing()]
  destroyPayload(ended)
  const release = ignoreStreamErrors(held)
  held.destroy()
  await settled()
  t.ok(ended.destroyed)
  release()
  await settled()
  t.equal(held.listenerCount('error'), 0)
})

t.test('a reply is closed when its response is, or its stream of HTTP/2', async t => {
  const closed = (raw: object) => isClosed({ raw } as FastifyReply)
  t.strictSame([
    closed({ destroyed: false }), closed({ destroyed: true }), closed({ stream: { destroyed: false } }), closed({ stream: { destroyed: true } }),
    closed({ destroyed: true, stream: { destroyed: false } })
  ], [false, true, false, true, true])
})

t.test('only a Response that can be sent is unwrapped', async t => {
  const codes: number[] = []
  const reply = { code (status: number) { codes.push(status) }, header () {} } as unknown as FastifyReply
  const used = new Response('x')
  await used.text()
  for (const payload of [null, undefined, 'text', {}, Response.error(), used]) t.equal(unwrapResponse(reply, payload), undefined)
  t.strictSame(codes, [])
  t.equal(unwrapResponse(reply, new Response(null, { status: 204 })), null)
  t.strictSame(codes, [204])
})
