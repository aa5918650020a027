#!/usr/bin/env node
// What a request costs with fastsessions and its peers: npm run bench -- --help
import { parseOptions } from './options.js'
import { prepare } from './prepare.js'

const options = parse()
if (options !== null) {
  prepare()
  // Only now is there something to import.
  const { run } = await import(moduleOf(options.long))
  await run(options)
}

function parse () {
  try {
    return parseOptions(process.argv.slice(2))
  } catch (error) {
    console.error(`bench: ${error.message}`)
    process.exit(1)
  }
}

function moduleOf (long) {
  if (long === undefined) return './contest.js'
  return long === 'scaling' ? './scaling/run.js' : `./${long}.js`
}
