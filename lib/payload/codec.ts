import type { SessionRecord, SessionSerializer } from '../../types/index.d.ts'
import type { Payload } from './changes.ts'
import type { Envelope } from '../crypto/envelope.ts'
import { BackendUnavailableError, ReservedKeyError, SessionSerializationError, type SessionValidationError } from '../errors.ts'
import type { PayloadSchema } from './payload-schema.ts'
import { RESERVED_KEYS } from './reserved.ts'
import { jsonSerializer, type Written, writeJson } from './serializer.ts'
import { TextCache } from '../tools/text-cache.ts'
import { copyTree, isSameValue } from './tree.ts'

export interface CodecOptions {
  readonly serializer: SessionSerializer
  readonly schema: PayloadSchema | null
  readonly schemaVersion: number
  readonly migrate: ((data: Payload, fromVersion: number) => Payload) | undefined
  /** The envelope of one id, where payloads are sealed at rest. */
  readonly envelopeOf: ((id: string) => Envelope) | null
}

/** A payload as it was read: what changes are measured against. */
export interface Decoded {
  /** For whoever asked: nobody else has it. */
  readonly data: Payload
  /** `data` as the serializer writes it. */
  readonly text: string
  /** The same as `data`, shared and never changed: for telling at once that nothing changed. `null` where JSON is not the serializer. */
  readonly tree: Payload | null
}

/** Payload ⇄ `record.data`: serializer, schema, migration, sealing at rest. Text stays opaque to backends. */
export class PayloadCodec {
  /** What no data at all look like. */
  readonly emptyText: string
  readonly #options: CodecOptions
  readonly #isJson: boolean
  /**
   * Sessions are read again and again, and seldom written: copying what was parsed is quicker than parsing. By version,
   * which is another one for each write.
   */
  readonly #parsed = new TextCache<number, Written & { readonly id: string }>()

  constructor (options: CodecOptions) {
    this.#options = options
    this.#isJson = options.serializer === jsonSerializer
    this.emptyText = this.serialize({})
  }

