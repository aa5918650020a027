import type { Awaitable } from '../../types/index.d.ts'
import type { Stored } from '../payload/codec.ts'
import type { Turn } from '../store/queue.ts'

/** What the first call of a flow has come to, which was made before the flow: returns the answer, or throws the error. */
export type Given = () => Awaitable<unknown>

/** What a commit goes on with, where its first write was made before the flow and came to something unusual. */
export interface Begun {
  readonly stored: Stored
  /** The turn of the commit; `null` for a session in its cookie, which has none. */
  readonly turn: Turn<Stored> | null
  readonly given: Given
}
