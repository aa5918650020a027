import { MemoryBackend } from '../../../lib/index.ts'
import type { BackendContext, SessionBackend } from '../../../types/index.d.ts'
import type { WrongBackend } from './wrong.ts'

type Methods = Pick<MemoryBackend, 'read' | 'exists' | 'write' | 'touch' | 'remove' | 'list' | 'count' | 'removeSubject' | 'removeAll'>

/** Each method as a careless backend has it, which reaches the main registration (`main`) from a different one too. */
const mistakes: { [Name in keyof Methods]: (main: MemoryBackend, own: MemoryBackend) => Methods[Name] } = {
  read: (main, own) => id => own.read(id) ?? main.read(id),
  exists: (main, own) => id => own.exists(id) || main.exists(id),
  write: (main, own) => (id, record, expected) => (main.exists(id) ? main : own).write(id, record, expected),
  touch: (main, own) => (id, record) => own.touch(id, record) || main.touch(id, record),
  remove: (main, own) => id => { for (const each of [main, own]) each.remove(id) },
  list: main => filter => main.list(filter),
  count: main => filter => main.count(filter),
  removeSubject: (main, own) => (subject, options) => main.removeSubject(subject, {}) + own.removeSubject(subject, options),
  removeAll: (main, own) => () => { for (const each of [main, own]) each.removeAll() }
}

const sentences: { [Name in keyof Methods]: RegExp } = {
  read: /shows no session to another registration/,
  exists: /shows no session to another registration/,
  write: /writes nothing over a session of another registration/,
  touch: /removes and renews no session of another registration/,
  remove: /removes and renews no session of another registration/,
  list: /lists the sessions of its own registration only/,
  count: /counts the sessions of its own registration only/,
  removeSubject: /ends the sessions of a subject in its own registration only/,
  removeAll: /ends all sessions of its own registration only/
}

function sharing (name: keyof Methods): SessionBackend {
  const root = new MemoryBackend()
  const bind = (context: BackendContext): MemoryBackend => {
    const backend = root.bind(context)
    if (context.property === 'session') return backend
    return Object.assign(backend, { [name]: mistakes[name](root.bind({ ...context, property: 'session' }), root.bind(context)) })
  }
  return Object.assign(new MemoryBackend(), { bind })
}

export const registrations: readonly WrongBackend[] = (Object.keys(mistakes) as Array<keyof Methods>).map(name => ({
  name: `reaches another registration by ${name}`,
  foundBy: sentences[name],
  create: () => sharing(name),
  capabilities: { expires: true }
}))
