import Fastify from 'fastify'
import sessions, { MemoryBackend } from 'fastsessions'
import mercurius from 'mercurius'

const schema = `
  type Query { me: String, basket: [String!]! }
  type Mutation { signIn(name: String!): String, add(product: String!): Int, signOut: Boolean }
  type Subscription { added: String }
`

const resolvers = {
  Query: {
    me: (root, args, { session }) => session.subject,
    basket: (root, args, { session }) => Object.keys(session.basket ?? {})
  },
  Mutation: {
    async signIn (root, { name }, { session }) {
      await session.login(name)
      return name
    },
    async add (root, { product }, { session, pubsub }) {
      session.basket ??= {}
      session.basket[product] = 1
      await pubsub.publish({ topic: session.id, payload: { added: product } })
      return Object.keys(session.basket).length
    },
    async signOut (root, args, { session }) {
      await session.destroy()
      return true
    }
  },
  Subscription: {
    added: { subscribe: (root, args, { session, pubsub }) => pubsub.subscribe(session.id) }
  }
}

export async function build () {
  const app = Fastify()
  await app.register(sessions, { backend: new MemoryBackend() })
  await app.register(mercurius, {
    schema,
    resolvers,
    context: ({ session }) => ({ session }),
    subscription: {
      context: async (socket, { headers }) => ({ session: await app.sessions.open(headers.cookie) })
    }
  })
  return app
}
