#!/usr/bin/env node
// What `npm run docs` runs: builds the website of docs/ into site/dist, and fails where a link leads nowhere.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const HELP = `npm run docs -- [options]

  Builds the website of docs/ into site/dist. What it takes (VitePress) is installed into site/, at the first time.

  --serve  shows it on this machine instead, and follows your changes
  --help   this`

const site = fileURLToPath(new URL('../site', import.meta.url))
const { serve, help } = argumentsOf()
if (help) {
  console.log(HELP)
  process.exit(0)
}
if (!existsSync(join(site, 'node_modules', 'vitepress'))) {
  console.log('site: installing (once, about half a minute)')
  run('npm', 'ci', '--no-audit', '--no-fund', '--loglevel=error')
}
run('npx', '--no-install', 'vitepress', serve ? 'dev' : 'build')

function argumentsOf () {
  try {
    return parseArgs({ options: { serve: { type: 'boolean' }, help: { type: 'boolean' } } }).values
  } catch (error) {
    console.error(`${error.message}\n\n${HELP}`)
    process.exit(2)
  }
}

function run (command, ...args) {
  const { status } = spawnSync(command, args, { cwd: site, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
