import { createRequire } from 'node:module'
import type { Ajv, ErrorObject, ValidateFunction } from 'ajv'
import { InvalidOptionsError, SessionValidationError } from '../errors.ts'

// Ajv takes longer to load than all of this package: only an application that has a `schema` waits for it.
const require = createRequire(import.meta.url)

/** Strict, so that a mistyped keyword fails at registration; but schemas that are merely unusual are accepted. */
const AJV_OPTIONS = {
  strict: true,
  strictTypes: false,
  strictTuples: false,
  strictRequired: false,
  allowUnionTypes: true,
  logger: false
} as const

/** Checks payloads, and changes nothing: no coercion, no defaults, no removal. */
export interface PayloadSchema {
  /** The error to throw; `null` for a payload that fits. */
  problem (data: object): SessionValidationError | null
}

/**
 * Compiles the `schema` option, a JSON Schema of draft-07, or of 2020-12 where `$schema` says so. `null` without a schema.
 *
 * @throws InvalidOptionsError when the schema does not compile, or is asynchronous
 */
export function compilePayloadSchema (schema: object | undefined): PayloadSchema | null {
  if (schema === undefined) return null
  const validate = compile(schema)
  return {
    problem (data) {
      return validate(data) ? null : toError(validate.errors![0]!)
    }
  }
}

function compile (schema: object): ValidateFunction {
  const dialect = String((schema as { $schema?: unknown }).$schema ?? '')
  const ajv = dialect.includes('2020-12') ? newAjv2020() : newAjv()
  const formats = require('ajv-formats') as typeof import('ajv-formats')
  formats.default(ajv)
  try {
    const validate = ajv.compile(schema)
    if ('$async' in validate) throw new Error('an asynchronous schema ($async) cannot check a session')
    return validate
  } catch (cause) {
    const error = new InvalidOptionsError(`Expected \`schema\` to be a JSON Schema that compiles, but ${(cause as Error).message}`)
    error.cause = cause
    throw error
  }
}

function newAjv (): Ajv {
  const { Ajv } = require('ajv') as typeof import('ajv')
  return new Ajv(AJV_OPTIONS)
}

function newAjv2020 (): Ajv {
  const { Ajv2020 } = require('ajv/dist/2020.js') as typeof import('ajv/dist/2020.js')
  return new Ajv2020(AJV_OPTIONS)
}

function toError ({ instancePath, message, params }: ErrorObject): SessionValidationError {
  const path = 'session' + instancePath.replaceAll(/\/(\d+)(?=\/|$)/g, '[$1]').replaceAll('/', '.')
  const extra: unknown = params['additionalProperty'] ?? params['unevaluatedProperty']
  return new SessionValidationError(path, `${message}${extra === undefined ? '' : ` (it has \`${String(extra)}\`)`}`)
}
