import type { Sequence } from './generator.ts'
import type { Fault } from './play.ts'
import type { Act, Step } from './steps.ts'

/** Drops steps and acts one by one, as long as there is a fault still. */
export async function shrink (
  sequence: Sequence, fault: Fault, replay: (sequence: Sequence) => Promise<Fault | null>
): Promise<[Sequence, Fault]> {
  let least: Sequence = { ...sequence, steps: sequence.steps.slice(0, fault.step + 1) }
  let found = fault
  let candidates = smaller(least)
  for (let next = candidates.next(); !next.done; next = candidates.next()) {
    const candidate = { ...least, steps: next.value }
    const still = await replay(candidate)
    if (still === null) continue
    least = { ...candidate, steps: candidate.steps.slice(0, still.step + 1) }
    found = still
    candidates = smaller(least)
  }
  return [least, found]
}

/** Each sequence that lacks one step or one act. */
function * smaller ({ steps }: Sequence): Generator<readonly Step[]> {
  for (const index of steps.keys()) yield steps.toSpliced(index, 1)
  for (const [index, step] of steps.entries()) {
    for (const simpler of simplerSteps(step)) yield steps.with(index, simpler)
  }
}

function * simplerSteps (step: Step): Generator<Step> {
  if (step.kind === 'wait') return
  if (step.kind === 'request') {
    for (const acts of without(step.acts ?? [])) yield { ...step, acts }
    return
  }
  yield { kind: 'request', route: step.other.route, acts: step.other.acts }
  yield { kind: 'request', route: step.route, acts: [...step.before, ...step.after] }
  for (const before of without(step.before)) yield { ...step, before }
  for (const after of without(step.after)) yield { ...step, after }
  for (const acts of without(step.other.acts)) yield { ...step, other: { ...step.other, acts } }
}

function without (acts: readonly Act[]): Act[][] { return acts.map((_act, index) => acts.toSpliced(index, 1)) }