  get schemaVersion (): number { return this.#options.schemaVersion }

  /** The payload as text. Throws `SessionSerializationError` or `ReservedKeyError`. */
  serialize (data: object): string {
    const { serializer } = this.#options
    // JSON reads the own properties of whatever object it is given; other serializers get a plain one.
    if (this.#isJson) return serializer.serialize(data as Payload)
    return checkedText(serializer, present(data))
  }

  /** The live payload as text, and as it would be read from it. Throws as `serialize` does. */
  write (data: object): Written {
    return this.#isJson ? writeJson(data) : { text: this.serialize(data), tree: null }
  }

  /** The payload that was made text: shared, never to be changed. */
  parsed ({ text, tree }: Written): Payload { return tree ?? this.deserialize(text) }

  /** The same, for whoever asked. */
  fresh ({ text, tree }: Written): Payload { return tree ? copyTree(tree) : this.deserialize(text) }

  /** Whether a value, of a live session or not, is stored as that of a parsed payload is. Throws as `serialize` does. */
  readonly isSame = (value: unknown, parsed: unknown): boolean => {
    const isAlike = this.#isJson ? isSameValue(value, parsed) : value === parsed
    return isAlike || this.serialize({ value }) === this.serialize({ value: parsed })
  }

  /** The payload of a text; keys that are members by now (an older release, another writer) are left out. */
  deserialize (text: string): Payload {
    return withoutReserved(this.#options.serializer.deserialize(text))
  }

  /** Refuses a payload whose keys are members (put there with defineProperty). */
  assertKeys (data: object): void {
    for (const key of Object.keys(data)) {
      if (RESERVED_KEYS.has(key)) throw new ReservedKeyError(key)
    }
  }

  /** The schema's objection, or `null`. It sees data as they are stored: a Date as its text, and nothing that is absent. */
  problem (data: object): SessionValidationError | null {
    const { schema } = this.#options
    return schema === null ? null : schema.problem(this.deserialize(this.serialize(data)))
  }

  /** What goes into `record.data` for the session of this id. */
  seal (text: string, id: string): string {
    const envelope = this.#options.envelopeOf?.(id)
    return envelope ? envelope.seal(Buffer.from(text, 'utf8')) : text
  }

  /**
   * Reads `record.data`. Hostile or outdated data are a result: the reason why it is no session.
   * Throws `BackendUnavailableError` for data of a newer deployment that do not fit this one: never to be overwritten.
   */
  decode (record: SessionRecord): Decoded | string {
    const isCurrent = record.schemaVersion === this.#options.schemaVersion
    const known = isCurrent ? this.#parsed.get(record.version, record.data) : undefined
    // Sealed data are bound to their id.
    if (known?.id === record.id) return { text: known.text, tree: known.tree, data: copyTree(known.tree!) }
    const text = this.#open(record)
    if (text === null) return 'tampered'
    let data: Payload
    let hasMembers: boolean
    try {
      data = this.#options.serializer.deserialize(text)
      hasMembers = removeMembers(data)
    } catch {
      return 'corrupt'
    }
    // The text is what changes are measured against: it must not have what was left out.
    if (!isCurrent) return this.#fromOtherVersion(record, data)
    if (hasMembers) return { data, text: this.serialize(data), tree: null }
    if (!this.#isJson) return { data, text, tree: null }
    this.#parsed.set(record.version, record.data, { id: record.id, text, tree: data })
    return { data: copyTree(data), text, tree: data }
  }

  #open (record: SessionRecord): string | null {
    const { envelopeOf } = this.#options
    if (envelopeOf === null) return record.data
    return envelopeOf(record.id).open(record.data)?.toString('utf8') ?? null
  }

  #fromOtherVersion (record: SessionRecord, data: Payload): Decoded | string {
    const { schemaVersion, migrate } = this.#options
    if (record.schemaVersion > schemaVersion) {
      if (this.problem(data) === null) return { data, text: this.serialize(data), tree: null }
      throw new BackendUnavailableError(`The session was written by a newer deployment (schemaVersion ${record.schemaVersion}, here ${schemaVersion}) and does not fit this one`)
    }
    try {
      const migrated = migrate ? withoutReserved(migrate(data, record.schemaVersion)) : data
      return this.problem(migrated) === null ? { data: migrated, text: this.serialize(migrated), tree: null } : 'schema'
    } catch {
      return 'migration'
    }
  }
}

function checkedText (serializer: SessionSerializer, data: Payload): string {
  let text: unknown
  try {
    text = serializer.serialize(data)
  } catch (cause) {
    throw cause instanceof SessionSerializationError ? cause : new SessionSerializationError('session', 'was refused by the serializer', { cause })
  }
  if (typeof text !== 'string') throw new SessionSerializationError('session', `was serialized to ${typeof text}, expected a string`)
  assertStorable('session', text)
  return text
}

/** Text that every store keeps as it is: PostgreSQL refuses NUL, all databases mangle lone surrogates. */
export function assertStorable (path: string, text: string): void {
  if (text.includes('\0')) throw new SessionSerializationError(path, 'contains a NUL character')
  if (!text.isWellFormed()) throw new SessionSerializationError(path, 'contains a lone surrogate')
}

// A key that is set to `undefined` is absent, as it is in JSON.
function present (data: object): Payload {
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined))
}

function withoutReserved (data: unknown): Payload {
  removeMembers(data)
  return data as Payload
}

/** Removes keys that are members; whether there were any. Throws for what is no payload. */
function removeMembers (data: unknown): boolean {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) throw new TypeError('not an object')
  let hasMembers = false
  for (const key of Object.keys(data)) {
    if (!RESERVED_KEYS.has(key)) continue
    delete (data as Payload)[key]
    hasMembers = true
  }
  return hasMembers
}
