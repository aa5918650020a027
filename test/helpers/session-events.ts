import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { SessionEvent } from '../../types/index.d.ts'

/** Collects the life-cycle events of a test. */
export function recordEvents (t: { teardown (fn: () => unknown): unknown }): SessionEvent[] {
  const events: SessionEvent[] = []
  const listen = (event: unknown) => { events.push(event as SessionEvent) }
  subscribe('fastsessions', listen)
  t.teardown(() => unsubscribe('fastsessions', listen))
  return events
}
