import { bursts } from './bursts.ts'
import { hostile } from './hostile.ts'
import { neighbours } from './neighbours.ts'
import { outages } from './outages.ts'
import type { Scenario } from './scenario.ts'
import { traffic } from './traffic.ts'

/** What can happen to servers and stores. */
export const scenarios: Readonly<Record<string, Scenario>> = { traffic, bursts, hostile, outages, neighbours }

export const scenarioNames = Object.keys(scenarios)
