// The package as CommonJS uses it.
const Fastify = require('fastify')
const fastsessions = require('fastsessions')
const check = require('./check.cjs')

check({ Fastify, sessions: fastsessions, fastsessions, load: async name => require(name) }).catch(error => {
  console.error(error)
  process.exitCode = 1
})
