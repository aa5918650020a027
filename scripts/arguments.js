import { parseArgs } from 'node:util'

/**
 * The arguments of this program. `--help` prints `help` and ends; a wrong argument is said before it, with status 2.
 *
 * @param help what `--help` prints
 * @param config that of `parseArgs`, without `help`
 * @param check throws for values that cannot be
 */
export function argumentsOf (help, config, check = () => {}) {
  try {
    const parsed = parseArgs({ ...config, options: { ...config.options, help: { type: 'boolean' } } })
    if (!parsed.values.help) {
      check(parsed)
      return parsed
    }
  } catch (error) {
    console.error(`${error.message}\n\n${help}`)
    process.exit(2)
  }
  console.log(help)
  process.exit(0)
}
