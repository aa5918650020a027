import type { SessionRecord } from '../../types/index.d.ts'
import { HashMap } from '../tools/hash-map.ts'
import { type Kept, TextCache } from '../tools/text-cache.ts'

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
  /** Which texts are kept. */
  readonly #records: TextCache<SessionRecord>
  /** These, by their beginning. */
  readonly #opened = new HashMap<string, Kept<SessionRecord>>()

  /** @param maxBytes what the records may take, by an estimate; 0 keeps nothing */
  constructor (maxBytes: number | undefined) {
    this.#records = new TextCache(maxBytes, text => { this.#opened.delete(keyOf(text)) })
  }

  get (text: string): SessionRecord | undefined {
    const opened = this.#opened.get(keyOf(text))
    return opened?.text === text ? opened.value : undefined
  }

  /** @param record what opening the text comes to */
  set (text: string, record: SessionRecord): void {
    const kept = this.#records.set(record.id, text, record)
    if (kept !== null) this.#opened.set(keyOf(text), kept)
  }
}

function keyOf (text: string): string { return text.slice(0, KEY_CHARS) }
