import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { follow, followAtOnce, followKey, jar, launch, newVisitor, signIn, textOf, violationsOf } from './browser.js'
import { closeAll } from './closing.js'
import { startDemo } from './servers.js'

let browser
let onCookie
let onMemory

before(async () => {
  browser = await launch()
  onCookie = await startDemo('cookie')
  onMemory = await startDemo('memory')
})
after(closeAll)

for (const backend of ['cookie', 'memory']) {
  const address = () => backend === 'cookie' ? onCookie : onMemory

  test(`${backend}: a visitor who looks around has no cookie, one who signs in has one that no script can read`, async () => {
    const page = await newVisitor(browser)
    await page.goto(address())
    assert.equal((await jar(page)).size, 0)
    await signIn(page, 'Ada')
    const cookie = (await jar(page)).get(`session-${backend}`)
    assert.equal(cookie.httpOnly, true)
    assert.equal(cookie.expires, -1, 'until the browser is closed')
    assert.equal(await page.evaluate(() => document.cookie), '')
    await page.reload()
    assert.match(await textOf(page), /Signed in as Ada/)
  })

  test(`${backend}: a message is shown once, in the title too, and has the focus`, async () => {
    const page = await newVisitor(browser)
    await page.goto(address())
    await signIn(page, 'Bea')
    assert.match(await page.title(), /^Welcome, Bea! · /)
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Welcome, Bea!')
    await page.reload()
    assert.doesNotMatch(await textOf(page), /Welcome/)
  })

  test(`${backend}: two tabs have one basket, and a reload shows it`, async () => {
    const one = await newVisitor(browser)
    await one.goto(address())
    await follow(one, '#tea button')
    const other = await one.browserContext().newPage()
    await other.goto(address())
    await follow(other, '#bread button')
    await follow(one, '#tea button')
    await other.reload()
    const text = await other.$eval('#basket', basket => basket.innerText)
    assert.match(text, /Green tea ×\s2/)
    assert.match(text, /Rye bread ×\s1/)
  })

  test(`${backend}: Back after signing out shows nothing of the user`, async () => {
    const page = await newVisitor(browser)
    await page.goto(address())
    await signIn(page, 'Cleo')
    await page.goto(`${address()}/session`)
    await page.goto(address())
    await follow(page, 'form[action="/sign-out"] button')
    assert.match(await textOf(page), /You are signed out/)
    for (let steps = 0; steps < 3 && !page.url().endsWith('/session'); steps++) {
      await page.goBack()
      assert.doesNotMatch(await textOf(page), /Cleo/, page.url())
    }
    assert.match(await textOf(page), /Nothing is stored/)
  })
}

test('two browsers of a user see each other on the page "Your devices", and one signs the other out', async () => {
  const [here, there] = [await newVisitor(browser), await newVisitor(browser)]
  for (const page of [here, there]) {
    await page.goto(onMemory)
    await signIn(page, 'Hana')
    await page.goto(`${onMemory}/devices`)
  }
  await here.reload()
  const devices = await here.$$eval('#device-list li', items => items.map(item => item.innerText))
  assert.equal(devices.length, 2)
  assert.match(devices[0], /(?:Chrome|Firefox) on \w+ this one/)
  assert.doesNotMatch(devices[1], /this one/)
  await follow(here, '#device-list li:nth-child(2) button')
  assert.match(await textOf(here), /The device is signed out/)
  await there.reload()
  assert.match(await textOf(there), /Nobody is signed in here/)

  await there.goto(onMemory)
  await signIn(there, 'Hana')
  await here.goto(`${onMemory}/devices`)
  // As a page with a script does it: the browser says that the page is of this site.
  const removed = await here.evaluate(async () => await (await fetch('/api/devices', { method: 'DELETE' })).json())
  assert.deepEqual(removed, { removed: 1 })
  await there.reload()
  assert.match(await textOf(there), /Not signed in/)
  await here.reload()
  assert.match(await textOf(here), /Signed in as Hana/)
})

