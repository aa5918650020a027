const COUNTED = new Set(['read', 'write', 'touch', 'remove', 'exists'])

/** The same backend; each call that goes to the store is counted. Methods need their own `this`, for private fields. */
export function counted (backend, calls) {
  return new Proxy(backend, {
    get (target, name) {
      const value = target[name]
      if (typeof value !== 'function') return value
      if (name === 'bind') return context => counted(target.bind(context), calls)
      if (!COUNTED.has(name)) return value.bind(target)
      return (...args) => {
        calls.count++
        return target[name](...args)
      }
    }
  })
}
