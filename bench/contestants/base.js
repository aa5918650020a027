import cookie from '@fastify/cookie'
import { onFastify } from './on-fastify.js'

export const create = () => onFastify({ register: app => app.register(cookie) })
