#!/usr/bin/env node
// What `npm run model` runs.
import { runTypeScript } from './typescript.js'

await runTypeScript('test/model/run.ts')
