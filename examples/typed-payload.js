// A schema that checks the payload whenever it is saved, and gives it its type: node examples/typed-payload.js
// In TypeScript, one more line types request.session:
//   declare module 'fastsessions' { interface SessionData extends Static<typeof payload> {} }
import Fastify from 'fastify'
import sessions, { MemoryBackend } from 'fastsessions'
import { Type } from 'typebox'

const payload = Type.Object({
  theme: Type.Optional(Type.Union([Type.Literal('light'), Type.Literal('dark')])),
  basket: Type.Optional(Type.Array(Type.Object({ sku: Type.String(), count: Type.Integer({ minimum: 1 }) })))
}, { additionalProperties: false })

const app = Fastify()
await app.register(sessions, { backend: new MemoryBackend(), schema: payload, cookie: { secure: 'auto' } })

app.get('/theme/:theme', async request => {
  request.session.theme = request.params.theme
  // Throws SessionValidationError for a theme that is not one, before anything is stored.
  await request.session.save()
  return request.session
})

console.log(await app.listen({ port: Number(process.env.PORT ?? 3000), host: 'localhost' }))
