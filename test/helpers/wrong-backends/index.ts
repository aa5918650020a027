import { compareAndSet } from './compare-and-set.ts'
import { expiry } from './expiry.ts'
import { listing } from './listing.ts'
import { refusing } from './refusing.ts'
import { revoking } from './revoking.ts'
import { storing } from './storing.ts'
import type { WrongBackend } from './wrong.ts'

/** Backends that break one promise each: the kit must find every one of them by the sentence named beside it. */
export const wrongBackends: readonly WrongBackend[] = [...storing, ...compareAndSet, ...expiry, ...listing, ...revoking, ...refusing]
