import type { Dialect } from '../backends/database/dialect.ts'
import { InvalidOptionsError } from '../errors.ts'
import type { Answer, Call } from './command.ts'
import { CommandError, UsageError } from './failures.ts'

const DIALECTS: readonly Dialect[] = ['postgres', 'mysql', 'sqlite']
const MISSING = new Set<unknown>(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'])

/** `table`: the SQL of the table of `DatabaseBackend`, without a server. */
export async function table ({ args }: Call, load: () => Promise<typeof import('./table-sql.ts')> = loadSql): Promise<Answer> {
  const given = args.needed('dialect', 'it is postgres, mysql (also for MariaDB) or sqlite')
  const dialect = DIALECTS.find(name => name === given)
  if (dialect === undefined) throw new UsageError('--dialect takes postgres, mysql (also for MariaDB) or sqlite', 'table')
  const [name, schema] = [args.text('table'), args.text('schema')]
  const options = { ...(name !== undefined && { table: name }), ...(schema !== undefined && { schema }) }
  const { sqlOf } = await withKysely(load)
  try {
    const sql = sqlOf(dialect, options)
    return { json: { sql: sql.split('\n') }, text: sql }
  } catch (error) {
    if (error instanceof InvalidOptionsError) throw new UsageError(error.message, 'table')
    throw error
  }
}

async function loadSql (): Promise<typeof import('./table-sql.ts')> { return await import('./table-sql.ts') }

async function withKysely<T> (load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (error) {
    if (!MISSING.has((error as { code?: unknown }).code)) throw error
    throw new CommandError('table needs kysely, which DatabaseBackend needs too: npm install kysely')
  }
}
