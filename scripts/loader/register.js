// `node --import=./scripts/loader/register.js`: programs in TypeScript, compiled once and kept. Each test file is a process of its own that
// loads all of lib: compiling lib anew takes some three seconds of a processor for each.
import { register } from 'node:module'

register('./hooks.js', import.meta.url)
