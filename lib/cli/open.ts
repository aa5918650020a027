import cookie from '@fastify/cookie'
import type { FastifyBaseLogger } from 'fastify'
import type { SessionOptions } from '../../types/index.d.ts'
import { resolveOptions, type Settings } from '../config/options.ts'
import { RoutePolicies } from '../config/routes.ts'
import { InvalidOptionsError } from '../errors.ts'
import { administrationOf } from '../http/administration.ts'
import { type Channel, Channels, type Surroundings } from '../http/channels.ts'
import type { SessionAdministration } from '../session/administration.ts'
import type { Registration } from '../store/registration.ts'
import type { Arguments } from './arguments.ts'
import { optionsIn } from './config.ts'
import { CommandError } from './failures.ts'

/** Sessions as a registration has them, without an application. */
export interface Opened {
  /** The path of the module with the options, or what stands for it in messages. */
  readonly place: string
  readonly settings: Settings
  readonly registration: Registration
  /** Of each name of the cookie; that of https comes first. */
  readonly channels: readonly Channel[]
  readonly sessions: SessionAdministration
}

// What the plugin gives to an application as a decorator; its types leave it out.
const { serialize: serializeCookie } = cookie as unknown as { serialize: Surroundings['serializeCookie'] }

const CONFIG_REMEDY = 'it takes the path of a module that exports the options which the application registers'

/** Opens the sessions that `--config` is about, for as long as `use` takes. */
export async function withConfig<T> (args: Arguments, use: (opened: Opened) => Promise<T>): Promise<T> {
  const path = args.needed('config', CONFIG_REMEDY)
  return await withSessions(path, await optionsIn(path, args.text('property')), use)
}

/** Opens the sessions of a registration, asks the backend whether it is fit for use, and closes it at the end. */
export async function withSessions<T> (place: string, options: SessionOptions, use: (opened: Opened) => Promise<T>): Promise<T> {
  const { settings, channels } = naming(place, () => bound(options))
  try {
    for (const registration of channels.registrations) await prepare(place, registration)
    const sessions = administrationOf(channels, new RoutePolicies(settings), log)
    return await use({ place, settings, registration: channels.registrations[0]!, channels: channels.byName, sessions })
  } finally {
    await close(channels)
  }
}

function bound (options: SessionOptions): { settings: Settings, channels: Channels } {
  const settings = resolveOptions(options)
  return { settings, channels: new Channels({ log, serializeCookie }, settings) }
}

async function prepare (place: string, { store }: Registration): Promise<void> {
  const { backend } = store
  if (backend.prepare === undefined) return
  try {
    await store.run(store.call('prepare', null, () => backend.prepare!()))
  } catch (error) {
    naming(place, () => { throw error })
  }
}

/** Says of a wrong option in which module it is. */
function naming<T> (place: string, open: () => T): T {
  try {
    return open()
  } catch (error) {
    throw error instanceof InvalidOptionsError ? new CommandError(`${place}: ${error.message}`) : error
  }
}

async function close (channels: Channels): Promise<void> {
  for (const registration of channels.registrations) await registration.close()
}

function ignore (): void {}

/** What the library logs is for the log of an application: a command says in its own words what went wrong. */
const log = {
  level: 'fatal', fatal: ignore, error: ignore, warn: ignore, info: ignore, debug: ignore, trace: ignore, silent: ignore, child: () => log
} as FastifyBaseLogger
