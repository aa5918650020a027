import { existsSync, readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { integrations } from '../../integrations/list.js'

const root = new URL('../../', import.meta.url)
const read = (file: string) => readFileSync(new URL(file, root), 'utf8')
const guides = ['frameworks', 'own-backend', 'oidc-logout', 'audit-log'].map(name => `docs/guides/${name}.md`)
/** The blocks of code in the guides that are taken from a file, as pairs of file and code. */
const blocks = guides.flatMap(guide => {
  const found = read(guide).matchAll(/<!-- code: (\S+) -->\n```[jt]s\n([^]*?)\n```/g)
  return [...found].map(([, file, code]) => [file!, code!] as const)
})

t.test('the table of integrations is what the list and the installed versions say', async t => {
  const { packages } = JSON.parse(read('integrations/package-lock.json')) as { packages: Record<string, { version: string }> }
  const table = [
    '| package | version | what was tried | what to know |',
    '|---|---|---|---|',
    ...integrations.map(({ packages: names, tried, know }) => {
      const versions = names.map(name => packages[`node_modules/${name}`]!.version)
      return `| ${names.join(', ')} | ${versions.join(', ')} | ${tried} | ${know} |`
    })
  ].join('\n')
  t.equal(/<!-- integrations:[^>]*-->\n([^]*?)\n<!-- end of integrations -->/.exec(read('docs/integrations.md'))?.[1], table)
})

t.test('the README counts the packages of the list', async t => {
  t.match(read('README.md'), `[${integrations.flatMap(({ packages: names }) => names).length} packages, tried together`)
})

t.test('each integration in the list has a test, and each test is in the list', async t => {
  const files = readdirSync(new URL('integrations', root)).filter(file => file.endsWith('.test.js'))
  t.strictSame(files.sort(), integrations.map(({ name }) => `${name}.test.js`).sort())
  t.ok(existsSync(new URL('integrations/package-lock.json', root)))
})

t.test('the code of the guides is the code that is tested', async t => {
  for (const [file, code] of blocks) t.ok(read(file).includes(code), `${file}:\n${code}`)
})

t.test('the guides show each program whole', async t => {
  for (const file of new Set(blocks.map(([file]) => file).filter(file => file.startsWith('integrations/apps/')))) {
    const shown = blocks.filter(([of]) => of === file).map(([, code]) => code).join('\n').split('\n')
    t.strictSame(read(file).split('\n').filter(line => line !== '' && !shown.includes(line)), [], file)
  }
})
