import { optionsCheck, unexpected } from '../tools/check-options.ts'

export interface DevicesOptions {
  /** The option `property` of the registration whose sessions are meant. @default 'session' */
  property?: string | undefined
  /**
   * Origins of other hosts, such as `https://app.example.com`, whose pages may end sessions too. They also need CORS of the
   * application, with credentials. @default none
   */
  origins?: readonly string[] | undefined
}

const check = optionsCheck({
  description: 'an object of options',
  type: 'object',
  additionalProperties: false,
  properties: {
    property: { description: 'a string that is not empty', type: 'string', minLength: 1 },
    origins: { description: 'an array of origins', type: 'array' },
    // Those of Fastify.
    prefix: { description: 'a string' },
    logLevel: { description: 'a string' },
    logSerializers: { description: 'an object' }
  }
})

/** @throws InvalidOptionsError */
export function devicesOptions (options: DevicesOptions): Required<{ [Key in keyof DevicesOptions]: NonNullable<DevicesOptions[Key]> }> {
  check(options, 'devices')
  const { property = 'session', origins = [] } = options
  for (const origin of origins) {
    if (!isOrigin(origin)) throw unexpected('devices.origins', 'origins as browsers write them, such as https://app.example.com', origin)
  }
  return { property, origins: [...origins] }
}

function isOrigin (value: unknown): boolean {
  return typeof value === 'string' && URL.canParse(value) && new URL(value).origin === value
}
