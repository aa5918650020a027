import t from 'tap'
import { createSite } from '../helpers/app.ts'
import { keyOf, type Moment, type Outcome, SecretWorld, Shelf } from '../helpers/secret-world.ts'

/*
 * Every order of what can happen to a session whose secrets are renewed, of any length: moments that a session cannot tell apart are one,
 * and there are finitely many. Each step is a real request. What is right is told by the contract's words alone.
 */

const STEP_MS = 30_000
const GRACE_MS = 60_000
/** The shortest that there is, and one after which the minute of the secret before is over. */
const LIVES_MS = [60_000, 90_000] as const
/** Older is as good as this old. */
const MOST_MS = LIVES_MS[1] + STEP_MS

type Step = (moment: Moment) => Promise<Moment | null>

async function newWorld (t: Parameters<typeof createSite>[0], lifeMs: number): Promise<SecretWorld> {
  const site = await createSite(t, { backend: new Shelf(), renewSecretEvery: lifeMs / 1_000, idleTimeout: '300d', absoluteTimeout: null })
  return new SecretWorld(site)
}

/** Goes through all moments that steps lead to; returns how many there are. */
async function explore (first: Moment, steps: Readonly<Record<string, Step>>): Promise<number> {
  const seen = new Set([keyOf(first, MOST_MS)])
  const open: Array<{ moment: Moment, path: string }> = [{ moment: first, path: '' }]
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    for (const [name, step] of Object.entries(steps)) {
      const path = `${next.path} ${name}`
      const moment = await step(next.moment).catch((error: Error) => { throw new Error(`${error.message}, after:${path}`) })
      if (moment === null) continue
      const key = keyOf(moment, MOST_MS)
      if (seen.has(key)) continue
      seen.add(key)
      open.push({ moment, path })
    }
  }
  return seen.size
}

/** Whether a secret opens the session, by the contract. */
function isGood ({ record, now, cameBackAt, previousCameBackAt }: Moment, number: number): boolean {
  const { counter } = record.meta!.renewal!
  if (number === counter) return true
  if (number === counter - 1) return cameBackAt === null || now - cameBackAt <= GRACE_MS
  return number === counter - 2 && previousCameBackAt !== null && now - previousCameBackAt <= GRACE_MS
}

/** A request whose outcome is as the contract says. `null` once the session has ended. */
async function ask (world: SecretWorld, moment: Moment, number: number): Promise<Outcome | null> {
  const expected = isGood(moment, number)
  const outcome = await world.ask(moment, number)
  if (outcome.isOpened !== expected || outcome.isTheft === expected) {
    throw new Error(`secret ${number} of ${moment.record.meta!.renewal!.counter} ${outcome.isOpened ? 'opened' : 'did not open'} the session`)
  }
  const { counter } = outcome.moment.record.meta?.renewal ?? { counter: 0 }
  if (expected && number !== counter && outcome.sent !== counter) throw new Error(`the answer to secret ${number} has not the cookie ${counter}`)
  return outcome.isTheft ? null : outcome
}

function received (moment: Moment, cookie: number | null): Moment {
  return cookie === null || cookie === moment.jar ? moment : { ...moment, jar: cookie, before: moment.jar, changedAt: moment.now }
}

const wait = (moment: Moment): Moment => ({ ...moment, now: moment.now + STEP_MS })

t.test('an owner with parallel requests, lost and late answers and restored tabs is never signed out, and never reported', async t => {
  for (const lifeMs of LIVES_MS) t.ok(await honestMoments(await newWorld(t, lifeMs)) > 500)
})

/** Throws where the owner is reported. */
async function honestMoments (world: SecretWorld): Promise<number> {
  const honest = async (moment: Moment, number: number): Promise<Outcome> => {
    const outcome = await ask(world, moment, number)
    if (outcome === null) throw new Error(`secret ${number} was reported`)
    return outcome
  }
  return await explore(await world.begin(), {
    'a request': async moment => {
      const { moment: after, sent } = await honest(moment, moment.jar)
      return received(after, sent)
    },
    'a lost answer': async moment => (await honest(moment, moment.jar)).moment,
    'a late answer': async moment => {
      if (moment.underWay !== null) return null
      const { moment: after, sent } = await honest(moment, moment.jar)
      return { ...after, underWay: { kind: 'answer', cookie: sent, since: after.now } }
    },
    'a late request': async moment => {
      return moment.underWay === null ? { ...moment, underWay: { kind: 'request', cookie: moment.jar, since: moment.now } } : null
    },
    'it arrives': async moment => {
      const { underWay, ...rest } = moment
      if (underWay === null) return null
      const arrived: Moment = { ...rest, underWay: null }
      if (underWay.kind === 'answer') return received(arrived, underWay.cookie)
      const { moment: after, sent } = await honest(arrived, underWay.cookie!)
      return received(after, sent)
    },
    'a restored tab': async moment => {
      const { before, changedAt, now } = moment
      if (before === null || now - changedAt > GRACE_MS) return null
      const { moment: after, sent } = await honest({ ...moment, underWay: null }, before)
      return { ...received({ ...after, jar: before }, sent), before: null }
    },
    // A request and its answer take half a minute at most.
    'a while': async moment => moment.underWay !== null && moment.now > moment.underWay.since ? null : wait(moment)
  })
}

t.test('a thief who copies the cookie at any moment is reported with the first used-up secret, whoever brings it', async t => {
  for (const lifeMs of LIVES_MS) {
    const { moments, thefts } = await momentsWithThief(await newWorld(t, lifeMs))
    t.ok(moments > 500)
    t.ok(thefts > 50)
  }
})

async function momentsWithThief (world: SecretWorld): Promise<{ moments: number, thefts: number }> {
  let thefts = 0
  const by = async (moment: Moment, number: number): Promise<Outcome | null> => {
    const outcome = await ask(world, moment, number)
    if (outcome === null) thefts++
    return outcome
  }
  const moments = await explore(await world.begin(), {
    'the owner': async moment => {
      const outcome = await by(moment, moment.jar)
      return outcome && received(outcome.moment, outcome.sent)
    },
    'a lost answer': async moment => (await by(moment, moment.jar))?.moment ?? null,
    'a copy': async moment => ({ ...moment, thief: moment.jar }),
    'the thief': async moment => {
      if (moment.thief === null) return null
      const outcome = await by(moment, moment.thief)
      return outcome && { ...outcome.moment, thief: outcome.sent ?? moment.thief }
    },
    'a while': async moment => wait(moment)
  })
  return { moments, thefts }
}

t.test('an owner who goes on makes a copy worthless a minute after the next secret has come back', async t => {
  const world = await newWorld(t, LIVES_MS[0])
  let moment: Moment = await world.begin()
  const stolen = moment.jar
  for (let time = 0; time <= LIVES_MS[0]; time += STEP_MS) moment = wait(moment)
  for (let requests = 0; requests < 2; requests++) {
    const { moment: after, sent } = await world.ask(moment, moment.jar)
    moment = received(after, sent)
  }
  t.equal(moment.jar, stolen + 1)
  t.match(await world.ask({ ...moment, now: moment.now + GRACE_MS }, stolen), { isOpened: true, isTheft: false })
  t.match(await world.ask({ ...moment, now: moment.now + GRACE_MS + 1 }, stolen), { isOpened: false, isTheft: true })
})
