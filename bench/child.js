import { fork } from 'node:child_process'
import { once } from 'node:events'

/** Starts a contestant in a process of its own: its port, and `ask`, which gives an order and waits for the answer. */
export async function startContestant (name, settings = {}, execArgv = []) {
  const child = fork(new URL('server.js', import.meta.url), [JSON.stringify([name, settings])], { execArgv, env: { ...process.env, NODE_ENV: 'production' } })
  let waiting
  child.on('message', message => settle(message))
  child.on('exit', () => settle({ error: 'its process ended' }))

  function settle ({ error, ...message }) {
    if (error === undefined) waiting?.resolve(message)
    else waiting?.reject(new Error(`${name}: ${error}`))
    waiting = undefined
  }

  const answer = () => new Promise((resolve, reject) => { waiting = { resolve, reject } })
  const { port } = await answer()
  return {
    port,
    ask (order, details = {}) {
      const answered = answer()
      child.send({ do: order, ...details })
      return answered
    },
    async stop () {
      if (!child.connected) return
      const ended = once(child, 'exit')
      child.disconnect()
      await ended
    }
  }
}
