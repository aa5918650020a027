import assert from 'node:assert/strict'
import { test } from 'node:test'

process.env.SESSION_SECRET = 's'.repeat(32)
const { handler } = await import('./apps/aws-lambda.js')

/** What an HTTP API or a function URL sends. */
const httpApi = (method, rawPath, cookies = []) =>
  handler({ version: '2.0', rawPath, headers: {}, cookies, requestContext: { http: { method } } }, {})

/** What a REST API sends. */
const restApi = (httpMethod, path, cookie = '') =>
  handler({ httpMethod, path, headers: { cookie }, multiValueHeaders: { cookie: [cookie] }, requestContext: {} }, {})

const pairOf = line => line.split(';')[0]
const namesOf = lines => lines.map(line => line.split('=')[0]).sort()

test('HTTP API: each cookie is a line of its own on the way out, and all of them come in', async () => {
  const answer = await httpApi('POST', '/sign-in/ann')
  assert.deepEqual([answer.statusCode, namesOf(answer.cookies)], [200, ['__Host-session', 'theme']])
  assert.equal((await httpApi('GET', '/me', answer.cookies.map(pairOf))).body, 'ann')
  assert.equal((await httpApi('GET', '/me')).statusCode, 401)
})

test('REST API: each cookie is a line of its own, in multiValueHeaders', async () => {
  const answer = await restApi('POST', '/sign-in/ann')
  const lines = answer.multiValueHeaders['set-cookie']
  assert.deepEqual([answer.statusCode, namesOf(lines)], [200, ['__Host-session', 'theme']])
  assert.equal((await restApi('GET', '/me', lines.map(pairOf).join('; '))).body, 'ann')
})

test('parallel invocations of one warm function do not mix sessions', async () => {
  const names = ['ann', 'bob', 'cid', 'dan']
  const answers = await Promise.all(names.map(async name => {
    const { cookies } = await httpApi('POST', `/sign-in/${name}`)
    return (await httpApi('GET', '/me', cookies.map(pairOf))).body
  }))
  assert.deepEqual(answers, names)
})
