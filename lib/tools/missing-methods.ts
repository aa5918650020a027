/**
 * Hides optional methods of a wrapper which something that it wraps does not have, since the core looks whether a method is there.
 *
 * @example
 * hideMissing(wrapper, ['list', 'count'], [inner]) // `wrapper.list` is `undefined` where `inner.list` is
 */
export function hideMissing<Name extends string> (
  wrapper: object, names: readonly Name[], wrapped: ReadonlyArray<{ readonly [name in Name]?: unknown }>
): void {
  for (const name of names) {
    if (wrapped.some(one => one[name] === undefined)) hide(wrapper, name)
  }
}

/** Hides an optional method of an object that cannot do what the method is for. */
export function hide (object: object, name: string): void {
  Object.defineProperty(object, name, { value: undefined })
}
