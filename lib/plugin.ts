import cookie from '@fastify/cookie'
import type {
  DoneFuncWithErrOrRes, FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction, RouteOptions
} from 'fastify'
import type { SessionBackend, SessionOptions } from '../types/index.d.ts'
import { claimNames } from './config/claims.ts'
import { resolveOptions } from './config/options.ts'
import type { RouterOptions } from './config/paths.ts'
import { RoutePolicies, type RoutePolicy } from './config/routes.ts'
import { BackendUnavailableError, isOwnError, ReservedKeyError, SessionRequiredError } from './errors.ts'
import { administrationOf } from './http/administration.ts'
import { Channels } from './http/channels.ts'
import { untilGone } from './http/client-gone.ts'
import { forgetAnswer, presetError } from './http/error-reply.ts'
import { Exchange } from './http/exchange.ts'
import { ReplyCookies } from './http/reply-cookies.ts'
import { tryLoading } from './lifecycle/load.ts'
import { SessionState } from './lifecycle/state.ts'
import { refusalOf } from './lifecycle/required.ts'
import { face, type Session } from './session/session.ts'
import type { Registration } from './store/registration.ts'
import { unexpected } from './tools/check-options.ts'
import { isPromise } from './tools/flow.ts'

/** `null` before our onRequest hook and where sessions are off, the reply until the session is needed, then the exchange. */
type Carried = Exchange | FastifyReply | null

/** Fastify's error where `handlerTimeout` is over. */
const HANDLER_TIMEOUT = 'FST_ERR_HANDLER_TIMEOUT'

/** A request with our symbols on it. */
type OurRequest = FastifyRequest & Record<symbol, unknown>

/**
 * Registers sessions in the scope of `app`, which the plugin of lib/sessions.ts does.
 *
 * @throws InvalidOptionsError for a configuration that could not work safely
 */
