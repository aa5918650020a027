import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { optionsSchema } from '../../lib/index.ts'
import { titlesOfTests } from '../helpers/titles.ts'

const root = new URL('../../', import.meta.url)
const document = readFileSync(new URL('docs/security.md', root), 'utf8')

/** The first and the last number of each block. Numbers between two blocks are not in use. */
const BLOCKS = [[1, 16], [20, 28], [30, 45], [50, 67], [70, 77], [80, 104], [110, 113], [120, 125], [130, 144], [150, 161], [170, 176], [180, 185], [190, 199]] as const
const REASONS = ['not offered', 'deliberate', 'application', 'documented']

const rows = document.split('\n').filter(line => /^\| C\d/.test(line)).map(line => {
  const [, id = '', kind = '', statement = '', where = '', proof = ''] = line.split(/ ?(?<!\\)\| ?/)
  return { id, kind, statement, where: codes(where), proof, tests: codes(proof), reason: /^\*\*([^*]+)\*\*: \S/.exec(proof)?.[1] ?? null }
})

function codes (cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!)
}

t.test('the document has each statement once, in order', async t => {
  const expected = BLOCKS.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, index) => `C${String(first + index).padStart(3, '0')}`))
  t.strictSame(rows.map(({ id }) => id), expected)
  for (const { id, kind, statement } of rows) t.ok(/^[MH]$/.test(kind) && statement !== '', id)
})

t.test('each statement names its tests, or one of the reasons why there is none', async t => {
  for (const { id, kind, proof, tests, reason } of rows) {
    if (reason === null) t.ok(tests.length > 0 && proof.startsWith('`'), id)
    else t.ok(REASONS.includes(reason), `${id}: ${reason}`)
    // A mechanism of the library is not left to the application.
    if (kind === 'M') t.notOk(reason === 'application' || reason === 'documented', id)
  }
  for (const reason of REASONS) t.ok(document.includes(`- **${reason}**: `), reason)
})

t.test('each test that is named exists, in one file only', async t => {
  const titles = titlesOfTests()
  for (const { id, tests, reason } of rows) {
    if (reason !== null) continue
    for (const title of tests) t.equal(titles.get(title)?.length ?? 0, 1, `${id}: ${title}`)
  }
})

t.test('each module and option that is named exists', async t => {
  const { properties } = optionsSchema as { properties: Record<string, { properties?: object }> }
  const options = [...Object.entries(properties).flatMap(([name, { properties: inner = {} }]) => [name, ...Object.keys(inner).map(key => `${name}.${key}`)]), 'passive']
  for (const { id, where, reason } of rows) {
    t.ok(where.length > 0 || reason !== null, id)
    for (const name of where) t.ok(name.startsWith('lib/') ? existsSync(new URL(name, root)) : options.includes(name), `${id}: ${name}`)
  }
})
