import { MAX_DEPTH } from '../record/depth.ts'
import { differingKeys, type IsSame, isPlain, memberOf, type Payload } from './changes.ts'

export interface ShowRules {
  /** Whether two values of parsed payloads are the same. */
  readonly isSame: IsSame
  /** Whether a live value is stored as a value of a parsed payload. */
  readonly isStoredAs: IsSame
  /** Whether the application assigned a new object to a key since the payload was stored. */
  readonly isAssigned: (key: string) => boolean
  /** A value of `now` as a value that the application may change. */
  readonly own: (value: unknown) => unknown
  /** Told of each key whose whole value is shown. */
  readonly onShown: (key: string, value: unknown) => void
}

/**
 * Shows in live data what has become of a payload: the changes from `before` to `now`, but not where the live data differ from
 * `before`, since the application has changed them meanwhile. Plain objects are changed in place: the application may hold them.
 */
export function show (live: Payload, before: Readonly<Payload>, now: Readonly<Payload>, rules: ShowRules): void {
  for (const key of differingKeys(before, now)) {
    if (!rules.isAssigned(key) && showMember(live, before, now, key, key, 2, rules)) rules.onShown(key, memberOf(live, key))
  }
}

/** Whether the whole value was shown. */
function showMember (
  live: Payload, before: Readonly<Payload>, now: Readonly<Payload>, key: string, outermost: string, depth: number, rules: ShowRules
): boolean {
  const [shown, old, value] = [memberOf(live, key), memberOf(before, key), memberOf(now, key)]
  if (isPlain(shown) && Object.isExtensible(shown) && isPlain(old) && isPlain(value) && depth <= MAX_DEPTH) {
    for (const inner of differingKeys(old, value)) showMember(shown, old, value, inner, outermost, depth + 1, rules)
    takeOrder(shown, value)
    return false
  }
  if (rules.isSame(old, value, outermost) || !rules.isStoredAs(shown, old, outermost)) return false
  if (value === undefined) delete live[key]
  else live[key] = rules.own(value)
  return true
}

// Inside of values the order of keys counts: a different order would be a change, and the next commit would store it.
function takeOrder (shown: Payload, value: Readonly<Payload>): void {
  const [before, keys] = [Object.keys(shown), Object.keys(value)]
  const isAll = before.length === keys.length && keys.every(key => key !== '__proto__' && Object.hasOwn(shown, key))
  if (!isAll || before.every((key, index) => key === keys[index])) return
  for (const key of keys) {
    const member = shown[key]
    delete shown[key]
    shown[key] = member
  }
}
