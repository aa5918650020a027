// What is tried here. The table in docs/integrations.md is made from this list and from package-lock.json.

/** Each has a test of its name: what was tried, and what an application should know. */
export const integrations = [
  {
    name: 'passport',
    packages: ['@fastify/passport', 'passport-local', 'passport-oauth2'],
    tried: 'two strategies in one application: a form, and an OAuth 2 provider with `state` and PKCE',
    know: 'call `session.login(user.id)` after the sign-in ([guide](guides/passport.md)); `sameSite: \'strict\'` breaks OAuth'
  },
  {
    name: 'flash',
    packages: ['@fastify/flash'],
    tried: 'a message over a redirect, shown once',
    know: 'a message makes a session for a stranger'
  },
  {
    name: 'csrf-protection',
    packages: ['@fastify/csrf-protection'],
    tried: 'each `sessionPlugin`, a token of another session, a token from before the sign-in',
    know: '`sessionPlugin: \'@fastify/session\'`. With `\'@fastify/secure-session\'`, `generateCsrf()` must get no options: ' +
      'it would call `session.options()`, which only that package has'
  },
  {
    name: 'websocket',
    packages: ['@fastify/websocket', 'ws'],
    tried: '401 before a socket opens, saving from a socket, a logout elsewhere',
    know: '[guide](guides/websockets.md)'
  },
  {
    name: 'autoload',
    packages: ['@fastify/autoload'],
    tried: 'sessions as a file of `plugins/`, routes and autohooks in folders',
    know: '`export default` the plugin itself and `autoConfig` the options, so that its decorators reach all folders'
  },
  {
    name: 'rate-limit',
    packages: ['@fastify/rate-limit'],
    tried: 'limits by session for who is signed in, by address for who is not; a 429 sets no cookie',
    know: 'register it after fastsessions. Count strangers by address: a new session costs them nothing'
  },
  {
    name: 'helmet',
    packages: ['@fastify/helmet'],
    tried: 'its headers beside ours, also on a 401',
    know: 'register it before fastsessions, whose 401 would go out without its headers'
  },
  {
    name: 'http-proxy',
    packages: ['@fastify/http-proxy'],
    tried: 'our cookie once beside those of the upstream, Vary merged, 401 before the upstream is asked, upgrades too',
    know: 'the upstream gets the session\'s cookie, unless `rewriteRequestHeaders` takes it out; `required` goes into `config`'
  },
  {
    name: 'compress',
    packages: ['@fastify/compress'],
    tried: 'texts and streams whole, one cookie, Vary merged',
    know: ''
  },
  {
    name: 'static',
    packages: ['@fastify/static'],
    tried: 'no cookie and no Vary on files, 304, ranges; files for signed-in users only',
    know: 'for private files set `cacheControl: false`, or their `public, max-age` wins over our `no-store`'
  },
  {
    name: 'cors',
    packages: ['@fastify/cors'],
    tried: 'credentials from another origin, preflights without a session, Vary merged, a 401 that scripts can read',
    know: 'register it before fastsessions; from another site `cookie: { sameSite: \'none\' }` is needed'
  },
  {
    name: 'multipart',
    packages: ['@fastify/multipart'],
    tried: 'a file is whole though the session was loaded first, its hash is saved at its end, 413',
    know: ''
  },
  {
    name: 'under-pressure',
    packages: ['@fastify/under-pressure'],
    tried: 'a 503 sets no cookie and stores nothing, in both orders',
    know: 'registered before fastsessions, it also spares the store the look'
  },
  {
    name: 'request-context',
    packages: ['@fastify/request-context'],
    tried: 'the session deep in the application, over loads, saves and parallel requests, in both orders',
    know: 'put the session into the context in a `preHandler` hook'
  },
  {
    name: 'swagger',
    packages: ['@fastify/swagger'],
    tried: 'routes with `required` are described as those that need the cookie; the routes of fastsessions/devices',
    know: '`transform` reads `route.config.session.required`'
  },
  {
    name: 'mercurius',
    packages: ['mercurius', 'graphql'],
    tried: 'sign-in and sign-out by mutations, parallel mutations, subscriptions',
    know: '[guide](guides/frameworks.md#graphql-with-mercurius)'
  },
  {
    name: 'nestjs',
    packages: ['@nestjs/core', '@nestjs/platform-fastify'],
    tried: '`@Session()`, a guard, `@RouteConfig`, middleware',
    know: '[guide](guides/frameworks.md#nestjs)'
  },
  {
    name: 'socket.io',
    packages: ['socket.io', 'socket.io-client'],
    tried: 'the session of the handshake, by WebSocket and by polling; strangers; a logout elsewhere',
    know: '[guide](guides/frameworks.md#sockets-beside-fastify)'
  },
  {
    name: 'aws-lambda',
    packages: ['@fastify/aws-lambda'],
    tried: 'several cookies in and out, for HTTP APIs and REST APIs; parallel invocations',
    know: '[guide](guides/frameworks.md#aws-lambda)'
  },
  {
    name: 'type-provider-typebox',
    packages: ['@fastify/type-provider-typebox', 'typebox'],
    tried: 'one schema for the type and the check of the session, beside those of routes',
    know: '[guide](guides/frameworks.md#typebox)'
  },
  {
    name: 'vite',
    packages: ['vite'],
    tried: 'signing in through the proxy of the development server',
    know: '[guide](guides/frameworks.md#pages-of-vite-or-next)'
  },
  {
    name: 'oidc-logout',
    packages: ['jose'],
    tried: 'back-channel logout with signed tokens, by `sid` and by user; thirteen tokens that are none',
    know: '[guide](guides/oidc-logout.md)'
  },
  {
    name: 'prometheus',
    packages: ['prom-client'],
    tried: 'the counters of `app.sessions.metrics()`, a histogram of the calls of the store',
    know: '[guide](guides/audit-log.md#metrics-with-prometheus)'
  },
  {
    name: 'opentelemetry',
    packages: ['@opentelemetry/api', '@opentelemetry/sdk-trace-base'],
    tried: 'a span for each call of the store below that of the request, errors without data',
    know: '[guide](guides/audit-log.md#tracing-with-opentelemetry)'
  },
  {
    name: 'dynamodb',
    packages: ['@aws-sdk/client-dynamodb', 'dynalite'],
    tried: 'the backend of the guide, by every question of `testBackend`',
    know: '[guide](guides/own-backend.md)'
  }
]
