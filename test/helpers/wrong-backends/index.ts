import { compareAndSet } from './compare-and-set.ts'
import { expiry } from './expiry.ts'
import { labels } from './labels.ts'
import { listing } from './listing.ts'
import { refusing } from './refusing.ts'
import { registrations } from './registrations.ts'
import { revoking } from './revoking.ts'
import { storing } from './storing.ts'
import { watching } from './watching.ts'
import type { WrongBackend } from './wrong.ts'

/** Backends that break a promise each. The kit must find every wrong backend by the sentence named with the backend. */
export const wrongBackends: readonly WrongBackend[] = [...storing, ...compareAndSet, ...expiry, ...listing, ...revoking, ...labels, ...registrations, ...refusing, ...watching]
