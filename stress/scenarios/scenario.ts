import { type Mix, USUAL_MIX } from '../clients.ts'
import type { Clock } from '../clock.ts'
import type { Event, Violation } from '../history.ts'
import type { Place } from '../places.ts'
import type { Recorder } from '../recorder.ts'
import type { Limit } from '../serve.ts'
import type { Server } from '../servers.ts'

/** What a scenario works with. */
export interface Run {
  readonly place: Place
  readonly seed: number
  /** How many requests there are at once. */
  readonly clients: number
  /** How often to kill; `null`: until the time is over. */
  readonly kills: number | null
  readonly seconds: number
  readonly timeoutMs: number
  /** The servers. A scenario may replace them. */
  readonly servers: Server[]
  readonly clock: Clock
  readonly recorder: Recorder
  readonly ports: () => readonly number[]
  /** Whether the time is over, or a server has crashed. */
  readonly isOver: () => boolean
  /** Starts one more server. */
  readonly start: () => Promise<Server>
}

/** What only the scenario knows. All requests are checked beside. */
export interface Outcome {
  /** Default: none. */
  readonly mayFail?: (event: Event) => boolean
  readonly violations?: readonly Violation[]
  readonly figures?: Readonly<Record<string, number | string>>
  /** Whether clients that the checker does not know have sessions in the store. */
  readonly hasOthers?: boolean
}

export interface Scenario {
  readonly about: string
  readonly timeoutMs: number
  /** The absolute timeout of sessions. */
  readonly absoluteMs: number
  /** Default: as many as the options say. */
  readonly servers?: number
  /** Whether the clocks of servers are moved. */
  readonly movesClocks?: boolean
  readonly hasNeighbour?: boolean
  readonly isRefusing?: boolean
  /** How many sessions a subject may have. Default: any number. */
  readonly limit?: Limit | null
  /** Whether the store is made of three servers. */
  readonly isFleet?: boolean
  isFor (store: string): boolean
  run (run: Run): Promise<Outcome>
}

/** The usual mix, without what the store cannot do. */
export function mixFor ({ servers }: Run): Mix {
  const { end = 0, revoke = 0 } = USUAL_MIX
  const canAll = (name: 'canEnd' | 'canRevoke'): boolean => servers.every(({ ready }) => ready[name])
  return { ...USUAL_MIX, end: canAll('canEnd') ? end : 0, revoke: canAll('canRevoke') ? revoke : 0 }
}
