import type { FastifyRequest } from 'fastify'
import type { WriteContext } from '../../types/index.d.ts'
import type { Payload } from '../payload/changes.ts'
import type { PayloadCodec } from '../payload/codec.ts'

/** What a backend is told about a write. The payload is parsed when a backend looks at `data`, and most never do. */
export class PayloadContext implements WriteContext {
  /** Absent, rather than `undefined`, outside a request. */
  declare readonly request?: FastifyRequest
  readonly #codec: PayloadCodec
  readonly #text: string
  #data: Payload | undefined

  constructor (codec: PayloadCodec, text: string, request: FastifyRequest | undefined) {
    this.#codec = codec
    this.#text = text
    if (request !== undefined) this.request = request
  }

  get data (): Payload { return (this.#data ??= this.#codec.deserialize(this.#text)) }
}
