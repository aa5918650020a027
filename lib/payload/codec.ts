import { isDeepStrictEqual } from 'node:util'
import type { Encryptor, SessionRecord, SessionSerializer } from '../../types/index.d.ts'
import type { IsSame, Payload } from './changes.ts'
import { BackendUnavailableError, SessionSerializationError, type SessionValidationError } from '../errors.ts'
import type { PayloadSchema } from './payload-schema.ts'
import { PROTOTYPE_KEY } from './reserved.ts'
import { jsonSerializer, type Snapshot, snapshotOf, writeJson } from './serializer.ts'
import { assertStorable } from './storable.ts'
import { TextCache } from '../tools/text-cache.ts'
import { copyTree, copyValue, isSameValue } from './tree.ts'

export interface CodecOptions {
  readonly serializer: SessionSerializer
  readonly schema: PayloadSchema | null
  readonly schemaVersion: number
  readonly migrate: ((data: Payload, fromVersion: number) => Payload) | undefined
  /** Seals payloads at rest; `null` where they are stored as they are. */
  readonly encryptor: Encryptor | null
  /** What parsed payloads may take. */
  readonly cacheBytes?: number
}

/** A stored session as the process knows it: the record, and its payload. */
export interface Stored extends Snapshot {
  readonly record: SessionRecord
}

/** Why the data of a record are no payload. */
export type Unreadable = 'tampered' | 'corrupt' | 'schema' | 'migration'

/** A record with its payload (`data`: the caller's own copy), or the reason why there is none. */
export type Decoded = { readonly stored: Stored, readonly data: Payload, readonly rejected?: undefined } | { readonly rejected: Unreadable }

/** A payload of a different library (`data`: the caller's own copy), or the reason why it is none. */
export type Received = { readonly snapshot: Snapshot, readonly data: Payload } | { readonly rejected: Unreadable }

/** Payload ⇄ `record.data`: serializer, schema, migration, sealing at rest. Text stays opaque to backends. */
export class PayloadCodec {
  /** The text of an empty payload. */
  readonly emptyText: string
  readonly #options: CodecOptions
  readonly #isJson: boolean
  /**
   * Payloads by the id of their session. Sessions are read again and again: to copy a parsed payload is quicker than to parse its text.
   * The data of the record are compared whole, so that a payload of before is never taken for the present one.
   */
  readonly #parsed: TextCache<{ readonly text: string, readonly tree: Payload }>

  constructor (options: CodecOptions) {
    this.#options = options
    this.#isJson = options.serializer === jsonSerializer
    this.#parsed = new TextCache(options.cacheBytes)
    this.emptyText = this.serialize({})
  }

