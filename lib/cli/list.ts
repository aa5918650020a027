import type { ListPage, SessionInfo } from '../../types/index.d.ts'
import { type Answer, type Call, filterOf } from './command.ts'
import { withConfig } from './open.ts'
import { columns, printable } from './terminal.ts'

const USUAL_LIMIT = 20
const HEAD = ['ID', 'SUBJECT', 'CREATED', 'LAST SEEN', 'EXPIRES', 'LABELS', 'ABOUT']
const NOTHING = '–'

/** `list`: a page of live sessions. */
export async function list ({ args }: Call): Promise<Answer> {
  const [limit = USUAL_LIMIT, cursor] = [args.count('limit'), args.text('cursor')]
  const filter = { ...filterOf(args), limit, ...(cursor !== undefined && { cursor }) }
  const page = await withConfig(args, async ({ sessions }) => await sessions.list(filter))
  return { json: page, text: textOf(page) }
}

function textOf ({ sessions, cursor }: ListPage<SessionInfo<Record<string, unknown>>>): string {
  const more = cursor === null ? [] : [`more follow: --cursor=${cursor}`]
  const rows = sessions.map(rowOf)
  return [...rows.length === 0 ? ['no sessions'] : [columns([HEAD, ...rows])], ...more].join('\n')
}

function rowOf ({ id, subject, createdAt, lastAccessedAt, expiresAt, labels, about }: SessionInfo<Record<string, unknown>>): string[] {
  const times = [createdAt, lastAccessedAt, expiresAt].map(instantText)
  const cells = [subject ?? NOTHING, ...times, labels.join(' ') || NOTHING, about === null ? NOTHING : JSON.stringify(about)]
  return [id, ...cells.map(printable)]
}

/** A time in UTC, to the second. */
export function instantText (instant: Date): string { return instant.toISOString().replace('T', ' ').replace(/\.\d+/, '') }
