export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS
/** When the clocks of tests begin: a Monday in 2027, so that no record lies in the past by the clock of a real server. */
export const START = Date.UTC(2027, 2, 1)
