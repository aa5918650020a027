import awsLambdaFastify from '@fastify/aws-lambda'
import Fastify from 'fastify'
import sessions from 'fastsessions'

const app = Fastify()
await app.register(sessions, { secret: process.env.SESSION_SECRET })

app.post('/sign-in/:name', async (request, reply) => {
  await request.session.login(request.params.name)
  reply.setCookie('theme', 'dark', { path: '/' })
})
app.get('/me', { config: { session: { required: 'subject' } } }, async request => request.session.subject)

export const handler = awsLambdaFastify(app)
await app.ready()
