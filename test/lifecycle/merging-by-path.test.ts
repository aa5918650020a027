import t, { type Test } from 'tap'
import { appendBoth, type OnConflict, type SessionConflict, type SessionOptions } from '../../lib/index.ts'
import { collectEvents } from '../helpers/app.ts'
import { createProcess, type Work } from '../helpers/processes.ts'
import { twoProcesses } from '../helpers/race.ts'
import { newSpace, stores } from '../helpers/stores.ts'

const BASKET = { basket: { apples: 1, eggs: 6 } }

/** Two requests of a session that starts with `data`: `other` commits while `mine` waits to commit. `lost` names paths. */
async function race (t: Test, data: object, mine: Work, other: Work, options: SessionOptions = {}) {
  const events = collectEvents(t)
  const both = await twoProcesses(t, options, data)
  const { status, body } = await both.race(mine, other)
  const lost = events.filter(({ reason }) => reason === 'overwritten').map(({ type, path }) => `${type} ${path!.join('.')}`)
  return { status, body, lost, data: await both.data() }
}

t.test('objects that both change in place are joined, at any depth', async t => {
  const { data, lost } = await race(t, { ...BASKET, user: { prefs: { theme: 'light', size: 1 } } },
    session => { session.basket.tea = 1; delete session.basket.eggs; session.user.prefs.theme = 'dark' },
    session => { session.basket.bread = 1; session.user.prefs.size = 2 })
  t.strictSame(data, { basket: { apples: 1, bread: 1, tea: 1 }, user: { prefs: { theme: 'dark', size: 2 } } })
  t.strictSame(lost, [])
})

t.test('of one value the later commit wins, and an event names what was lost', async t => {
  const { data, lost } = await race(t, { ...BASKET, list: [1], gone: { a: 1 } },
    session => { session.basket.apples = 2; session.list.push(2); session.gone.a = 2 },
    session => { session.basket.apples = 3; session.list.push(3); delete session.gone; session.basket.tea = 1 })
  t.strictSame(data, { basket: { apples: 2, eggs: 6, tea: 1 }, list: [1, 2], gone: { a: 2 } })
  t.strictSame(lost, ['conflict basket.apples', 'conflict list', 'conflict gone'])
})

const assigning: Work = session => { session.basket = { new: 1 } }
const inPlace: Work = session => { session.basket.tea = 1 }

t.test('an object that was assigned and an object that was changed in place are never mixed', async t => {
  t.match(await race(t, BASKET, assigning, inPlace), { data: { basket: { new: 1 } }, lost: ['conflict basket'] })
  t.match(await race(t, BASKET, assigning, session => { session.basket = { other: 1 } }), { data: { basket: { new: 1 } }, lost: ['conflict basket'] })
  const { data, lost } = await race(t, BASKET, inPlace, assigning)
  t.strictSame(data, { basket: { ...BASKET.basket, tea: 1 } })
  t.strictSame(lost, ['conflict basket'])
})

t.test('a key that was removed and assigned anew meanwhile was assigned', async t => {
  const { data } = await race(t, { ...BASKET, x: 1 }, inPlace, async session => {
    delete session.basket
    await session.save()
    session.basket = { new: 1 }
  })
  t.strictSame(data, { basket: { ...BASKET.basket, tea: 1 }, x: 1 })
})

t.test('what a transaction assigns was assigned too', async t => {
  const { data } = await race(t, BASKET, inPlace, session => session.transaction((data: any) => { data.basket = { new: 1 } }))
  t.strictSame(data, { basket: { ...BASKET.basket, tea: 1 } })
})

t.test('a copy in place of the object says the same, and is no change', async t => {
  const { data, lost } = await race(t, BASKET, session => { session.basket = { ...session.basket }; session.mine = 1 }, inPlace)
  t.strictSame(data, { basket: { ...BASKET.basket, tea: 1 }, mine: 1 })
  t.strictSame(lost, [])
})

t.test('a copy in place of an object that another request removes is not stored again', async t => {
  for (const operation of ['regenerateId', 'transaction', 'save'] as const) {
    const { body, lost } = await race(t, { list: [0], x: 1 }, async session => {
      session.list = [0]
      if (operation === 'save') session.x = 2
      if (operation === 'transaction') await session.transaction((data: any) => { data.x = 2 })
      else await session[operation]()
      return [session.data(), session.isModified]
    }, session => { delete session.list })
    t.strictSame(body.result, [{ x: operation === 'regenerateId' ? 1 : 2 }, false], operation)
    t.strictSame(lost, [])
  }
})

t.test('an object that was assigned and saved is changed in place from then on', async t => {
  const both = await twoProcesses(t, {}, {})
  await both.second.request(both.cookie, session => { session.x = 1 })
  const { body } = await both.race(async session => {
    session.basket = {}
    await session.save()
    session.basket.tea = 1
    await both.second.request(both.cookie, other => { other.basket.bread = 1 })
    await session.save()
    return session.basket
  }, () => {})
  t.strictSame(body.result, { tea: 1, bread: 1 })
})

