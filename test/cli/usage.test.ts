import t from 'tap'
import { nearestTo } from '../../lib/cli/arguments.ts'
import { commands } from '../../lib/cli/commands.ts'
import { cli, configOf, ONE_LINE } from '../helpers/cli.ts'
import { read } from '../helpers/documents.ts'

t.test('a wrong call is one line that names the remedy and the help, and exit status 2', async t => {
  const wrong: ReadonlyArray<readonly [args: string[], says: RegExp]> = [
    [[], /say what to do: secret, inspect, .*\(help: fastsessions --help\)/],
    [['lsit'], /there is no command lsit; did you mean list\?/],
    [['sing'], /there is no command sing \(help/],
    [['--config', 'x', 'list'], /the command comes first, as in: fastsessions list --config/],
    [['help', 'frobnicate'], /there is no command frobnicate/],
    [['count', '--cofnig', 'x'], /count has no option --cofnig; did you mean --config\? \(help: fastsessions count --help\)/],
    [['count', '-x'], /count has no option -x \(help/],
    [['count'], /--config is missing; it takes the path of a module/],
    [['count', '--config'], /--config needs a value: --config <path>/],
    [['count', '--config='], /--config needs a value/],
    [['count', '--config', '--json'], /one that begins with a dash is written --config=…/],
    [['count', '--config', 'a', '--config', 'b'], /--config is given twice/],
    [['count', '--json=yes'], /--json takes no value/],
    [['count', 'alice'], /it takes options only, and got a word beside/],
    [['revoke', 'a', 'b'], /it takes one word beside its options/],
    [['list', '--config', 'x', '--limit', '0'], /--limit takes an integer above 0/],
    [['sweep', '--config', 'x', '--limit', 'many'], /--limit takes an integer above 0/],
    [['revoke', '--config', 'x'], /needs to know what to end: an id, --subject, --label or --all/],
    [['revoke', '--config', 'x', '--all', '--subject', 'alice'], /ends one of these.*two were given/],
    [['table'], /--dialect is missing; it is postgres, mysql/],
    [['table', '--dialect', 'oracle'], /--dialect takes postgres, mysql/],
    [['table', '--dialect', 'sqlite', '--table', 'a.b'], /Expected `table.table` to be a name/],
    [['migrate', '--to', 'x'], /--from is missing/],
    [['migrate', '--from', 'x'], /--to is missing/],
    [['inspect'], /inspect needs the secret: set SESSION_SECRET, or name a module with --config/],
    [['inspect', '--config', 'x', '--name', 'y'], /--name goes with SESSION_SECRET/]
  ]
  for (const [args, says] of wrong) {
    const { status, out, err } = await cli(args)
    t.strictSame([status, out], [2, ''], args.join(' '))
    t.match(err, ONE_LINE, args.join(' '))
    t.match(err, says)
  }
})

t.test('a secret, a password or a cookie is never an argument, and is not repeated', async t => {
  for (const args of [['inspect', '--secret', 'hush-hush'], ['count', '--password', 'hush-hush'], ['list', '--key=hush-hush']]) {
    const { status, err } = await cli(args)
    t.equal(status, 2)
    t.match(err, /a secret is never an argument: set SESSION_SECRET, or name a module with --config/)
    t.notMatch(err, /hush/)
  }
  const { status, err } = await cli(['revoke', 'A'.repeat(43), '--config', configOf(t, {})])
  t.equal(status, 2)
  t.match(err, /this is no id of a session: an id has 64 hex digits/)
  t.notMatch(err, /AAA/)
})

t.test('the help names every command, and that of a command every option, with an example', async t => {
  const overview = (await cli(['--help'])).out
  for (const args of [['-h'], ['help']]) t.equal((await cli(args)).out, overview)
  for (const { name, options } of commands) {
    t.match(overview, new RegExp(`^  ${name} `, 'm'))
    const help = await cli([name, '--help'])
    t.equal(help.status, 0)
    for (const args of [['help', name], [name, '-h', '--unknown']]) t.equal((await cli(args)).out, help.out)
    for (const option of Object.keys(options)) t.ok(help.out.includes(`--${option}`), `${name} --${option}`)
    t.match(help.out, /Examples:\n {2}# .+\n {2}\S.*fastsessions/)
    for (const line of help.out.split('\n')) t.ok(line.length <= 100, line)
  }
})

t.test('docs/cli.md has every command and every option', async t => {
  const text = read('docs/cli.md')
  for (const { name, options } of commands) {
    t.ok(text.includes(`\n## ${name}\n`), name)
    const section = text.split(`\n## ${name}\n`)[1]!.split('\n## ')[0]!
    for (const option of Object.keys(options)) t.ok(section.includes(`--${option}`), `${name} --${option}`)
  }
})

t.test('the version is that of the package', async t => {
  t.equal((await cli(['--version'])).out, `${JSON.parse(read('package.json')).version}\n`)
})

t.test('a secret is long enough, new each time, and taken by the plugin', async t => {
  const [first, second] = [await cli(['secret']), await cli(['secret', '--json'])]
  t.match(first.out, /^[\w-]{43}\n$/)
  t.match(second.json, { secret: /^[\w-]{43}$/ })
  t.not(first.out.trim(), second.json.secret)
  t.match(await cli(['inspect'], { stdin: 'x', env: { SESSION_SECRET: second.json.secret } }), { status: 1, err: /forged/ })
})

t.test('what was meant begins alike, or differs by a slip of the fingers', async t => {
  const known = ['revoke', 'migrate', 'list']
  const meant = { rev: 'revoke', lst: 'list', migrat: 'migrate', mgirate: 'migrate', xyzzy: undefined }
  for (const [name, expected] of Object.entries(meant)) t.equal(nearestTo(name, known), expected, name)
})
