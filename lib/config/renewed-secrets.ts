import type { SessionBackend, SessionOptions } from '../../types/index.d.ts'
import { missingSecret, unexpected } from '../tools/check-options.ts'

/**
 * Whether the secrets of cookies can be renewed.
 *
 * @throws InvalidOptionsError
 */
export function checkRenewedSecrets (backend: SessionBackend, { renewSecretEvery: every, onTheft, secret }: SessionOptions): void {
  if (every === undefined) {
    if (onTheft !== undefined) throw unexpected('onTheft', 'left out without `renewSecretEvery`', onTheft, 'no theft is noticed then')
    return
  }
  const refused = (remedy: string): Error => {
    return unexpected('renewSecretEvery', `left out with ${backend.constructor?.name ?? 'this backend'}`, every, remedy)
  }
  if (backend.selfContained === true) throw refused('it keeps no secret apart from the cookie; sessions on a server do')
  if (backend.cookies !== undefined) throw refused('the other application makes and reads the same cookies')
  if (backend.atomic !== true) throw refused('it takes an atomic backend to change a secret once')
  if (secret === undefined) throw missingSecret('`renewSecretEvery`')
}
