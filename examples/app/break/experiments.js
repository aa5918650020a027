/** How many requests come at once. */
export const MANY = 50

/** 50 requests at once on one session, in three ways. Each row has what was expected, and what was there afterwards. */
export async function addInParallel (lab, { hasTransactions }) {
  return [
    {
      what: `${MANY} different products, each by plain assignment to session.basket[product]`,
      expected: MANY,
      naive: await inParallel(lab, 'naive', number => `basket/${number}`, 'basket'),
      ours: await inParallel(lab, 'ours', number => `basket/${number}`, 'basket')
    },
    {
      what: `${MANY} times one more, in a transaction`,
      expected: MANY,
      naive: null,
      ours: hasTransactions ? await inParallel(lab, 'ours', () => 'count-in-transaction', 'count') : null
    },
    {
      what: `${MANY} times session.count = count + 1, without a transaction`,
      expected: MANY,
      naive: await inParallel(lab, 'naive', () => 'count', 'count'),
      ours: await inParallel(lab, 'ours', () => 'count', 'count')
    }
  ]
}

async function inParallel (lab, kind, pathOf, what) {
  const client = lab.newClient(kind)
  await client.post('sign-in')
  await Promise.all(Array.from({ length: MANY }, (_, number) => client.post(pathOf(number))))
  const found = await client.look()
  await client.post('sign-out')
  return found[what]
}

/** A sign-out while a slow request runs, which writes when the session has ended: who is signed in then? */
export async function signOutWhileSlow (lab) {
  return { naive: await raceLogout(lab, 'naive'), ours: await raceLogout(lab, 'ours') }
}

async function raceLogout (lab, kind) {
  const gate = lab.newGate()
  const client = lab.newClient(kind)
  await client.post('sign-in')
  const slow = client.post(`slow/${gate.name}`)
  await gate.isReached
  await client.post('sign-out')
  gate.open()
  await slow
  gate.remove()
  return await client.look()
}

/** A cookie that was copied before the sign-out, and is sent after it. */
export async function replayStolenCookie (lab) {
  return { naive: await replay(lab, 'naive'), ours: await replay(lab, 'ours'), revocable: await replay(lab, 'revocable') }
}

async function replay (lab, kind) {
  const client = lab.newClient(kind)
  await client.post('sign-in')
  const thief = client.copy()
  await client.post('sign-out')
  return await thief.look()
}
