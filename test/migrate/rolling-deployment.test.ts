import Fastify from 'fastify'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { CookieBackend, sessions } from '../../lib/index.ts'
import { RedisBackend } from '../../lib/redis.ts'
import type { SessionBackend } from '../../types/index.d.ts'
import { loose, SECRET } from '../helpers/app.ts'
import { Address, User } from '../helpers/deployment.ts'
import { act, type Node, OLD_APPLICATIONS, type OldApplication } from '../helpers/old-applications.ts'
import { newPrefix, sharedRedis } from '../helpers/redis.ts'
import { seededRandom } from '../helpers/seeded-random.ts'

const USERS = 20
const ROUNDS = 2
const OURS = '__Host-session'
/** Libraries whose cookie is the session, and another text with each write. */
const SEALED = ['@fastify/secure-session', 'iron-session']

const backends: Record<string, (t: Test) => Promise<() => SessionBackend>> = {
  async redis (t) {
    const [redis, prefix] = [await sharedRedis(t), newPrefix()]
    return () => new RedisBackend(redis, { prefix })
  },
  cookie: async () => () => new CookieBackend()
}

/** The application after the move, which extends a session at each use. */
async function startNew (old: OldApplication, backend: SessionBackend, { clear = false, clearsTheirs = false } = {}): Promise<Node> {
  const app = Fastify()
  await app.register(sessions, { secret: SECRET, backend, renewAfter: 0, migrateFrom: [old.reader({ clear })] })
  app.get('/*', async (request, reply) => {
    const session = loose(request)
    const answer = act('new', request.url, session)
    if (answer === null) await session.destroy()
    if (answer === null && clearsTheirs) reply.header('set-cookie', `${old.cookieName}=; Max-Age=0; Path=/`)
    return answer ?? {}
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { port: (app.server.address() as AddressInfo).port, close: () => app.close() }
}

/** An old node, new ones on one store, one address in front of them, and users who have signed in at the old one. */
async function deployment (t: Test, name: string, kind: string, users = USERS) {
  const old = await OLD_APPLICATIONS[name]!(t)
  const newBackend = await backends[kind]!(t)
  const address = await new Address().open(t)
  const nodes: Node[] = []
  t.teardown(() => Promise.all(nodes.map(node => node.close())))
  const started = async (node: Promise<Node>): Promise<Node> => {
    nodes.push(await node)
    return await node
  }
  const oldNode = await started(old.start())
  const startNode = (options = {}): Promise<Node> => started(startNew(old, newBackend(), options))
  address.nodes = [oldNode]
  const all = Array.from({ length: users }, (_, n) => new User(t, address, `user ${n}`))
  for (const user of all) await user.visit(`/sign-in?user=${encodeURIComponent(user.name)}`)
  return { old, oldNode, startNode, address, users: all }
}

/** Each user sends requests, one after the other. Answers with what was not as it had to be. */
async function browse (users: readonly User[], rounds = ROUNDS): Promise<string[]> {
  const wrong: string[] = []
  const check = async (user: User, path: string): Promise<void> => {
    const { by, user: name, written } = await user.visit(path)
    if (path === '/write') user.written[by]++
    if (name !== user.name) wrong.push(`${user.name} is ${name} at the ${by} node`)
    if (written !== user.written[by]) wrong.push(`${written} writes of the ${by} node are there, and not ${user.written[by]}`)
  }
  await Promise.all(users.map(async user => {
    for (let round = 0; round < rounds; round++) {
      await check(user, '/read')
      await check(user, '/write')
      await Promise.all(['/read', '/read'].map(path => check(user, path)))
    }
  }))
  return wrong
}

/** Another browser with the same cookies. */
function copyOf (t: Test, user: User, address: Address): User {
  const copy = new User(t, address, user.name)
  for (const [name, value] of user.cookies) copy.cookies.set(name, value)
  return copy
}

let alternated = 0

for (const name of Object.keys(OLD_APPLICATIONS)) {
  for (const kind of Object.keys(backends)) {
    t.test(`${name} to ${kind}: nobody is signed out, whichever node serves, before and after clear: true`, async t => {
      const { old, oldNode, startNode, address, users } = await deployment(t, name, kind)
      const seed = Math.floor(Math.random() * 1e6)
      const late = users.slice(-5)
      const early = users.slice(0, -5)
      const hasTheirs = ({ cookies }: User): boolean => cookies.has(old.cookieName)
      t.strictSame(await browse(users, 1), [], 'only the old node')

      const before = address.requests
      const first = await startNode()
      address.nodes = [oldNode, first]
      t.strictSame(await browse(early), [], 'in turn')
      address.choose = ((random = seededRandom(seed)) => (count: number) => Math.floor(random() * count))()
      t.strictSame(await browse(early), [], `at random, seed ${seed}`)
      const second = await startNode()
      address.nodes = [oldNode, second]
      await first.close()
      t.strictSame(await browse(early), [], `after a restart, seed ${seed}`)
      t.ok(early.every(user => hasTheirs(user) && user.cookies.has(OURS)), 'both cookies stay')
      alternated += address.requests - before

      const here = new User(t, address, 'signed in at the new node')
      const there = new User(t, address, 'signed in at the old node')
      await here.visit(`/sign-in?user=${encodeURIComponent(here.name)}`, second.port)
      await there.visit(`/sign-in?user=${encodeURIComponent(there.name)}`, oldNode.port)
      t.match(await here.visit('/read', oldNode.port), { by: 'old', user: null }, 'no old node knows a session that began here')
      t.match(await here.visit('/read', second.port), { by: 'new', user: here.name })
      t.strictSame(await browse([there]), [], 'and every node one that began there')

      address.nodes = [second]
      t.strictSame(await browse([...early, there], 1), [], 'only the new node')
      const copies = early.map(user => copyOf(t, user, address))
      address.nodes = [await startNode({ clear: true })]
      t.strictSame(await browse([...users, there], 1), [], 'with clear: true')
      t.notOk(late.some(hasTheirs), 'their cookie goes with the first answer that sets ours')

      for (const user of users) await user.visit('/sign-out')
      for (const user of users) t.match([await user.visit('/read'), user.cookies.size], [{ user: null }, 0])
      if (kind === 'redis') {
        for (const copy of copies) t.match(await copy.visit('/read'), { user: null }, 'what has ended does not come back by an old cookie')
      }
    })
  }

  t.test(`${name}: while old nodes run a sign-out reaches those of its own side, and all where it clears both cookies`, async t => {
    const { oldNode, startNode, users: [half, whole, other, busy] } = await deployment(t, name, 'redis', 4)
    const node = await startNode()
    const thorough = await startNode({ clearsTheirs: true })
    for (const user of [half!, whole!, other!]) await user.visit('/read', node.port)

    await half!.visit('/sign-out', node.port)
    t.match(await half!.visit('/read', node.port), { user: null }, 'the session is not taken over again')
    t.match(await half!.visit('/read', oldNode.port), { user: half!.name }, 'the old node knows nothing of it')

    await other!.visit('/sign-out', oldNode.port)
    t.match(await other!.visit('/read', oldNode.port), { user: null })
    t.match(await other!.visit('/read', node.port), { user: other!.name }, 'the new node has it for its own')
    await other!.visit('/sign-in?user=another', oldNode.port)
    t.match(await other!.visit('/read', node.port), { user: other!.name }, 'and our cookie comes first')
    other!.cookies.delete(OURS)
    for (const { port } of [oldNode, node]) {
      t.match(await other!.visit('/read', port), { user: 'another' }, 'unless the sign-in has cleared it')
    }

    await whole!.visit('/sign-out', thorough.port)
    for (const { port } of [oldNode, node]) t.match(await whole!.visit('/read', port), { user: null })

    for (const { port } of [node, oldNode]) await busy!.visit('/write', port)
    await busy!.visit('/sign-out', node.port)
    const again = SEALED.includes(name) ? busy!.name : null
    t.match(await busy!.visit('/read', node.port), { user: again }, 'a cookie that was sealed anew is another one, and comes in')
    await busy!.visit('/sign-out', thorough.port)
    for (const { port } of [oldNode, node]) t.match(await busy!.visit('/read', port), { user: null })
  })
}

t.test('requests enough were alternated', async t => {
  t.comment(`${alternated} requests over old and new nodes, and nobody was signed out`)
  t.ok(alternated > 2_500)
})
