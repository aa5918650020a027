import type { ListedRecord, ListFilter, ListPage } from '../../../types/index.d.ts'
import { isId } from '../../record/ids.ts'
import { DEFAULT_PAGE } from '../conventions.ts'
import { idOfRow, listedOfRow, recordOfRow } from './rows.ts'
import { listedFields } from './selections.ts'
import type { SessionTable } from './session-table.ts'
import type { Values } from './statement.ts'

/**
 * A page of the live sessions that match a filter, in order of id.
 *
 * @param values the values of the filter
 * @param withOwnColumns whether each record has the values of all columns that are not this library's
 */
export async function pageOf (
  table: SessionTable, { limit = DEFAULT_PAGE, cursor = '', ...filter }: ListFilter, values: Values, withOwnColumns: boolean
): Promise<ListPage<ListedRecord>> {
  const { list } = await table.selections(filter, withOwnColumns)
  const { rows } = await list({ ...values, cursor: isId(cursor) ? cursor : '', limit: limit + 1 })
  const page = rows.slice(0, limit)
  const known = withOwnColumns ? listedFields(await table.labels.areThere()).length : 0
  return {
    sessions: page.map(row => withOwnColumns ? listedOfRow(row, known) : recordOfRow(row)).filter(record => record !== null),
    cursor: rows.length > limit ? idOfRow(page.at(-1)!) : null
  }
}