t.test('an object that a handler holds goes on showing, and changing, the session', async t => {
  const both = await twoProcesses(t, {}, BASKET)
  const { body } = await both.race(async session => {
    const { basket } = session
    basket.tea = 1
    await session.save()
    const shown = { ...basket }
    basket.jam = 1
    return [shown, session.basket === basket]
  }, session => { session.basket.bread = 1 })
  t.strictSame(body.result, [{ apples: 1, eggs: 6, tea: 1, bread: 1 }, true])
  t.strictSame(await both.data(), { basket: { apples: 1, eggs: 6, tea: 1, bread: 1, jam: 1 } })
})

t.test('what a merge or a transaction has stored is no change of the handler, whatever the order of the keys', async t => {
  const both = await twoProcesses(t, {}, BASKET)
  const { body } = await both.race(async session => {
    session.basket.tea = 1
    await session.save()
    const merged = session.isModified
    session.user = { b: 1 }
    await session.transaction((data: any) => { data.user = { a: 1, b: 1 } })
    return [merged, session.isModified]
  }, session => { session.basket.bread = 1 })
  t.strictSame(body.result, [false, false])
})

t.test('the live session shows what others changed, but not in place of what the handler has changed while saving', async t => {
  const both = await twoProcesses(t, {}, { a: { x: 1, y: 1 }, b: { x: 1 }, c: Object.freeze({ x: 1 }), list: [1] })
  const { body } = await both.race(async session => {
    session.mine = 1
    Object.freeze(session.c)
    const saving = session.save()
    session.a.x = 'changed while saving'
    session.b = { assigned: 'while saving' }
    await saving
    return { ...session }
  }, session => { session.a.x = 2; session.a.y = 2; session.b.x = 2; session.c.x = 2; session.list.push(2); session.other = { z: 1 } })
  t.strictSame(body.result, {
    a: { x: 'changed while saving', y: 2 }, b: { assigned: 'while saving' }, c: { x: 2 }, list: [1, 2], other: { z: 1 }, mine: 1
  })
  t.strictSame(await both.data(), body.result)
})

t.test('clear() wins over whatever others changed, and events name it', async t => {
  const { data, lost } = await race(t, { ...BASKET, same: 1 }, session => { session.clear(); session.fresh = 1; session.same = 2 },
    session => { session.basket.tea = 1; session.added = 1; session.same = 2 })
  t.strictSame(data, { fresh: 1, same: 2 })
  t.strictSame(lost, ['conflict basket', 'conflict added'])
  const emptied = await race(t, BASKET, session => { session.clear() }, inPlace)
  t.strictSame([emptied.data, emptied.lost], [undefined, ['conflict basket']])
})

t.test('the lifetime counts as one value', async t => {
  const { lost } = await race(t, { x: 1 }, session => { session.setLifetime({ idleTimeout: 60 }) }, session => { session.setLifetime({ idleTimeout: 70 }) })
  t.strictSame(lost, ['conflict policy'])
  const alike = await race(t, { x: 1 }, session => { session.setLifetime({ idleTimeout: 60 }) }, session => { session.setLifetime({ idleTimeout: 60 }) })
  t.strictSame(alike.lost, [])
})

t.test('a new id takes merged data along, and says what was lost', async t => {
  const events = collectEvents(t)
  const both = await twoProcesses(t, {}, BASKET)
  const { body } = await both.race(async session => {
    session.basket.tea = 1
    session.basket.eggs = 0
    await both.second.request(both.cookie, other => { other.basket.bread = 1; other.basket.eggs = 12 })
    await session.login('ann')
    return session.basket
  }, () => {})
  t.strictSame(body.result, { apples: 1, eggs: 0, tea: 1, bread: 1 })
  t.match(events.filter(({ reason }) => reason === 'overwritten'), [{ path: ['basket', 'eggs'] }])
})

// ---------------------------------------------------------------------------------------------- onConflict

t.test('onConflict \'error\' is 409 wherever both have changed something', async t => {
  for (const [mine, other] of [
    [inPlace, (session: any) => { session.basket.tea = 2 }],
    [inPlace, (session: any) => { session.basket.bread = 1 }],
    [inPlace, assigning],
    [(session: any) => { session.clear(); session.x = 1 }, (session: any) => { session.added = 1 }],
    [(session: any) => { session.setLifetime({ idleTimeout: 60 }) }, (session: any) => { session.setLifetime({ idleTimeout: 70 }) }]
  ] as Work[][]) {
    const { status, body, lost } = await race(t, BASKET, mine!, other!, { onConflict: 'error' })
    t.match({ status, code: body.code }, { status: 409, code: 'SES_CONFLICT' })
    t.notMatch(body.message, /basket|tea/, 'the answer names no key')
    t.strictSame(lost, [], 'nothing was overwritten')
  }
})

