import type { CommandOption } from './arguments.ts'
import type { Command } from './command.ts'

const CONFIG: CommandOption = { value: '<path>', text: 'a module that exports the options which the application registers' }
const PROPERTY: CommandOption = { value: '<name>', text: 'which registration, where the module exports several' }
const LIMIT: CommandOption = { value: '<n>', text: 'the most sessions' }
const SUBJECT: CommandOption = { value: '<id>', text: 'the sessions of this user' }
const LABEL: CommandOption = { value: '<label>', text: 'the sessions with this label' }

/** The commands, in the order of the help. */
export const commands: readonly Command[] = [
  {
    name: 'secret',
    summary: 'print a good secret',
    usage: '',
    about: ['Prints 32 random bytes as text: what SESSION_SECRET may be. It is stored nowhere.'],
    options: {},
    words: 0,
    examples: [['echo "SESSION_SECRET=$(npx fastsessions secret)" >> .env', 'a secret for development']],
    finishes: false,
    load: async () => (await import('./secret.ts')).secret
  },
  {
    name: 'inspect',
    summary: 'show what is inside a cookie, or why it is no session',
    usage: '[--config <path>] < cookie',
    about: [
      'Reads a cookie from standard input: its value, name=value, or a whole Cookie header. Opens it with the secret ' +
        'in SESSION_SECRET, as the cookie backend does, or as the registration in --config does; a session on a server ' +
        'is read from its store.',
      'A cookie is bound to its name and to the property of the registration. Nothing is changed, and no secret is ' +
        'printed; what is printed is private all the same.'
    ],
    options: {
      config: CONFIG,
      property: { value: '<name>', text: 'the property of the registration, where it is not session' },
      name: { value: '<name>', text: 'the name of the cookie, for a value alone' }
    },
    words: 0,
    examples: [
      ['pbpaste | npx fastsessions inspect', 'the cookie in the clipboard, the secret in SESSION_SECRET'],
      ['npx fastsessions inspect --config sessions.config.js --json < cookie.txt', 'as the application sees it']
    ],
    finishes: false,
    load: async () => (await import('./inspect.ts')).inspect
  },
  {
    name: 'table',
    summary: 'print the SQL of the table of DatabaseBackend',
    usage: '--dialect postgres|mysql|sqlite',
    about: ['Prints the statements; it needs no server and changes nothing. mysql is also for MariaDB.'],
    options: {
      dialect: { value: '<name>', text: 'postgres, mysql or sqlite' },
      table: { value: '<name>', text: 'the name of the table (default: sessions)' },
      schema: { value: '<name>', text: 'the schema of the table' }
    },
    words: 0,
    examples: [['npx fastsessions table --dialect postgres | psql "$DATABASE_URL"', 'create the table']],
    finishes: false,
    load: async () => (await import('./table.ts')).table
  },
  {
    name: 'count',
    summary: 'count live sessions',
    usage: '--config <path> [options]',
    about: ['Prints how many sessions are alive: all, or those of a subject or label.'],
    options: { config: CONFIG, property: PROPERTY, subject: SUBJECT, label: LABEL },
    words: 0,
    examples: [['npx fastsessions count --config sessions.config.js --subject alice', 'how many devices alice uses']],
    finishes: false,
    load: async () => (await import('./manage.ts')).count
  },
  {
    name: 'list',
    summary: 'list live sessions',
    usage: '--config <path> [options]',
    about: ['Prints a page of sessions, in no particular order. The data of the sessions are in --json only. Times are UTC.'],
    options: {
      config: CONFIG,
      property: PROPERTY,
      subject: SUBJECT,
      label: LABEL,
      limit: { ...LIMIT, text: 'the most sessions on the page (default: 20)' },
      cursor: { value: '<text>', text: 'where the page begins, as the page before has said' }
    },
    words: 0,
    examples: [['npx fastsessions list --config sessions.config.js --subject alice --json', 'with the data']],
    finishes: false,
    load: async () => (await import('./list.ts')).list
  },
  {
    name: 'revoke',
    summary: 'end sessions: one, those of a user or label, or all',
    usage: '<id> | --subject <id> | --label <label> | --all  --config <path>',
    about: [
      'Ends the sessions at once, on every node; a session that is being made at that moment ends too. An id is what ' +
        'session.id and list show, and never the cookie.',
      'After Ctrl-C it finishes what it has begun.'
    ],
    options: {
      config: CONFIG,
      property: PROPERTY,
      subject: SUBJECT,
      label: LABEL,
      all: { text: 'every session of the registration' },
      actor: { value: '<who>', text: 'who does it, for the events' },
      reason: { value: '<text>', text: 'why, for the events' }
    },
    words: 1,
    examples: [
      ['npx fastsessions revoke --subject alice --config sessions.config.js', 'sign alice out everywhere'],
      ['npx fastsessions revoke --all --config sessions.config.js', 'sign everybody out']
    ],
    finishes: true,
    load: async () => (await import('./manage.ts')).revoke
  },
  {
    name: 'sweep',
    summary: 'delete expired sessions',
    usage: '--config <path> [options]',
    about: [
      'Deletes in batches, beside traffic and other nodes. For cron, where the backend has no sweepEvery; 0 where the ' +
        'store expires by itself, as Redis does.'
    ],
    options: { config: CONFIG, property: PROPERTY, limit: { ...LIMIT, text: 'the most sessions to delete' } },
    words: 0,
    examples: [['npx fastsessions sweep --config sessions.config.js', 'once a night']],
    finishes: true,
    load: async () => (await import('./manage.ts')).sweep
  },
  {
    name: 'migrate',
    summary: 'copy the sessions of one backend into another',
    usage: '--from <path> --to <path>',
    about: [
      'Copies every live session, beside traffic on both sides, so that nobody is signed out by a change of the ' +
        'store. Both modules export options as for register: with the same property, and the same secret, encrypt, ' +
        'serializer and schema.',
      'Nothing that has changed in the target is overwritten, nothing that has ended there comes back, and what ended ' +
        'in the source ends in the target. It may be stopped at any time, and called again: it goes on, and copies what ' +
        'is new. Call it until it copies nothing more.',
      'The source keeps its sessions, and a small note for each that was copied. Sessions in cookies are not copied: ' +
        'the new registration reads them with the option migrateFrom.'
    ],
    options: {
      from: { value: '<path>', text: 'a module with the options of the registration that has the sessions' },
      to: { value: '<path>', text: 'a module with the options of the registration that gets them' },
      property: { value: '<name>', text: 'which registration, where the modules export several' },
      again: { text: 'also what was copied before and is gone from the target, which was emptied' }
    },
    words: 0,
    examples: [['npx fastsessions migrate --from old.config.js --to sessions.config.js', 'Redis into PostgreSQL, for one']],
    finishes: true,
    load: async () => (await import('./migrate/migrate.ts')).migrate
  }
]
