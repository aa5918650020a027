import { type Static, Type, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify from 'fastify'
import sessions, { MemoryBackend } from 'fastsessions'

const Basket = Type.Object({
  products: Type.Optional(Type.Record(Type.String(), Type.Integer({ minimum: 1 })))
}, { additionalProperties: false })

declare module 'fastsessions' {
  interface SessionData extends Static<typeof Basket> {}
}

export async function build () {
  const app = Fastify().withTypeProvider<TypeBoxTypeProvider>()
  await app.register(sessions, { backend: new MemoryBackend(), schema: Basket })

  app.put('/basket/:product', {
    schema: {
      params: Type.Object({ product: Type.String() }),
      body: Type.Object({ amount: Type.Integer() }),
      response: { 200: Type.Record(Type.String(), Type.Integer()) }
    }
  }, async ({ session, params, body }) => {
    session.products ??= {}
    // Both sides have the types of their schemas.
    session.products[params.product] = body.amount
    return session.products
  })
  return app
}
