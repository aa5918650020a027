import { SIZES } from './payload.js'

const PARALLEL = 20
const [SMALL, MIDDLE] = SIZES

/**
 * What a request does. `cookies` says what it comes with: nothing, that of the browser on this connection (each has a
 * session of its own), always another one, or one for all `writers`, whose requests come at once. `kinds` are the contestants that a case is for; `sizes` its payloads.
 */
const cases = {
  'no cookie': { path: '/untouched', cookies: 'none', sizes: [SMALL] },
  untouched: { path: '/untouched', cookies: 'own', sizes: [SMALL] },
  read: { path: '/read', cookies: 'own', sizes: SIZES },
  'read, new cookies': { path: '/read', cookies: 'new', sizes: SIZES, kinds: ['cookie', 'base'] },
  write: { path: '/write', cookies: 'own', sizes: SIZES },
  login: { path: '/login', cookies: 'none', sizes: [SMALL] },
  [`${PARALLEL} parallel`]: { path: '/own', cookies: 'one', writers: PARALLEL, sizes: [SMALL], kinds: ['id', 'base'] },
  'two writers': { path: '/own', cookies: 'one', writers: 2, sizes: [MIDDLE], kinds: ['id', 'base'] }
}

/** All of them, payload by payload. */
export const allCases = SIZES.flatMap(size => Object.entries(cases).filter(([, { sizes }]) => sizes.includes(size)).map(([name, details]) => ({ name, size, ...details })))

export const caseNames = Object.keys(cases)

export function selectCases ({ names = caseNames, sizes = SIZES }) {
  return allCases.filter(({ name, size }) => names.includes(name) && sizes.includes(size))
}

/** Whether a contestant takes part in a case: not where it cannot, nor where the case means nothing for it. */
export function takesPart (contestant, { name, size, kinds, path }, cannot) {
  if (kinds !== undefined && !kinds.includes(contestant.kind)) return false
  if (contestant.kind !== 'base') return cannot?.[size] === undefined
  // With a long cookie, the base line is for contestants whose cookie is long.
  return contestant.sharesWith === undefined || (path !== '/own' && name !== 'no cookie')
}
