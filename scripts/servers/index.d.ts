export type ServerName = 'redis' | 'memcached' | 'postgres' | 'mysql'

export interface ThrowAwayServer {
  readonly url: string
  readonly port: number
  readonly folder: string
  readonly pid: number
  /** Begins again on the same port, with what was stored. */
  start (): Promise<void>
  /** Ends the process, at once unless told otherwise. */
  kill (signal?: NodeJS.Signals): Promise<void>
  freeze (): void
  thaw (): void
  /** The end of it and its folder. */
  stop (): Promise<void>
}

export function startServer (name: ServerName, ...args: string[]): Promise<ThrowAwayServer>
export function startRedisCluster (replicas?: number): Promise<ThrowAwayServer[]>
export function startSentinel (): Promise<{ name: string, master: ThrowAwayServer, replica: ThrowAwayServer, sentinel: ThrowAwayServer }>

/** What can be done on a machine: look for a program, and install packages, or not. */
export interface Machine {
  find (...names: string[]): string | undefined
  install: ((packages: string[], say: (text: string) => void) => void) | null
}

/** Makes sure that servers can be started; throws one message that says what to do. */
export function provide (servers: readonly ServerName[], say: (text: string) => void, machine?: Machine): void
