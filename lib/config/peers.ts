/** The pages for who comes from another plugin, in the package as well as in the repository. */
const GUIDES = {
  any: 'docs/guides/moving-in.md',
  session: 'docs/guides/from-fastify-session.md',
  secure: 'docs/guides/from-secure-session.md',
  express: 'docs/guides/from-express-session.md',
  iron: 'docs/guides/from-iron-session.md'
} as const

const LIFETIME = 'how long a session lives is `idleTimeout` and `absoluteTimeout`, in seconds, ' +
  'and `cookie.persistent` lets the cookie outlive the browser'
const ALWAYS = 'there is nothing to set: only sessions that changed are stored'
const IDS = 'ids are made by the plugin: 256 random bits'

/** What an option is called here, and the page of the plugin which has the option. */
const HINTS: Readonly<Record<string, readonly [text: string, guide: keyof typeof GUIDES]>> = {
  store: ['a store is a `backend` here; `fromExpressStore(store)` makes one of any express-session store', 'session'],
  ttl: [LIFETIME, 'iron'],
  maxAge: [LIFETIME, 'any'],
  expiry: [LIFETIME, 'secure'],
  expires: [LIFETIME, 'any'],
  'cookie.maxAge': [LIFETIME, 'session'],
  'cookie.expires': [LIFETIME, 'session'],
  key: ['a key is a `secret` here', 'secure'],
  keys: ['several keys are an array as `secret` here', 'any'],
  password: ['a password is a `secret` here', 'iron'],
  salt: ['there is no salt: `secret` takes random bytes', 'secure'],
  name: ['the name of the cookie is `cookie.name`, that of the request\'s property is `property`', 'express'],
  cookieName: ['the name of the cookie is `cookie.name`', 'session'],
  sessionName: ['the name of the request\'s property is `property`', 'secure'],
  cookiePrefix: ['a token has no prefix; `migrateFrom` reads cookies that have one', 'session'],
  cookieOptions: ['the attributes of the cookie are `cookie` here', 'iron'],
  prefix: ['a prefix of keys is the option `prefix` of the backend', 'any'],
  rolling: ['a use of the session extends it: `renewAfter` says how often that is stored, and `0` is each time', 'session'],
  resave: [ALWAYS, 'express'],
  saveUninitialized: [`${ALWAYS}, and an empty one never is`, 'session'],
  genid: [IDS, 'express'],
  idGenerator: [IDS, 'session'],
  unset: ['`await request.session.destroy()` ends a session', 'express'],
  proxy: ['Fastify\'s own option `trustProxy` says whether a proxy is believed', 'express'],
  'cookie.signed': ['cookies are sealed by the cookie backend, and are random text with any other backend', 'secure']
}

/** What options of other session plugins are called here, to stand in messages. */
export const PEERS_OPTIONS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(HINTS).map(([option, [text, guide]]) => [option, `${text} (${GUIDES[guide]})`])
)
