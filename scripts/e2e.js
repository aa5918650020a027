#!/usr/bin/env node
// Tests in real browsers (e2e/): installs what is missing, and runs them. `--help` says how.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { installIn } from './prepare/folder.js'
import { thisMachine } from './servers/binaries.js'

const HELP = `Tests in real browsers, against the demo and small applications.

  npm run e2e                              in Chromium
  npm run e2e -- --browser firefox         in Firefox
  npm run e2e -- shop.test.js              some of the files of e2e/
  npm run e2e -- --pictures                makes the screenshots of docs/images anew

  E2E_EXECUTABLE  the browser's program; without it, one of those in PATH

On Debian, as root, a browser that is missing is installed; elsewhere a message says what to install.
`
/** The programs of each browser, and its Debian package. */
const browsers = {
  chromium: { programs: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'], package: 'chromium' },
  firefox: { programs: ['firefox-esr', 'firefox'], package: 'firefox-esr' }
}

const folder = fileURLToPath(new URL('../e2e/', import.meta.url))
const { values, positionals } = parse()
if (values.help) {
  console.log(HELP)
  process.exit()
}
if (!Object.hasOwn(browsers, values.browser)) stop(`--browser is ${JSON.stringify(values.browser)}; choose one of: ${Object.keys(browsers).join(', ')}`, 2)
const tests = readdirSync(folder).filter(name => name.endsWith('.test.js')).sort()
const unknown = positionals.filter(name => !tests.includes(name))
if (unknown.length > 0) stop(`${unknown.join(', ')}: choose from ${tests.join(', ')}`, 2)

const executable = process.env.E2E_EXECUTABLE ?? programOf(browsers[values.browser])
installPackages()
const env = { ...process.env, E2E_BROWSER: values.browser, E2E_EXECUTABLE: executable }
const chosen = positionals.length > 0 ? positionals : tests
const args = values.pictures
  ? ['pictures.js']
  : ['--test', '--test-concurrency=1', '--test-reporter=spec', ...chosen]
process.exit(spawnSync(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'inherit', 'inherit'] }).status ?? 1)

function parse () {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { browser: { type: 'string', default: 'chromium' }, pictures: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } }
    })
  } catch (error) {
    return stop(error.message, 2)
  }
}

function programOf ({ programs, package: name }) {
  const found = thisMachine.find(...programs)
  if (found !== undefined) return found
  thisMachine.install?.([name], text => console.error(`e2e: ${text}`))
  return thisMachine.find(...programs) ??
    stop(`There is no ${programs.join(' and no ')} here. Install it (Debian: apt-get install ${name}), or name the program with E2E_EXECUTABLE.`, 1)
}

function installPackages () {
  try {
    installIn(folder)
  } catch (error) {
    stop(error.message, 1)
  }
}

function stop (text, status) {
  console.error(`e2e: ${text}`)
  process.exit(status)
}