export async function register (app: FastifyInstance, options: SessionOptions): Promise<void> {
  const settings = resolveOptions(options, routerOptionsOf(app))
  const { property } = settings
  claimNames(app, settings)
  if (!app.hasPlugin('@fastify/cookie')) await app.register(cookie)

  const channels = new Channels(app, settings)
  const policies = new RoutePolicies(settings)
  // A self-contained backend which answers at once is asked at the first look only.
  const isLazy = channels.registrations.every(({ keeping, store }) => keeping.isInCookie && answersAtOnce(store.backend))
  const kExchange = Symbol(`fastsessions.${property}`)
  // Fastify assembles the options of a route at each request for them: once is enough.
  const kPolicy = Symbol(`fastsessions.${property}.policy`)

  decorateRequest()
  app.decorate(`${property}s`, administrationOf(channels, policies, app.log) as never)
  app.addHook('onRoute', checkRoute)
  app.addHook('onRequest', loadSession)
  app.addHook('onSend', commitSession)
  app.addHook('onError', noteError)
  app.addHook('onClose', closeBackends)
  for (const registration of channels.registrations) await prepareBackend(registration)

  function decorateRequest (): void {
    app.decorateRequest(kExchange, null)
    app.decorateRequest(kPolicy, null)
    try {
      app.decorateRequest(property, { getter: getSession, setter: refuseSession } as never)
    } catch (cause) {
      // A name of @fastify/cookie, which was registered just now.
      throw Object.assign(unexpected('property', 'a name that requests do not have already', property), { cause })
    }
  }

  function checkRoute ({ config, method, url }: RouteOptions): void {
    policies.of(config, `${String(method)} ${url}`)
  }

  function loadSession (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void {
    const policy = policies.ofRequest(request)
    // Where there can be no session, `request.session` stays null.
    if (policy.isOff) return done()
    setCarried(request, reply)
    ;(request as OurRequest)[kPolicy] = policy
    if (!isLoadedFirst(policy, request)) return done()
    if (isLazy && policy.required === null && !mayArrive(request)) return done()
    const exchange = beginExchange(request, reply, policy)
    if (exchange.loadsAtLook && policy.required === null) return done()
    if (policy.required !== null) exchange.touch()
    const loading = tryLoading(exchange.state)
    if (isPromise(loading)) untilGone(reply, loading, answer)
    else answer(loading)

    function answer (failure: Error | null): void {
      const error = failure ?? refusalOf(exchange.state)
      if (error === null) return done()
      if (error instanceof SessionRequiredError) exchange.refuse(error)
      presetError(reply, error)
      done(error)
    }
  }

  // A reader of another library's sessions may have to wait for its store, where a cookie of ours is opened at once.
  function mayArrive ({ raw: { headers: { cookie = '' } } }: FastifyRequest): boolean {
    return settings.migrateFrom.some(({ cookieName }) => cookie.includes(cookieName))
  }

  function isLoadedFirst ({ autoload, required }: RoutePolicy, request: FastifyRequest): boolean {
    return required !== null || (autoload ?? settings.autoload(request))
  }

  function commitSession (request: FastifyRequest, _reply: FastifyReply, payload: unknown, done: DoneFuncWithErrOrRes): void {
    const carried = carriedBy(request)
    if (carried instanceof Exchange && carried.isTouched) carried.send(payload, done)
    else done()
  }

  // Runs before the error handler.
  function noteError (request: FastifyRequest, reply: FastifyReply, error: Error & { code?: string }, done: () => void): void {
    const carried = carriedBy(request)
    if (error.code === HANDLER_TIMEOUT && carried instanceof Exchange) carried.timeOut(error)
    if (isOwnError(error)) forgetAnswer(reply)
    done()
  }

  async function prepareBackend ({ store }: Registration): Promise<void> {
    const { backend } = store
    if (backend.prepare === undefined) return
    try {
      await store.run(store.call('prepare', null, () => backend.prepare!()))
    } catch (error) {
      // A server which is down now may be up later. Time mends no other error.
      if (!(error instanceof BackendUnavailableError)) throw error
      channels.log.warn({ err: error }, `${store.name} cannot be reached yet; until it can, sessions answer 503`)
    }
  }

  async function closeBackends (): Promise<void> {
    for (const registration of channels.registrations) await registration.close()
  }

  function getSession (this: FastifyRequest): Session | null {
    const carried = carriedBy(this)
    if (carried instanceof Exchange) return carried.look()
    return carried === null ? null : beginExchange(this, carried, (this as OurRequest)[kPolicy] as RoutePolicy).look()
  }

  function refuseSession (this: FastifyRequest, value: unknown): void {
    // A scope that decorates requests with the same name initialises the property to null.
    if (value == null && carriedBy(this) === null) return
    const remedy = value == null ? 'to end the session, call destroy()' : 'to replace its data, call clear() and update()'
    throw new ReservedKeyError(`request.${property}`, `cannot be assigned: ${remedy}`)
  }

  function beginExchange (request: FastifyRequest, reply: FastifyReply, policy: RoutePolicy): Exchange {
    const { registration, cookie } = channels.of(request)
    const cookies = new ReplyCookies(registration, cookie, request, reply)
    const mayWait = (): boolean => mayArrive(request) && cookies.carried.indexes.length === 0
    const loadsAtLook = isLazy && (policy.autoload ?? settings.autoload(request)) && !mayWait()
    const exchange = new Exchange(new SessionState(registration, cookies, policy, face), cookies, reply, loadsAtLook)
    setCarried(request, exchange)
    return exchange
  }

  function carriedBy (request: FastifyRequest): Carried { return ((request as OurRequest)[kExchange] ?? null) as Carried }
  function setCarried (request: FastifyRequest, carried: Carried): void { (request as OurRequest)[kExchange] = carried }
}

/** Whether `read` answers without a promise. A backend without `answersAtOnce` is judged by how its `read` is written. */
function answersAtOnce ({ answersAtOnce, read }: SessionBackend): boolean {
  return answersAtOnce ?? read.constructor.name !== 'AsyncFunction'
}

/** What the application's router makes of URLs. Fastify takes these options at two places, and here they may differ by a default only. */
function routerOptionsOf ({ initialConfig }: FastifyInstance): RouterOptions {
  const options = initialConfig as RouterOptions & { routerOptions?: RouterOptions }
  const routerOptions: RouterOptions = { ...options.routerOptions }
  const isOn = (name: keyof RouterOptions) => options[name] === true || routerOptions[name] === true
  return {
    caseSensitive: options.caseSensitive !== false && routerOptions.caseSensitive !== false,
    ignoreTrailingSlash: isOn('ignoreTrailingSlash'),
    ignoreDuplicateSlashes: isOn('ignoreDuplicateSlashes'),
    useSemicolonDelimiter: isOn('useSemicolonDelimiter')
  }
}
