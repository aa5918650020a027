import { Browser } from './browser.js'

/** Walks to the sign-in, and returns the cookie of a user who is signed in. */
export async function signedIn (steps, port) {
  const browser = new Browser(port)
  await take(browser, steps.slice(0, steps.findIndex(({ signsIn }) => signsIn) + 1))
  return browser.cookie
}

/** Takes the same walk in both copies. `faults` has what is not as expected, `differences` what a moved application does otherwise. */
export async function compareWalks (steps, servers) {
  const published = await take(new Browser(servers.published.port), steps)
  const moved = await take(new Browser(servers.moved.port), steps)
  const faults = []
  const differences = new Map()
  for (const [index, step] of steps.entries()) {
    faults.push(...faultsOf(step, published[index], moved[index]).map(fault => `step ${index + 1}, ${step.what}: ${fault}`))
    if (Array.isArray(step.cookie)) differences.set(step.cookie[2], (differences.get(step.cookie[2]) ?? 0) + 1)
  }
  return { faults, differences: Object.fromEntries(differences) }
}

async function take (browser, steps) {
  const answers = []
  let old = ''
  for (const { go, signsOut, replays } of steps) {
    if (signsOut) old = browser.cookie
    if (replays) browser.cookie = old
    // A step without an address goes where the last answer sent the browser.
    answers.push(await browser.go(...(go ?? ['GET', answers.at(-1).location ?? '/'])))
  }
  return answers
}

function faultsOf (step, published, moved) {
  const [before, after] = Array.isArray(step.cookie) ? step.cookie : [step.cookie, step.cookie]
  return [
    ...faultsOfOne('as published', step, published, before),
    ...faultsOfOne('moved', step, moved, after),
    ...(published.body === moved.body ? [] : ['the bodies differ'])
  ]
}

function faultsOfOne (which, { status, to, shows = '' }, answer, cookie) {
  const path = answer.location === null ? undefined : new URL(answer.location, 'http://shop.example').pathname
  return [
    ...(answer.status === status ? [] : [`status ${answer.status}, expected ${status}`]),
    ...(path === to ? [] : [`location ${path}, expected ${to}`]),
    ...(answer.cookie === cookie ? [] : [`cookie ${answer.cookie}, expected ${cookie}`]),
    ...(answer.body.includes(shows) ? [] : [`the body does not show ${shows}`])
  ].map(fault => `${which}: ${fault}`)
}