  get schemaVersion (): number { return this.#options.schemaVersion }

  /** The payload as text. Throws `SessionSerializationError`. */
  serialize (data: object): string {
    const { serializer } = this.#options
    // JSON reads the own properties of any object; a serializer of the application gets a plain object.
    if (this.#isJson) return serializer.serialize(data as Payload)
    return checkedText(serializer, present(data))
  }

  /** A snapshot of the live payload. Throws as `serialize` does. */
  write (data: object): Snapshot {
    return this.#isJson ? writeJson(data) : { text: this.serialize(data), tree: null }
  }

  /** The payload of a snapshot: shared, never to be changed. */
  parsed (snapshot: Snapshot): Payload { return snapshot.tree ?? this.deserialize(snapshot.text) }

  /** The payload of a snapshot: the caller's own copy. */
  copyOf (snapshot: Snapshot): Payload { return snapshot.tree ? copyTree(snapshot.tree) : this.deserialize(snapshot.text) }

  /**
   * A snapshot of a payload that was merged of parsed payloads. JSON is made text only when the text is asked for: most merged
   * payloads of a group commit are merged again at once.
   */
  joined (data: Payload): Snapshot { return this.#isJson ? snapshotOf(data) : this.write(data) }

  /** A value of a parsed payload, for the application to change. What a serializer of its own reads is read for one use only. */
  readonly own = (value: unknown): unknown => this.#isJson ? copyValue(value) : value

  isEmpty (snapshot: Snapshot): boolean {
    return snapshot.tree === null ? snapshot.text === this.emptyText : Object.keys(snapshot.tree).length === 0
  }

  /** Whether two values of parsed payloads are stored as the same text. */
  readonly isSame: IsSame = (value, other, key) => this.#isJson ? isSameValue(value, other) : this.isStoredAs(value, other, key)

  /** Whether a live value would be stored as the same text as a value of a parsed payload. */
  readonly isStoredAs: IsSame = (live, parsed, key) => {
    if (this.#isJson ? isSameValue(live, parsed) : live === parsed) return true
    try {
      return this.serialize({ [key]: live }) === this.serialize({ [key]: parsed })
    } catch {
      // A part of a value may be nothing that the serializer takes under this key.
      return isDeepStrictEqual(live, parsed)
    }
  }

  /** The payload of a text. The key `__proto__`, which only a serializer of the application lets through, is left out. */
  deserialize (text: string): Payload {
    return withoutPrototype(this.#options.serializer.deserialize(text))
  }

  /** The schema's objection, or `null`. The schema sees data as they are stored: the answer of a `toJSON`, and no absent key. */
  problem (data: object): SessionValidationError | null {
    return this.#options.schema === null ? null : this.problemOf(this.write(data))
  }

  /** The same question for a snapshot. */
  problemOf (snapshot: Snapshot): SessionValidationError | null {
    return this.#options.schema?.problem(this.parsed(snapshot)) ?? null
  }

  /** A payload's text as `record.data` of the session with the id. */
  toData (text: string, id: string): string {
    const { encryptor } = this.#options
    return encryptor === null ? text : encryptor.seal(text, id)
  }

  /**
   * Reads the payload of a record. Hostile or outdated data are a result, never an exception.
   * Throws `BackendUnavailableError` for data of a newer deployment which do not fit here: such data are never overwritten; and
   * `BackendContractError` where the application's encryptor does not answer as it must.
   */
  decode (record: SessionRecord): Decoded {
    const isCurrent = record.schemaVersion === this.#options.schemaVersion
    const known = isCurrent ? this.#parsed.get(record.id, record.data) : undefined
    if (known !== undefined) return { stored: { record, text: known.text, tree: known.tree }, data: copyTree(known.tree) }
    const text = this.#open(record)
    if (text === null) return { rejected: 'tampered' }
    let data: Payload
    let hadPrototype: boolean
    let copy: Payload
    try {
      data = this.#options.serializer.deserialize(text)
      hadPrototype = removePrototype(data)
      copy = this.#isJson ? copyTree(data) : data
    } catch {
      // Also what is deeper than a payload may be.
      return { rejected: 'corrupt' }
    }
    if (!isCurrent) return this.#fromOtherVersion(record, data)
    // Changes are measured against the text, so the text must not have the key which was left out.
    if (hadPrototype) return this.#rewritten(record, data)
    if (!this.#isJson) return { stored: { record, text, tree: null }, data }
    this.#parsed.set(record.id, record.data, { text, tree: data })
    return { stored: { record, text, tree: data }, data: copy }
  }

  /** The payload of a session that was read before is another by now: the next read need not parse it. */
  noteStored ({ record, text, tree }: Stored): void {
    if (tree !== null && record.schemaVersion === this.#options.schemaVersion) this.#parsed.set(record.id, record.data, { text, tree })
  }

  #open (record: SessionRecord): string | null {
    const { encryptor } = this.#options
    return encryptor === null ? record.data : encryptor.open(record.data, record.id)
  }

  #fromOtherVersion (record: SessionRecord, data: Payload): Decoded {
    const { schemaVersion, migrate } = this.#options
    if (record.schemaVersion > schemaVersion) {
      if (this.problem(data) === null) return this.#rewritten(record, data)
      const versions = `schemaVersion ${record.schemaVersion}, here ${schemaVersion}`
      throw new BackendUnavailableError(`The session was written by a newer deployment (${versions}) and does not fit this one`)
    }
    try {
      const migrated = migrate ? withoutPrototype(migrate(data, record.schemaVersion)) : data
      return this.problem(migrated) === null ? this.#rewritten(record, migrated) : { rejected: 'schema' }
    } catch {
      return { rejected: 'migration' }
    }
  }

  /**
   * Data of a different library as a payload: what the application would have stored itself.
   *
   * @param fromVersion what `migrate` is told of the data
   */
  received (data: unknown, fromVersion: number): Received {
    const { schemaVersion, migrate } = this.#options
    let copy: Payload
    try {
      copy = this.deserialize(this.serialize(withoutPrototype(data)))
    } catch {
      return { rejected: 'corrupt' }
    }
    try {
      const migrated = migrate !== undefined && fromVersion < schemaVersion ? withoutPrototype(migrate(copy, fromVersion)) : copy
      if (this.problem(migrated) !== null) return { rejected: 'schema' }
      return { snapshot: this.write(migrated), data: migrated }
    } catch {
      return { rejected: 'migration' }
    }
  }

  /** Data which differ from `record.data`. */
  #rewritten (record: SessionRecord, data: Payload): Decoded {
    return { stored: { record, text: this.serialize(data), tree: null }, data }
  }
}

function checkedText (serializer: SessionSerializer, data: Payload): string {
  let text: unknown
  try {
    text = serializer.serialize(data)
  } catch (cause) {
    if (cause instanceof SessionSerializationError) throw cause
    throw new SessionSerializationError('session', 'was refused by the serializer', { cause })
  }
  if (typeof text !== 'string') throw new SessionSerializationError('session', `was serialized to ${typeof text}, expected a string`)
  // A record without data is a tombstone.
  if (text === '') throw new SessionSerializationError('session', 'was serialized to an empty text: stores take that for an ended session')
  assertStorable('session', text)
  return text
}

// A key which is set to `undefined` is absent, as in JSON.
function present (data: object): Payload {
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined))
}

function withoutPrototype (data: unknown): Payload {
  removePrototype(data)
  return data as Payload
}

/** Removes the key `__proto__`, and tells whether it was there. Throws for a value which is no payload. */
function removePrototype (data: unknown): boolean {
  const isObject = typeof data === 'object' && data !== null && !Array.isArray(data)
  if (!isObject) throw new TypeError('not an object')
  const hadPrototype = Object.hasOwn(data, PROTOTYPE_KEY)
  if (hadPrototype) delete (data as Payload)[PROTOTYPE_KEY]
  return hadPrototype
}
