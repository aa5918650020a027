import { bursts } from './bursts.ts'
import { cached } from './cached.ts'
import { clocks } from './clocks.ts'
import { hostile } from './hostile.ts'
import { killed } from './killed.ts'
import { evictions, refusals } from './limits.ts'
import { moving } from './moving.ts'
import { neighbours } from './neighbours.ts'
import { outages } from './outages.ts'
import { revocations } from './revocations.ts'
import type { Scenario } from './scenario.ts'
import { traffic } from './traffic.ts'

/** What can happen to servers and stores. */
export const scenarios: Readonly<Record<string, Scenario>> = { traffic, bursts, hostile, outages, neighbours, clocks, killed, evictions, refusals, revocations, moving, cached }

export const scenarioNames = Object.keys(scenarios)
