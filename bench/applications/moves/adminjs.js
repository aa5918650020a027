// AdminJS: an admin panel whose router registers @fastify/session, with the options that its users give.
import { ENDED, UNCHANGED } from './reasons.js'

const router = 'node_modules/@adminjs/fastify/lib/buildAuthenticatedRouter.js'
const page = '/admin/pages/notes'
const email = 'ann@shop.example'
const signIn = password => ['POST', '/admin/login', { email, password }]
const change = ['POST', '/refresh-token', { token: 'second' }]

export const adminjs = {
  name: 'adminjs',
  title: 'AdminJS',
  library: '@adminjs/fastify',
  sessions: '@fastify/session',
  // Its peer dependency, AdminJS itself, is shared by both copies: it does not know of sessions.
  copied: ['@adminjs/fastify'],
  patches: {
    [router]: [
      [
        'import FastifySessionPlugin from \'@fastify/session\';\n',
        'import FastifySessionPlugin from \'fastsessions\';\nimport { optionsFrom } from \'fastsessions/migrate\';\n'
      ],
      ['register(FastifySessionPlugin, {\n', 'register(FastifySessionPlugin, optionsFrom(\'@fastify/session\', {\n'],
      ['        ...(sessionOptions ?? {}),\n    });\n', '        ...(sessionOptions ?? {}),\n    }));\n']
    ]
  },
  walk: [
    { what: 'a page, signed out', go: ['GET', page], status: 302, to: '/admin/login', cookie: 'set' },
    { what: 'the form', go: ['GET', '/admin/login'], status: 200, cookie: UNCHANGED },
    { what: 'a wrong password', go: signIn('wrong'), status: 200, cookie: UNCHANGED },
    { what: 'sign-in, and back to the page', go: signIn('correct horse'), status: 302, to: page, cookie: 'set', signsIn: true },
    { what: 'the page', go: ['GET', page], status: 200, cookie: UNCHANGED, shows: email },
    { what: 'its data', go: ['GET', '/admin/api/pages/notes'], status: 200, cookie: UNCHANGED },
    { what: 'a change: a new token in the session', go: change, status: 200, cookie: 'set', shows: '"token":"second"' },
    { what: 'the page, with it', go: ['GET', page], status: 200, cookie: UNCHANGED, shows: 'second' },
    { what: 'sign-out', go: ['GET', '/admin/logout'], status: 302, to: '/admin/login', cookie: ENDED, signsOut: true },
    { what: 'the page, with the old cookie', go: ['GET', page], status: 302, to: '/admin/login', cookie: 'set', replays: true }
  ],
  pages: [page, '/admin/api/pages/notes']
}
