import type { SessionRecord } from '../../types/index.d.ts'
import { HashMap } from '../tools/hash-map.ts'
import { TextCache } from '../tools/text-cache.ts'

/**
 * Only a cookie with the same first 40 characters is compared whole with a known text, so that the time of the comparison
 * tells an attacker nothing: these characters hold the nonce, or most of the signature, and to guess them is to guess 190 bits.
 */
const KEY_CHARS = 40

/**
 * The records in cookies that this process has opened or made: a browser sends its cookie with each request, and a look-up costs a
 * tenth of opening the envelope. For each session its last text is kept, once the session has come back.
 */
export class OpenedCookies {
  readonly #records: TextCache<SessionRecord>
  /** The ids of the kept texts, by the beginning of the text. */
  readonly #ids = new HashMap<string, string>()

  /** @param maxBytes what the records may take, by an estimate; 0 keeps nothing */
  constructor (maxBytes: number | undefined) {
    this.#records = new TextCache(maxBytes, text => { this.#ids.delete(keyOf(text)) })
  }

  get (text: string): SessionRecord | undefined {
    const id = this.#ids.get(keyOf(text))
    return id === undefined ? undefined : this.#records.get(id, text)
  }

  /** @param record what opening the text comes to */
  set (text: string, record: SessionRecord): void {
    if (this.#records.set(record.id, text, record)) this.#ids.set(keyOf(text), record.id)
  }
}

function keyOf (text: string): string { return text.slice(0, KEY_CHARS) }
