// Test files get this module as `tap`: it stands for the test in which the worker runs the file.
export default new Proxy({}, {
  get (_, name) {
    const value = globalThis.currentTest[name]
    return typeof value === 'function' ? value.bind(globalThis.currentTest) : value
  }
})
