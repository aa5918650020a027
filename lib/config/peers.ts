const LIFETIME = 'how long a session lives is `idleTimeout` and `absoluteTimeout`, in seconds, ' +
  'and `cookie.persistent` lets the cookie outlive the browser'
const ALWAYS = 'there is nothing to set: only sessions that changed are stored'
const IDS = 'ids are made by the plugin: 256 random bits'

/** What options of other session plugins are called here, to stand in messages. */
export const PEERS_OPTIONS: Readonly<Record<string, string>> = {
  store: 'a store is a `backend` here; `fromExpressStore(store)` makes one of any express-session store',
  ttl: LIFETIME,
  maxAge: LIFETIME,
  expiry: LIFETIME,
  expires: LIFETIME,
  'cookie.maxAge': LIFETIME,
  'cookie.expires': LIFETIME,
  key: 'a key is a `secret` here',
  keys: 'several keys are an array as `secret` here',
  password: 'a password is a `secret` here',
  salt: 'there is no salt: `secret` takes random bytes',
  name: 'the name of the cookie is `cookie.name`, that of the request\'s property is `property`',
  cookieName: 'the name of the cookie is `cookie.name`',
  sessionName: 'the name of the request\'s property is `property`',
  cookiePrefix: 'the value of the cookie has no prefix: cookies of express-session are not read',
  cookieOptions: 'the attributes of the cookie are `cookie` here',
  prefix: 'a prefix of keys is the option `prefix` of the backend',
  rolling: 'a use of the session extends it: `renewAfter` says how often that is stored, and `0` is each time',
  resave: ALWAYS,
  saveUninitialized: `${ALWAYS}, and an empty one never is`,
  genid: IDS,
  idGenerator: IDS,
  unset: '`await request.session.destroy()` ends a session',
  proxy: 'Fastify\'s own option `trustProxy` says whether a proxy is believed',
  'cookie.signed': 'cookies are sealed by the cookie backend, and are random text with any other backend'
}