t.test('a function is asked for each value that both changed, and its answer is kept', async t => {
  const asked: SessionConflict[] = []
  const onConflict = (conflict: SessionConflict) => {
    asked.push(structuredClone(conflict))
    if (conflict.path[0] === 'gone') return undefined
    return { joined: [conflict.mine, conflict.theirs] }
  }
  const { data, lost } = await race(t, { n: 1, deep: { n: 1, other: 1 }, gone: 1 },
    session => { session.n = 2; session.deep.n = 2; session.gone = 2; session.mine = 1 },
    session => { session.n = 3; session.deep.n = 3; session.gone = 3; session.deep.other = 2 }, { onConflict })
  t.strictSame(data, { n: { joined: [2, 3] }, deep: { n: { joined: [2, 3] }, other: 2 }, mine: 1 })
  t.strictSame(asked, [
    { path: ['n'], base: 1, mine: 2, theirs: 3 }, { path: ['deep', 'n'], base: 1, mine: 2, theirs: 3 }, { path: ['gone'], base: 1, mine: 2, theirs: 3 }
  ])
  t.strictSame(lost, [])
})

t.test('the values that a function is given are its own, whatever it does to them', async t => {
  const onConflict = ({ base, mine, theirs }: any) => {
    for (const value of [base, mine, theirs]) value.push('touched')
    return theirs
  }
  const both = await twoProcesses(t, { onConflict }, { list: [0] })
  const { body } = await both.race(async session => {
    session.list.push(1)
    await session.save()
    return session.list
  }, session => { session.list.push(2) })
  t.strictSame(body.result, [0, 2, 'touched'])
  t.strictSame(await both.data(), { list: [0, 2, 'touched'] })
})

t.test('an answer that cannot be stored, and an error, are errors of the request, and nothing is written', async t => {
  const failing: Array<[OnConflict, object]> = [
    [() => 1n, { code: 'SES_NOT_SERIALIZABLE', message: /is a BigInt/ }],
    [async () => 1, { code: 'SES_NOT_SERIALIZABLE', message: /is a Promise/ }],
    [() => { throw new Error('on purpose') }, { message: 'on purpose' }]
  ]
  for (const [onConflict, expected] of failing) {
    const { status, body, data } = await race(t, { x: 1 }, session => { session.x = 2 }, session => { session.x = 3 }, { onConflict })
    t.equal(status, 500)
    t.match(body, expected)
    t.strictSame(data, { x: 3 })
  }
})

t.test('appendBoth keeps what both append to a list, and mine of anything else', async t => {
  const lists = (mine: unknown, other: unknown, data: object = { list: [{ n: 1 }] }) =>
    race(t, data, session => { session.list = mine }, session => { session.list = other }, { onConflict: appendBoth })
  t.strictSame((await lists([{ n: 1 }, 2], [{ n: 1 }, 3, 4])).data, { list: [{ n: 1 }, 3, 4, 2] })
  t.strictSame((await lists(['mine'], ['theirs'], {})).data, { list: ['theirs', 'mine'] }, 'also where nothing was')
  for (const [mine, other] of [[[2], [{ n: 1 }, 3]], [[{ n: 1 }, 2], []], ['text', [{ n: 1 }, 3]], [[{ n: 1 }, 2], { a: 1 }]]) {
    t.strictSame((await lists(mine, other)).data, { list: mine })
  }
  t.strictSame((await lists([1], [2], { list: 'text' })).data, { list: [1] })
})

t.test('lists and objects that a serializer of the application keeps are merged as well', async t => {
  const serializer = {
    serialize: (data: object) => JSON.stringify(data, (_key, value) => value instanceof Map ? { map: [...value] } : value),
    deserialize: (text: string) => JSON.parse(text, (_key, value) => Array.isArray(value?.map) ? new Map(value.map) : value) as Record<string, unknown>
  }
  const { data } = await race(t, { a: { seen: new Map([['x', 1]]), n: 1 }, list: [0] },
    session => { session.a.seen.set('y', 1); session.list.push(1) },
    session => { session.a.n = 2; session.list.push(2) }, { serializer, onConflict: appendBoth })
  t.strictSame(data, { a: { seen: new Map([['x', 1], ['y', 1]]), n: 2 }, list: [0, 2, 1] })
})

// ---------------------------------------------------------------------------------------------- backends

for (const [name, store] of Object.entries(stores)) {
  t.test(`two tabs that add to one basket at once lose nothing, in one process and in two (${name})`, async t => {
    const space = newSpace()
    const backend = await store.open(t, space)
    const first = await createProcess(t, backend)
    // PGlite lives in its process.
    const second = await createProcess(t, name === 'pglite' ? backend : await store.open(t, space))
    const { id, cookie } = await first.app.sessions.create({ basket: {} })
    for (let round = 0; round < 5; round++) {
      await Promise.all([first, second, first].map((process, tab) => process.request(cookie, session => { session.basket[`tea${round}-${tab}`] = 1 })))
    }
    t.equal(Object.keys((await first.app.sessions.get(id))!.data['basket'] as object).length, 15)
  })
}
