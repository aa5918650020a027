import { CookieBackend, MemoryBackend } from 'fastsessions'

/** What `BACKEND=…` may say. Each makes a backend; one line for each more. */
const backends = {
  cookie: () => new CookieBackend(),
  memory: () => new MemoryBackend()
}

export const backendNames = Object.keys(backends)

/** @throws Error that lists the choices */
export async function createBackend (name) {
  if (!Object.hasOwn(backends, name)) throw new Error(`BACKEND is ${JSON.stringify(name)}; choose one of: ${backendNames.join(', ')}`)
  return await backends[name]()
}
