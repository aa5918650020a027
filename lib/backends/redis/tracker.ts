import type { SessionWatch, WatchOptions } from '../../../types/index.d.ts'
import { isId } from '../../record/ids.ts'
import { Listeners } from '../../tools/listeners.ts'
import { Audience } from '../watching/audience.ts'
import { DEFAULT_LEASE_MS } from '../watching/pulse.ts'
import type { RedisClient } from './client.ts'
import { type TrackableClient, Tracking } from './tracking.ts'

const ID_CHARS = 64

/** What a watch of a registration needs. */
export interface Space {
  /** How the keys of its sessions begin on the server. The id follows. */
  readonly start: string
  /** Told why the server does not let this user track. */
  readonly onRefusal: (error: Error) => void
}

const trackers = new WeakMap<RedisClient, Tracker>()

/** Whether the server can be asked to tell what changes: a single server, and what Sentinel leads to. */
export function isTrackable (client: RedisClient): client is TrackableClient {
  const { isCluster, duplicate } = client as Partial<TrackableClient> & { isCluster?: boolean }
  return isCluster !== true && typeof duplicate === 'function'
}

/** The watches of all registrations on a client, which share one connection. */
export function trackerOf (client: TrackableClient): Tracker {
  const tracker = trackers.get(client) ?? new Tracker(client)
  trackers.set(client, tracker)
  return tracker
}

/** Watches registrations, over a connection that is there while somebody watches. */
export class Tracker {
  readonly #client: TrackableClient
  readonly #audience = new Audience()
  readonly #refusals = new Listeners<Error>()
  #tracking: Tracking | null = null

  constructor (client: TrackableClient) {
    this.#client = client
  }

  watch (
    { start, onRefusal }: Space, listener: (id: string | null) => void, { lease = DEFAULT_LEASE_MS }: WatchOptions = {}
  ): SessionWatch {
    const stops = [this.#audience.add(start, listener), this.#refusals.add(onRefusal)]
    const tracking = this.#reach()
    let isOpen = true
    return {
      get isLive () { return isOpen && tracking.isLive(lease) },
      close: () => {
        isOpen = false
        for (const stop of stops) stop()
        this.#closeIfIdle()
      }
    }
  }

  #reach (): Tracking {
    this.#tracking?.cover(this.#audience.spaces)
    this.#tracking ??= new Tracking(this.#client, this.#audience.spaces, {
      keys: keys => { for (const key of keys) this.#tell(key.toString()) },
      reset: () => { this.#audience.tellAll() },
      refused: error => { this.#refusals.tell(error) }
    })
    return this.#tracking
  }

  /** The prefix of a registration is that of keys of others, too, and of indexes. */
  #tell (key: string): void {
    const id = key.slice(-ID_CHARS)
    if (isId(id)) this.#audience.tell(key.slice(0, -ID_CHARS), id)
  }

  #closeIfIdle (): void {
    if (!this.#audience.isEmpty) return
    this.#tracking?.close()
    this.#tracking = null
  }
}
