import { measure } from './measure.js'
import { isOther, rotated } from './statistics.js'

/** A window is as many samples long. */
const WINDOW_TIMES = 2

/**
 * Loads contestants, in turn, in windows, each until its CPU per request stands still: until two windows in
 * a row hardly differ. Code that is larger is compiled later, so that no number of requests would be fair to all.
 * `requests` are those of a sample; `windows`: how many there are at most.
 *
 * @returns the names of those that were still moving at the last window
 */
export async function settle (details, entrants, { requests, windows }) {
  const before = new Map()
  let moving = entrants
  for (let n = 0; n < windows && moving.length > 0; n++) {
    const stillMoving = []
    for (const entrant of rotated(moving, n)) {
      const { cpu } = await measure(entrant, details, requests * WINDOW_TIMES)
      if (!before.has(entrant) || isOther(before.get(entrant), cpu)) stillMoving.push(entrant)
      before.set(entrant, cpu)
    }
    moving = stillMoving
  }
  return moving.map(({ name }) => name)
}
