// @fastify/passport over @fastify/secure-session: sessions in the cookie, before and after.
import { EMPTIED, SAME_DATA } from './reasons.js'

const signIn = password => ['POST', '/sign-in', { username: 'ann', password }]

export const passport = {
  name: 'passport',
  title: 'Passport',
  library: '@fastify/passport',
  sessions: '@fastify/secure-session',
  // It takes the session that the application registers: nothing of its own changes.
  copied: [],
  patches: {
    'app.js': [
      [
        'import sessions from \'@fastify/secure-session\'\n',
        'import sessions from \'fastsessions\'\nimport { optionsFrom } from \'fastsessions/migrate\'\n'
      ],
      ['register(sessions, {\n', 'register(sessions, optionsFrom(\'@fastify/secure-session\', {\n'],
      ['sameSite: \'lax\' }\n  })\n', 'sameSite: \'lax\' }\n  }))\n']
    ]
  },
  walk: [
    { what: 'a page, signed out', go: ['GET', '/me'], status: 302, to: '/sign-in', cookie: 'none' },
    { what: 'a wrong password', go: signIn('wrong'), status: 302, to: '/sign-in', cookie: 'set' },
    { what: 'the form says so', status: 200, cookie: 'set', shows: 'Name or password is wrong' },
    { what: 'the form again', go: ['GET', '/sign-in'], status: 200, cookie: SAME_DATA, shows: '[]' },
    { what: 'sign-in', go: signIn('correct horse'), status: 302, to: '/me', cookie: 'set', signsIn: true },
    { what: 'the page', status: 200, cookie: 'none', shows: '"name":"ann"' },
    { what: 'a change', go: ['POST', '/colour', { colour: 'red' }], status: 302, to: '/me', cookie: 'set' },
    { what: 'the page, with it', status: 200, cookie: 'none', shows: '"colour":"red"' },
    { what: 'sign-out', go: ['POST', '/sign-out', {}], status: 302, to: '/sign-in', cookie: EMPTIED },
    { what: 'the page, signed out again', go: ['GET', '/me'], status: 302, to: '/sign-in', cookie: 'none' }
  ],
  pages: ['/me']
}
