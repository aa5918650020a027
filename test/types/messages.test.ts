import { readFileSync } from 'node:fs'
import t from 'tap'
import { typeErrors } from '../helpers/typechecker.ts'

/** The messages of statements in a handler, by the line of the statement. */
function messagesOf (statements: readonly string[], declarations = ''): string[] {
  const program = [
    `import Fastify from 'fastify'; import type {} from 'fastsessions'; ${declarations} const app = Fastify(); app.get('/', async request => {`,
    ...statements,
    '})'
  ].join('\n')
  return typeErrors({ 'application.mts': program })
}

const SHOP = 'declare module \'fastsessions\' { interface SessionData { visits: number, nick?: string } }'

t.test('what the compiler says of a wrong call ends with the form that gives a promise, and not with the form with a callback', async t => {
  const messages = messagesOf([
    'await request.session.regenerate([\'nobody\'])',
    'await request.session.login(\'1\', { nobody: 1 })',
    'await request.session.save(1)'
  ], SHOP)
  t.match(messages.map(message => message.split(/^ *(?=Overload)/m).at(-1)), [
    /: Promise<void>.*\n.*'"nobody"' is not assignable to type 'keyof SessionData'/,
    /: Promise<void>.*\n.*'nobody' does not exist in type '\{ visits\?: number \| undefined/,
    /^application\.mts:4: /
  ])
  t.equal(messages.length, 3)
})

t.test('a property of a session without a declared payload is an error that names the remedy', async t => {
  const [message, ...rest] = messagesOf(['request.session.visits = 1', 'request.session.set(\'visits\', 1).get(\'visits\')'])
  t.equal(message, 'application.mts:2: Property \'visits\' does not exist on type \'Augment_the_interface_SessionData_of_fastsessions\'.')
  t.strictSame(rest, [])
})

t.test('a key takes undefined as a property as by set(), also with exactOptionalPropertyTypes', async t => {
  t.strictSame(messagesOf([
    'request.session.nick = undefined; request.session.set(\'nick\', undefined); request.session.update({ nick: undefined })',
    'await request.session.login(\'1\', { nick: undefined }); await request.session.transaction(data => { data.nick = undefined })',
    'await app.sessions.create({ nick: undefined })'
  ], SHOP), [])
})

t.test('a wrong option of a route is explained by what the option may be', async t => {
  const messages = messagesOf([
    'app.get(\'/a\', { config: { session: { required: \'user\' } } }, async () => 1)',
    'app.get(\'/b\', { config: { session: { onUnavailable: \'empty\' } } }, async () => 1)',
    'app.get(\'/c\', { config: { session: true } }, async () => 1); app.get(\'/d\', { config: { session: false } }, async () => 1)'
  ])
  t.match(messages, [
    /^application\.mts:2: Type '"user"' is not assignable to type 'Expected_true_false_or_subject & "user"'/,
    /^application\.mts:3: Type '"empty"' is not assignable to type 'Expected_error_or_anonymous & "empty"'/
  ])
  t.equal(messages.length, 2)
})

t.test('what the guide declares for a second session types its request, its routes and its administration', async t => {
  const guide = readFileSync(new URL('../../docs/guides/two-sessions.md', import.meta.url), 'utf8')
  const [, declarations] = /```ts check\n([^]*?)```/.exec(guide)!
  const program = [
    'declare module \'fastsessions\' { interface SessionData { basket: string[], user: { name: string } } }',
    declarations,
    'import Fastify from \'fastify\'; import sessions from \'fastsessions\'; const app = Fastify()',
    'app.register(sessions); app.register(sessions, { property: \'admin\', cookie: { path: \'/admin\' } })',
    'app.get(\'/\', async ({ session, admin }) => [session.basket?.length, session.user?.name, admin.role])',
    'app.get(\'/admin\', { config: { session: false, admin: { required: \'subject\' } } }, async ({ admin }) => admin.login(\'1\', { role: \'editor\' }))',
    'app.admins.create({ role: \'editor\' }).then(({ id }) => app.admins.get(id)).then(found => found?.data.role)'
  ]
  t.strictSame(typeErrors({ 'application.mts': program.join('\n') }), [])
  const wrong = [
    'app.get(\'/\', { config: { admin: { required: \'user\' } } }, async ({ admin }) => admin.id)',
    'app.admins.create({ role: \'stranger\' })'
  ]
  t.match(typeErrors({ 'application.mts': [...program, ...wrong].join('\n') }), [/Expected_true_false_or_subject/, /'"stranger"' is not assignable/])
})
