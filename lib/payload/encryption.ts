import type { Encryptor, SessionOptions } from '../../types/index.d.ts'
import { sealedEnvelope } from '../crypto/envelope.ts'
import { BackendContractError, SessionSerializationError } from '../errors.ts'
import { hasMethods, missingSecret, optionsCheck, unexpected } from '../tools/check-options.ts'
import { assertStorable } from './storable.ts'

const HINT = 'an encryptor has the synchronous functions seal(text, id) and open(text, id)'

const checkKeys = optionsCheck({
  description: HINT, type: 'object', additionalProperties: false, properties: { seal: { description: HINT }, open: { description: HINT } }
})

/**
 * What the option `encrypt` asks for; `null` where payloads are stored as they are.
 *
 * @param purpose keeps the keys of ours apart: each property has its own
 * @throws InvalidOptionsError
 */
export function encryptorOf (encrypt: SessionOptions['encrypt'], secrets: readonly Buffer[], purpose: string): Encryptor | null {
  if (encrypt === undefined || encrypt === false) return null
  if (encrypt !== true) return ofApplication(encrypt)
  if (secrets.length === 0) throw missingSecret('`encrypt`')
  const envelopeOf = sealedEnvelope(secrets, purpose)
  return {
    seal: (text, id) => envelopeOf(id).seal(Buffer.from(text, 'utf8')),
    open: (text, id) => envelopeOf(id).open(text)?.toString('utf8') ?? null
  }
}

/** The application's encryptor, with each answer checked. */
function ofApplication (encryptor: Encryptor): Encryptor {
  assertEncryptor(encryptor)
  return {
    seal: (text, id) => sealedBy(encryptor, text, id),
    open: (text, id) => openedBy(encryptor, text, id)
  }
}

function assertEncryptor (encryptor: Encryptor): void {
  // The fields of an instance are its own affair; an unknown key of a plain object is a slip of the pen.
  if (Object.getPrototypeOf(encryptor) === Object.prototype) checkKeys(encryptor, 'encrypt')
  for (const name of ['seal', 'open'] as const) {
    const value: unknown = encryptor[name]
    if (typeof value !== 'function') throw unexpected(`encrypt.${name}`, 'a function', value, HINT)
    if (value.constructor.name === 'AsyncFunction') throw unexpected(`encrypt.${name}`, 'a synchronous function', value, HINT)
  }
}

function sealedBy (encryptor: Encryptor, text: string, id: string): string {
  let sealed: unknown
  try {
    sealed = encryptor.seal(text, id)
  } catch (cause) {
    throw new SessionSerializationError('session', 'was refused by `encrypt.seal`', { cause })
  }
  if (typeof sealed !== 'string') throw new SessionSerializationError('session', `was sealed to ${kindOf(sealed)}, expected a string`)
  // A record without data is a tombstone.
  if (sealed === '') throw new SessionSerializationError('session', 'was sealed to an empty text: stores take that for an ended session')
  assertStorable('session', sealed)
  return sealed
}

// "Not authentic" is `null`. Anything else is a bug, or keys that are not there: to take that for "no session" would sign
// everybody out.
function openedBy (encryptor: Encryptor, text: string, id: string): string | null {
  let opened: unknown
  try {
    opened = encryptor.open(text, id)
  } catch (cause) {
    throw new BackendContractError('encrypt.open() must answer null for text that it cannot authenticate, and threw', { cause })
  }
  if (opened === null || typeof opened === 'string') return opened
  throw new BackendContractError(`encrypt.open() must answer a string or null, got ${kindOf(opened)}`)
}

/** For messages. A promise that nobody waits for must not end the process. */
function kindOf (value: unknown): string {
  if (!hasMethods(value, ['then'])) return typeof value
  Promise.resolve(value).catch(() => {})
  return 'a promise'
}