test('two tabs that add at the same moment lose nothing', async () => {
  const one = await newVisitor(browser)
  await one.goto(onMemory)
  await signIn(one, 'Dora')
  const other = await one.browserContext().newPage()
  await other.goto(onMemory)
  for (let round = 0; round < 3; round++) await Promise.all([followAtOnce(one, '#tea button'), followAtOnce(other, '#bread button')])
  await one.reload()
  const text = await one.$eval('#basket', basket => basket.innerText)
  assert.match(text, /Green tea ×\s3/)
  assert.match(text, /Rye bread ×\s3/)
})

test('the shop works with the keyboard alone', async () => {
  const page = await newVisitor(browser)
  await page.goto(onMemory)
  await page.keyboard.press('Tab')
  assert.equal(await focused(page), 'Skip to the content')
  await page.keyboard.press('Enter')
  await page.keyboard.press('Tab')
  assert.equal(await focused(page), 'Add Apples to the basket', 'the navigation is skipped')
  await followKey(page, 'Enter')
  assert.match(await page.title(), /^Apples added/)
  await page.keyboard.press('Tab')
  assert.equal(await focused(page), 'Add Apples to the basket', 'the place is kept')
  await tabTo(page, 'name')
  await page.keyboard.type('Eve')
  await followKey(page, 'Enter')
  assert.match(await textOf(page), /Signed in as Eve/)
  await page.keyboard.down('Shift')
  await page.keyboard.press('Tab')
  await page.keyboard.up('Shift')
  assert.equal(await focused(page), 'Sign out')
  await followKey(page, 'Enter')
  assert.match(await textOf(page), /You are signed out/)
})

test('the page "Try to break it" shows results, and events as they happen', async () => {
  const page = await newVisitor(browser)
  await page.goto(`${onMemory}/break`)
  await follow(page, '#parallel button')
  const results = await page.$$eval('#parallel td', cells => cells.map(cell => cell.innerText))
  assert.deepEqual(results.slice(0, 4), ['1 of 50', '50 of 50', 'has none', '50 of 50'])
  const before = await page.$eval('#events', list => list.innerText)
  const shop = await page.browserContext().newPage()
  await shop.goto(onMemory)
  await signIn(shop, 'Fay')
  await page.bringToFront()
  await page.waitForFunction(text => document.querySelector('#events').innerText !== text, {}, before)
  assert.match(await page.$eval('#events', list => list.innerText), /created \(login\) session/)
})

for (const scheme of ['light', 'dark']) {
  test(`axe finds nothing, and nothing scrolls sideways: ${scheme}, wide and narrow`, async () => {
    const own = await launch(scheme)
    for (const width of [1280, 280]) {
      const page = await newVisitor(own, { width })
      const check = async where => {
        assert.deepEqual(await violationsOf(page), [], `${where}, ${width} px`)
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), `${where}, ${width} px`)
      }
      await page.goto(onMemory)
      assert.ok(await page.evaluate(dark => window.matchMedia('(prefers-color-scheme: dark)').matches === dark, scheme === 'dark'))
      await check('the shop')
      await page.goto(`${onMemory}/session`)
      await check('no session')
      await page.goto(onMemory)
      await follow(page, '#flowers button')
      await check('a basket')
      await signIn(page, 'Gus')
      await check('signed in')
      await page.goto(`${onMemory}/session`)
      await check('a session')
      await page.goto(`${onMemory}/devices`)
      await check('devices')
      await page.goto(`${onMemory}/break`)
      for (const experiment of ['parallel', 'race', 'replay']) {
        await follow(page, `form[action^="/break/${experiment}"] button`)
        await check(experiment)
      }
      await page.goto(`${onMemory}/source/examples/app/shop.js#L12`)
      await check('source')
      await page.goto(`${onMemory}/nowhere`)
      await check('not found')
      await page.goto(`${onMemory}/break`)
      await follow(page, '#stop button')
      assert.match(await textOf(page), /503/)
      await check('no store')
      await follow(page, 'form[action="/break/start"] button')
    }
  })
}

async function focused (page) {
  return await page.evaluate(() => document.activeElement.ariaLabel ?? (document.activeElement.id || document.activeElement.textContent))
}

async function tabTo (page, what) {
  for (let tries = 0; tries < 30; tries++) {
    await page.keyboard.press('Tab')
    if (await focused(page) === what) return
  }
  assert.fail(`${what} is not reached with Tab`)
}
