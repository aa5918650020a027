#!/usr/bin/env node
// What `npm run stress` runs.
import { runTypeScript } from './typescript.js'

await runTypeScript('stress/run.ts')
