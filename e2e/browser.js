// A real browser, and what visitors do in it.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import puppeteer from 'puppeteer-core'
import { closeLater } from './closing.js'

export const name = process.env.E2E_BROWSER ?? 'chromium'
const executablePath = process.env.E2E_EXECUTABLE

// Nothing is sent to the makers of the browser, and a container needs no sandbox of its own.
const CHROMIUM_FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--disable-dev-shm-usage'
]
const FIREFOX_SETTINGS = {
  'app.update.disabledForTesting': true,
  'browser.safebrowsing.downloads.remote.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false
}

/** Starts the browser that E2E_BROWSER names, until the end of the tests of this file. Pages are shown in `light` or `dark`. */
export async function launch (scheme = 'light') {
  const browser = name === 'firefox'
    ? await puppeteer.launch({ browser: 'firefox', executablePath, headless: true, extraPrefsFirefox: { ...FIREFOX_SETTINGS, 'layout.css.prefers-color-scheme.content-override': scheme === 'dark' ? 0 : 1 }, timeout: 120_000 })
    : await puppeteer.launch({ executablePath, headless: true, args: [...CHROMIUM_FLAGS, `--blink-settings=preferredColorScheme=${scheme === 'dark' ? 0 : 1}`], timeout: 120_000 })
  closeLater(() => browser.close())
  return browser
}

/** A page with a cookie jar of its own. */
export async function newVisitor (browser, { width = 1280, height = 800 } = {}) {
  const context = await browser.createBrowserContext()
  const page = await context.newPage()
  page.setDefaultTimeout(60_000)
  await page.setViewport({ width, height })
  return page
}

/** Clicks with the mouse, and waits for the page that comes. */
export async function follow (page, selector) {
  // A tab in the background has no mouse.
  await page.bringToFront()
  await Promise.all([page.waitForNavigation(), page.click(selector)])
}

/** The same without a mouse, for tabs that do it at the same moment. */
export async function followAtOnce (page, selector) {
  await Promise.all([page.waitForNavigation(), page.$eval(selector, element => element.click())])
}

/** Presses a key, and waits for the page that comes. */
export async function followKey (page, key) {
  await Promise.all([page.waitForNavigation(), page.keyboard.press(key)])
}

export async function textOf (page) {
  return await page.evaluate(() => document.body.innerText)
}

export async function signIn (page, user) {
  await page.type('#name', user)
  await follow(page, 'form[action="/sign-in"] button')
}

/** The cookies of this visitor, by name. */
export async function jar (page) {
  const cookies = await page.browserContext().cookies()
  return new Map(cookies.map(cookie => [cookie.name, cookie]))
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What axe has to say against a page: `rule: element`. */
export async function violationsOf (page) {
  await page.evaluate(axe)
  return await page.evaluate(async () => {
    const { violations } = await window.axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`))
  })
}
