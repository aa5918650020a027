#!/usr/bin/env node
// Prepares a release: the version in package.json, the date in CHANGELOG.md, a commit and a tag. Publishes nothing: the
// workflow `release` does, with a provenance statement, when the tag is pushed.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { argumentsOf } from './arguments.js'

const HELP = `node scripts/release.js <version> [options]

  Writes <version> into package.json and package-lock.json, dates the section "Unreleased" of CHANGELOG.md, runs
  \`.ci/run\`, commits and tags. Then: git push --follow-tags

  --date   of the release (today)
  --dry    writes and checks, and makes no commit and no tag
  --quick  without \`.ci/run\`
  --help   this

Ends with 1 when something is not ready, and with 2 for wrong arguments.`

const root = fileURLToPath(new URL('..', import.meta.url))
const { positionals: [version], values: { date, dry, quick } } = argumentsOf(HELP, {
  allowPositionals: true,
  options: { date: { type: 'string', default: new Date().toISOString().slice(0, 10) }, dry: { type: 'boolean' }, quick: { type: 'boolean' } }
}, assertPossible)

const changelog = readFileSync(`${root}CHANGELOG.md`, 'utf8')
const current = JSON.parse(readFileSync(`${root}package.json`, 'utf8')).version
if (!isLater(version, current)) fail(`${version} is not later than ${current}`)
if (!dry && run('git', 'status', '--porcelain').stdout !== '') fail('there are changes that are not committed')
writeFileSync(`${root}CHANGELOG.md`, dated(changelog))
mustRun('npm', 'version', version, '--no-git-tag-version')
if (!quick) mustRun('bash', '.ci/run')
if (!dry) {
  mustRun('git', 'commit', '--all', '--message', `Release ${version}`)
  mustRun('git', 'tag', '--annotate', `v${version}`, '--message', `fastsessions ${version}`)
}
console.log(dry ? 'nothing was committed' : `v${version} is tagged; publish it with: git push --follow-tags`)

function assertPossible ({ positionals: [version, ...rest], values: { date } }) {
  if (version === undefined || rest.length > 0 || !/^\d+\.\d+\.\d+$/.test(version)) throw new Error('give one version, such as 1.2.3')
  if (!/^\d{4}-\d\d-\d\d$/.test(date)) throw new Error('give the date as 2027-01-31')
}

/** The change log with an empty section "Unreleased" before that of the release. */
function dated (text) {
  const heading = '## [Unreleased]\n'
  const at = text.indexOf(heading)
  if (at === -1) fail('CHANGELOG.md has no section "Unreleased"')
  const rest = text.slice(at + heading.length)
  if (!/^\n+### /.test(rest)) fail('the section "Unreleased" of CHANGELOG.md is empty')
  return `${text.slice(0, at)}${heading}\n## [${version}] - ${date}\n${rest}`
}

function isLater (a, b) {
  const [left, right] = [a, b].map(text => text.split('.').map(Number))
  const at = left.findIndex((part, index) => part !== right[index])
  return at !== -1 && left[at] > right[at]
}

function run (command, ...args) {
  return spawnSync(command, args, { cwd: root, encoding: 'utf8' })
}

function mustRun (command, ...args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) fail(`${command} ${args.join(' ')} ended with ${status}`)
}

function fail (text) {
  console.error(text)
  process.exit(1)
}
