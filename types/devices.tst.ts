// Registering `fastsessions/devices`. Compiled by `npm run types`, never run.
import type { Http2Server } from 'node:http2'
import type { FastifyInstance } from 'fastify'
import { devices, type DevicesOptions } from '../lib/devices.ts'
import { same } from './equals.ts'

declare const app: FastifyInstance
declare const overHttp2: FastifyInstance<Http2Server>

app.register(devices)
overHttp2.register(devices, { prefix: '/account/sessions' })
app.register(devices, { prefix: '/account/sessions', logLevel: 'warn' })
app.register(devices, { prefix: '/admin/sessions', property: 'admin', origins: ['https://app.example.com'] as const })
// @ts-expect-error a typing error
app.register(devices, { prefix: '/account/sessions', proprety: 'admin' })
// @ts-expect-error several origins are an array
app.register(devices, { origins: 'https://app.example.com' })
same<DevicesOptions, { property?: string | undefined, origins?: readonly string[] | undefined }>()
