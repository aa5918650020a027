// fastify-keycloak-adapter: pages behind Keycloak. It registers @fastify/session and grant, and keeps tokens and user in the session.
import { EMPTY, ENDED, SAME_ID, UNCHANGED } from './reasons.js'

const adapter = 'node_modules/fastify-keycloak-adapter/dist/keycloak.js'

export const keycloak = {
  name: 'keycloak',
  title: 'Keycloak adapter',
  library: 'fastify-keycloak-adapter',
  sessions: '@fastify/session',
  copied: ['fastify-keycloak-adapter'],
  patches: {
    [adapter]: [
      [
        'const session_1 = __importDefault(require("@fastify/session"));\n',
        'const session_1 = __importDefault(require("fastsessions"));\nconst { optionsFrom } = require("fastsessions/migrate");\n'
      ],
      ['register(session_1.default, {\n', 'register(session_1.default, optionsFrom("@fastify/session", {\n'],
      ['cookie: { secure: false }\n            });\n', 'cookie: { secure: false }\n            }));\n'],
      // Its sign-out answers in the callback of destroy(), without telling Fastify to wait. The memory of @fastify/session calls back
      // at once; stores on a server, and fastsessions, do not.
      ['            logout(request, reply);\n        }));\n', '            logout(request, reply);\n        }));\n        return reply;\n']
    ]
  },
  walk: [
    { what: 'a page, signed out', go: ['GET', '/basket'], status: 302, to: '/connect/keycloak', cookie: EMPTY },
    { what: 'off to the provider', status: 302, to: '/realms/shop/authorize', cookie: 'set' },
    { what: 'the provider', status: 302, to: '/connect/keycloak/callback', cookie: 'none' },
    { what: 'sign-in', status: 302, to: '/', cookie: SAME_ID, signsIn: true },
    { what: 'the first page', status: 200, cookie: UNCHANGED, shows: '"name":"Ann"' },
    { what: 'a change', go: ['POST', '/basket', { item: 'tea' }], status: 200, cookie: SAME_ID },
    { what: 'a page, with it', go: ['GET', '/basket'], status: 200, cookie: UNCHANGED, shows: '["tea"]' },
    { what: 'sign-out', go: ['GET', '/logout'], status: 302, to: '/realms/shop/logout', cookie: ENDED, signsOut: true },
    { what: 'the page, with the old cookie', go: ['GET', '/basket'], status: 302, to: '/connect/keycloak', cookie: EMPTY, replays: true }
  ],
  pages: ['/basket']
}
