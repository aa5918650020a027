import type { SessionRecord } from '../../../types/index.d.ts'
import { DuplicateKey, type RowWrite } from './session-table.ts'

/** What a refused write answers: the id when it is this very write that stands, else the record that does, or `null`. */
type Standing = () => Promise<string | SessionRecord | null>

/**
 * Stores a row where nothing live stands. On MySQL, whose INSERT only says that the key exists, another session may stand
 * (a conflict), or an expired one (it is taken over), or nothing any more (the second try).
 *
 * @throws the driver's error when it is not the id that exists, but a key of the application's own
 */
export async function createRow (id: string, row: RowWrite, standing: Standing, isSecond = false): Promise<string | SessionRecord | null> {
  const answer = await row.insert()
  if (answer === true) return id
  const stands = await standing()
  if (stands !== null || !(answer instanceof DuplicateKey)) return stands
  if (await row.takeOver()) return id
  if (isSecond) throw answer.error
  return await createRow(id, row, standing, true)
}

/** Stores a row whatever stands there. */
export async function overwriteRow (id: string, row: RowWrite, standing: Standing): Promise<string> {
  // Between the two statements somebody else may create or remove it.
  while (!(await row.overwrite()) && (await createRow(id, row, standing)) !== id);
  return id
}
