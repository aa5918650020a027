import { MAIN_PROPERTY } from '../backends/conventions.ts'
import { A_DURATION, DURATIONS } from '../tools/option-duration.ts'
import type { OptionSchema } from '../tools/option-schema.ts'
import { DEFAULT_CACHE_BYTES } from '../tools/text-cache.ts'
import { COOKIE_NAME } from '../record/cookie-text.ts'

/**
 * `path-value` (RFC 6265bis, 4.1.1), absolute. Without blanks at the end, which browsers cut off (5.6), and without `<`,
 * which the package `cookie` refuses when the cookie is written.
 */
const COOKIE_PATH = '^/(?:[\\x20-\\x3A\\x3D-\\x7E]*[\\x21-\\x3A\\x3D-\\x7E])?$'
/** A part of a host name: 63 letters, digits and inner hyphens at most (RFC 1034, 3.5; RFC 1123, 2.1). */
const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?'
/** `domain-value` (RFC 6265bis, 4.1.1). Browsers ignore a dot in front (5.6.3). */
const COOKIE_DOMAIN = `^\\.?${LABEL}(?:\\.${LABEL})*$`

// Error messages say each `description` after "expected to be". Instances of classes, and functions where any function will do,
// have no JSON Schema: options.ts checks them.
const duration: OptionSchema = {
  description: A_DURATION,
  anyOf: DURATIONS
}

/** What is of no type that JSON has. */
const aFunction: OptionSchema = { not: { type: ['string', 'number', 'boolean', 'null', 'array', 'object'] } }

const path = { description: 'a path such as \'/app\' or \'/app/*\', or a RegExp' }

/** The JSON Schema that every configuration is checked against when the plugin is registered. */
export const optionsSchema: OptionSchema = {
  $id: 'urn:fastsessions:options',
  title: 'Options of fastsessions',
  description: 'an object of options',
  type: 'object',
  additionalProperties: false,
  properties: {
    secret: { description: 'a string or Buffer of at least 32 bytes, or an array of them' },
    backend: { description: 'a session backend with the methods read, write and remove', type: 'object' },
    property: { description: 'a JavaScript identifier', type: 'string', pattern: '^[A-Za-z_$][\\w$]*$', default: MAIN_PROPERTY },
    cookie: {
      description: 'an object of cookie options',
      type: 'object',
      additionalProperties: false,
      properties: {
        name: {
          description: 'a cookie name: letters, digits and !#$%&\'*+-.^_`|~ (RFC 6265bis)',
          type: 'string',
          pattern: COOKIE_NAME
        },
        path: {
          description: 'an absolute path without control characters, blanks at its ends, a semicolon or <',
          type: 'string',
          pattern: COOKIE_PATH,
          maxLength: 1024,
          default: '/'
        },
        domain: { description: 'a host name such as \'example.com\'', type: 'string', pattern: COOKIE_DOMAIN, maxLength: 253 },
        httpOnly: { description: 'a boolean', type: 'boolean', default: true },
        sameSite: { description: '\'lax\', \'strict\' or \'none\'', enum: ['lax', 'strict', 'none'], default: 'lax' },
        partitioned: { description: 'a boolean', type: 'boolean', default: false },
        priority: { description: '\'low\', \'medium\' or \'high\'', enum: ['low', 'medium', 'high'] },
        secure: { description: 'true, false or \'auto\'', enum: [true, false, 'auto'], default: true },
        persistent: { description: 'a boolean', type: 'boolean', default: false }
      }
    },
    idleTimeout: { ...duration, default: '14d' },
    absoluteTimeout: { description: `${duration.description}, or null`, anyOf: [...DURATIONS, { type: 'null' }], default: '30d' },
    renewAfter: { description: 'a number from 0 to 1', type: 'number', minimum: 0, maximum: 1, default: 0.25 },
    autoload: { description: `a boolean, a function, ${path.description}, or an array of paths`, default: true },
    exclude: { description: `${path.description}, or an array of paths` },
    schema: { description: 'a JSON Schema of the payload', type: 'object' },
    schemaVersion: { description: 'an integer from 1 to 2147483647', type: 'integer', minimum: 1, maximum: 2147483647, default: 1 },
    migrate: { description: 'a function (data, fromVersion) => data' },
    migrateFrom: { description: 'an array of readers, such as fromFastifySession({ secret, store })' },
    serializer: { description: 'an object with the functions serialize and deserialize', type: 'object' },
    encrypt: { description: 'a boolean, or an object with the functions seal and open', type: ['boolean', 'object'], default: false },
    onConflict: { description: '\'merge\', \'error\' or a function', anyOf: [{ enum: ['merge', 'error'] }, aFunction], default: 'merge' },
    subject: { description: 'a function (data) => subject' },
    about: { description: 'a function (request) => object' },
    maxSessionsPerSubject: {
      description: 'an integer from 1 to 1,000, or a function (subject) => limit',
      anyOf: [{ type: 'integer', minimum: 1, maximum: 1_000 }, aFunction]
    },
    onLimit: { description: '\'evict-oldest\' or \'reject\'', enum: ['evict-oldest', 'reject'], default: 'evict-oldest' },
    seenEvery: duration,
    renewSecretEvery: duration,
    onTheft: { description: '\'report\' or \'end\'', enum: ['report', 'end'], default: 'end' },
    onUnavailable: { description: '\'error\' or \'anonymous\'', enum: ['error', 'anonymous'], default: 'error' },
    timeout: { ...duration, default: 5 },
    cacheBytes: { description: 'an integer of bytes from 0', type: 'integer', minimum: 0, default: DEFAULT_CACHE_BYTES },
    now: { description: 'a function that returns milliseconds' }
  }
}

/** What a route requires beside a session. */
const requirements: OptionSchema = {
  description: 'an object with subject, fresh or level',
  type: 'object',
  additionalProperties: false,
  properties: {
    subject: { description: 'a boolean', type: 'boolean' },
    fresh: duration,
    level: { description: 'a level, or an array of levels' }
  }
}

const routeProperties: Readonly<Record<string, OptionSchema>> = {
  autoload: { description: 'a boolean', type: 'boolean' },
  passive: { description: 'a boolean', type: 'boolean' },
  required: {
    description: 'true, false, \'subject\' or an object with subject, fresh or level',
    anyOf: [{ enum: [true, false, 'subject'] }, requirements]
  },
  fresh: { description: 'a boolean', type: 'boolean' },
  onUnavailable: { description: '\'error\' or \'anonymous\'', enum: ['error', 'anonymous'] }
}

/** The names of a route's options. */
export const ROUTE_OPTIONS: readonly string[] = Object.keys(routeProperties)

/** The JSON Schema of a route's options: `config.session`, or the name of the registration's property in its place. */
export const routeSchema: OptionSchema = {
  description: 'true, false, or an object of route options',
  anyOf: [{ type: 'boolean' }, { type: 'object', additionalProperties: false, properties: routeProperties }]
}

/** The JSON Schema of the argument of `session.setLifetime()`. */
export const lifetimeSchema: OptionSchema = {
  description: 'an object with idleTimeout, absoluteTimeout or persistent',
  type: 'object',
  additionalProperties: false,
  properties: {
    idleTimeout: duration,
    absoluteTimeout: { description: `${duration.description}, or null`, anyOf: [...DURATIONS, { type: 'null' }] },
    persistent: { description: 'a boolean', type: 'boolean' }
  }
}
