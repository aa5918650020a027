#!/usr/bin/env node
// What `npm run docs` runs: builds the website of docs/ into site/dist, and fails where a link leads nowhere.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { argumentsOf } from './arguments.js'
import { installIn } from './prepare/folder.js'

const HELP = `npm run docs -- [options]

  Builds the website of docs/ into site/dist. What it takes (VitePress) is installed into site/, at the first time.

  --serve  shows it on this machine instead, and follows your changes
  --help   this`

const site = fileURLToPath(new URL('../site', import.meta.url))
const { values: { serve } } = argumentsOf(HELP, { options: { serve: { type: 'boolean' } } })
try {
  installIn(site)
} catch (error) {
  console.error(`docs: ${error.message}`)
  process.exit(1)
}
const { status } = spawnSync('npx', ['--no-install', 'vitepress', serve ? 'dev' : 'build'], { cwd: site, stdio: 'inherit' })
process.exit(status ?? 1)
