import { isPlain } from './rules.ts'
import type { Data, Edit } from './steps.ts'

/** Makes a change: of the model's data, and of the data that a real transaction is given. */
export function edit (data: Data, change: Edit): void {
  if (change.do === 'set') data[change.key] = structuredClone(change.value)
  else if (change.do === 'delete') delete data[change.key]
  else if (change.do === 'increment') data[change.key] = next(data[change.key])
  else editInside(data, change)
}

export function next (value: unknown): number { return typeof value === 'number' ? value + 1 : 1 }

/** What changes an object or a list in place. */
export function editInside (data: Data, change: Extract<Edit, { do: 'inside' | 'push' }>): void {
  if (change.do === 'push') {
    const list = data[change.key]
    if (Array.isArray(list)) list.push(structuredClone(change.value))
    return
  }
  const path = [...change.path]
  const last = path.pop()!
  let object: unknown = data
  for (const key of path) object = isPlain(object) ? object[key] : null
  if (!isPlain(object)) return
  if (change.value === undefined) delete object[last]
  else object[last] = structuredClone(change.value)
}
