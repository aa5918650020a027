// What test files import as `tap`: the test that the worker runs the file in.
export default new Proxy({}, {
  get (_, name) {
    const value = globalThis.currentTest[name]
    return typeof value === 'function' ? value.bind(globalThis.currentTest) : value
  }
})
