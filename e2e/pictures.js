// Makes the screenshots of docs/images: npm run e2e -- --pictures
import { fileURLToPath } from 'node:url'
import { follow, launch, newVisitor, signIn } from './browser.js'
import { closeAll } from './closing.js'
import { startDemo } from './servers.js'

const folder = fileURLToPath(new URL('../docs/images/', import.meta.url))

try {
  const browser = await launch()
  const address = await startDemo('memory')
  const page = await newVisitor(browser, { width: 1040, height: 540 })
  await page.goto(address)
  await signIn(page, 'Ada')
  await follow(page, '#tea button')
  await follow(page, '#bread button')
  await page.goto(address)
  await page.screenshot({ path: `${folder}demo-shop.png` })
  await page.goto(`${address}/break`)
  await follow(page, '#parallel button')
  await (await page.$('#parallel')).screenshot({ path: `${folder}demo-parallel.png` })
} finally {
  await closeAll()
}
