/**
 * How many characters must be added, removed or replaced to make one text of the other (Levenshtein).
 *
 * @example
 * distance('domian', 'domain') // 2
 */
export function distance (from: string, to: string): number {
  // The distances of the beginnings of `to` from a beginning of `from` that grows by a character at a time.
  let before = Array.from({ length: to.length + 1 }, (_, length) => length)
  for (let row = 1; row <= from.length; row++) {
    const now = [row]
    for (let column = 1; column <= to.length; column++) {
      const replaced = before[column - 1]! + (from[row - 1] === to[column - 1] ? 0 : 1)
      now.push(Math.min(replaced, before[column]! + 1, now[column - 1]! + 1))
    }
    before = now
  }
  return before[to.length]!
}
