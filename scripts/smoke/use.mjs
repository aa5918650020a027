// The package as an ES module uses it.
import Fastify from 'fastify'
import sessions, * as fastsessions from 'fastsessions'
import check from './check.cjs'

await check({ Fastify, sessions, fastsessions, load: name => import(name) })
