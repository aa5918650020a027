import cookie from '@fastify/cookie'
import type { DoneFuncWithErrOrRes, FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import type { SessionOptions } from '../types/index.d.ts'
import { SessionAdministration } from './session/administration.ts'
import { unexpected } from './tools/check-options.ts'
import { claimNames } from './config/claims.ts'
import { SessionContext } from './lifecycle/state.ts'
import { Core } from './store/registration.ts'
import { BackendUnavailableError, ReservedKeyError, SessionNotLoadedError, SessionRequiredError } from './errors.ts'
import { isPromise } from './tools/flow.ts'
import { unloaded } from './session/stand-ins.ts'
import { DetachedCarrier } from './http/detached-cookies.ts'
import { ReplyCarrier } from './http/reply-cookies.ts'
import { SetCookieLines } from './http/session-cookie.ts'
import { presetError, Visit } from './http/exchange.ts'
import { tryLoading } from './lifecycle/operations.ts'
import { resolveOptions } from './config/options.ts'
import { RoutePolicies, type RoutePolicy } from './config/routes.ts'
import { face, type Session } from './session/session.ts'

/** What a request carries: nothing before our onRequest hook, its reply until somebody needs the session, then that. */
type State = Visit | FastifyReply | null

/** A request with what is ours. */
type Visited = FastifyRequest & Record<symbol, unknown>

async function fastsessions (app: FastifyInstance, options: SessionOptions): Promise<void> {
  const settings = resolveOptions(options)
  const { property, secrets, now, timeoutMs: timeout } = settings
  claimNames(app, settings)
  if (!app.hasPlugin('@fastify/cookie')) await app.register(cookie)

  const backend = settings.backend.bind?.({ property, now, secrets, cookie: settings.cookie, timeout, log: app.log }) ?? settings.backend
  const lines = new SetCookieLines(settings.cookie, app.serializeCookie)
  const core = new Core(settings, backend, lines, app.log)
  const policies = new RoutePolicies(settings)
  // A self-contained backend that answers at once is asked only when somebody looks.
  const isLazy = core.isSelfContained && backend.read.constructor.name !== 'AsyncFunction'
  const kState = Symbol(`fastsessions.${property}`)
  // Fastify puts the options of a route together anew each time that somebody asks: once is enough.
  const kPolicy = Symbol(`fastsessions.${property}.policy`)

  decorateRequest()
  app.decorate(`${property}s`, new SessionAdministration(core, app.log, policies.usual, header => new DetachedCarrier(core, app.log, header)) as never)
  app.addHook('onRoute', checkRoute)
  app.addHook('onRequest', loadSession)
  app.addHook('onSend', commitSession)
  app.addHook('onClose', closeBackend)
  await prepareBackend()

  function decorateRequest (): void {
    app.decorateRequest(kState, null)
    app.decorateRequest(kPolicy, null)
    try {
      app.decorateRequest(property, { getter: getSession, setter: refuseSession } as never)
    } catch (cause) {
      // Names of @fastify/cookie, which was registered just now.
      throw Object.assign(unexpected('property', 'a name that requests do not have already', property), { cause })
    }
  }

  function checkRoute ({ config, method, url }: RouteOptions): void {
    policies.of(config, `${String(method)} ${url}`)
  }

  function loadSession (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void {
    const policy = policies.ofRequest(request)
    setState(request, reply)
    ;(request as Visited)[kPolicy] = policy
    if (policy.isOff || (isLazy && policy.required === false) || !isLoadedFirst(policy, request)) return done()
    const state = visit(request, reply, policy)
    if (policy.required !== false) state.touch()
    const { context } = state
    const loading = tryLoading(context)
    if (isPromise(loading)) loading.then(answer)
    else answer(loading)

    function answer (failure: Error | null): void {
      const error = failure ?? refusal(policy, context)
      if (error === null) return done()
      presetError(reply, error)
      done(error)
    }
  }

  function isLoadedFirst ({ autoload, required }: RoutePolicy, request: FastifyRequest): boolean {
    return required !== false || (autoload ?? settings.autoload(request))
  }

  function commitSession (request: FastifyRequest, _reply: FastifyReply, payload: unknown, done: DoneFuncWithErrOrRes): void {
    const state = stateOf(request)
    if (state instanceof Visit && state.isTouched) state.send(payload, done)
    else done()
  }

  async function prepareBackend (): Promise<void> {
    try {
      await core.run(core.call('prepare for', () => backend.prepare?.()))
    } catch (error) {
      // A server that is down now may be up later; what is wrong for good is another error.
      if (!(error instanceof BackendUnavailableError)) throw error
      app.log.warn({ err: error }, `${core.backendName} cannot be reached yet; until it can, sessions answer 503`)
    }
  }

  async function closeBackend (): Promise<void> { await backend.close?.() }

  function getSession (this: FastifyRequest): Session {
    const state = stateOf(this)
    if (state instanceof Visit) return state.look()
    if (state === null) return absent('the plugin\'s onRequest hook has not run; register it earlier, or use a later hook')
    const policy = (this as Visited)[kPolicy] as RoutePolicy
    if (policy.isOff) return absent(`sessions are off for this route (config.${property} is false)`)
    return visit(this, state, policy).look()
  }

  function refuseSession (this: FastifyRequest, value: unknown): void {
    // A scope that decorates requests with the same name initialises it to null.
    if (value == null && stateOf(this) === null) return
    throw new ReservedKeyError(`request.${property}`)
  }

  function visit (request: FastifyRequest, reply: FastifyReply, policy: RoutePolicy): Visit {
    const carrier = new ReplyCarrier(core, lines, request, reply)
    const loadsAtLook = isLazy && (policy.autoload ?? settings.autoload(request))
    const state = new Visit(new SessionContext(core, carrier, policy, face), carrier, reply, loadsAtLook)
    setState(request, state)
    return state
  }

  function stateOf (request: FastifyRequest): State { return ((request as Visited)[kState] ?? null) as State }
  function setState (request: FastifyRequest, state: State): void { (request as Visited)[kState] = state }
}

/** Why a route with `required` refuses a request; `null` when it does not. */
function refusal ({ required }: RoutePolicy, { base, subject }: SessionContext): Error | null {
  if (required === false || (base !== null && (required === true || subject !== null))) return null
  return new SessionRequiredError(required === 'subject' ? 'a session that is signed in' : 'a session')
}

function absent (hint: string): Session {
  const problem = `There is no session to use: ${hint}`
  return unloaded({ isLoaded: false, hint: problem, load () { throw new SessionNotLoadedError(problem) }, visible: undefined as never })
}

/**
 * Sessions for Fastify 5: `await app.register(sessions, { secret })`, then `request.session`.
 *
 * @throws InvalidOptionsError for a configuration that could not work safely
 */
const sessions = fp(fastsessions, { fastify: '5.x', name: 'fastsessions' })

export default sessions
