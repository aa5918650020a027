import { isCookieId, isId } from '../record/ids.ts'
import type { Arguments } from './arguments.ts'
import { type Answer, type Call, filterOf } from './command.ts'
import { UsageError } from './failures.ts'
import { withConfig } from './open.ts'
import { Progress } from './progress.ts'

const NO_ID = 'this is no id of a session: an id has 64 hex digits, or 22 characters of a cookie session, as `list` and session.id ' +
  'show it, and is not the cookie'
const SWEPT_AT_ONCE = 1_000

/** `count`: how many live sessions there are. */
export async function count ({ args }: Call): Promise<Answer> {
  const counted = await withConfig(args, async ({ sessions }) => await sessions.count(filterOf(args)))
  return { json: { count: counted }, text: String(counted) }
}

/** `sweep`: deletes what has expired, in batches. */
export async function sweep ({ args, terminal }: Call): Promise<Answer> {
  const limit = args.count('limit') ?? Infinity
  const progress = new Progress(terminal)
  const removed = await withConfig(args, async ({ sessions }) => {
    let sum = 0
    for (let last = Infinity; sum < limit && last >= SWEPT_AT_ONCE && !terminal.signal.aborted; sum += last) {
      last = await sessions.removeExpired({ limit: Math.min(SWEPT_AT_ONCE, limit - sum) })
      progress.show(`${sum + last} expired sessions deleted`, sum + last)
    }
    return sum
  })
  progress.end()
  return { json: { removed }, text: `${sessionsOf(removed, 'expired ')} deleted` }
}

/** `revoke`: ends one session, those of a subject or label, or all. */
export async function revoke ({ args }: Call): Promise<Answer> {
  const what = targetOf(args)
  const [reason, actor] = [args.text('reason'), args.text('actor')]
  const details = { ...(reason !== undefined && { reason }), ...(actor !== undefined && { actor }) }
  return await withConfig(args, async ({ sessions, registration: { keeping } }) => {
    if (what.kind === 'all') {
      await sessions.revokeAll(details)
      return { json: { revoked: 'all' }, text: 'all sessions ended' }
    }
    if (what.kind === 'id') {
      // Sessions in cookies are stored nowhere: nobody can tell whether there is one.
      const isThere = keeping.isInCookie || await sessions.exists(what.value)
      // Also of a session which seems to be gone: it may live on under a new id.
      await sessions.revoke(what.value, details)
      return { json: { revoked: isThere ? 1 : 0 }, text: isThere ? '1 session ended' : 'no session has this id; nothing to end' }
    }
    const method = what.kind === 'subject' ? 'revokeSubject' : 'revokeLabel'
    const ended = await sessions[method](what.value, details)
    if (keeping.isInCookie) return { json: { revoked: null }, text: `all sessions of the ${what.kind} ended` }
    return { json: { revoked: ended }, text: `${sessionsOf(ended)} ended` }
  })
}

interface Target {
  readonly kind: 'id' | 'subject' | 'label' | 'all'
  readonly value: string
}

/** What exactly one of id, `--subject`, `--label` and `--all` names. */
function targetOf (args: Arguments): Target {
  const [id] = args.words
  const named: Target[] = [
    ...id === undefined ? [] : [{ kind: 'id' as const, value: id }],
    ...Object.entries(filterOf(args)).map(([kind, value]) => ({ kind: kind as 'subject' | 'label', value })),
    ...args.has('all') ? [{ kind: 'all' as const, value: '' }] : []
  ]
  const [target] = named
  if (target === undefined) throw new UsageError('revoke needs to know what to end: an id, --subject, --label or --all', 'revoke')
  if (named.length > 1) throw new UsageError('revoke ends one of these: an id, --subject, --label or --all; two were given', 'revoke')
  // The text of a cookie is as good as a password, and does not belong in the arguments: the message does not repeat it.
  if (target.kind === 'id' && !isId(target.value) && !isCookieId(target.value)) throw new UsageError(NO_ID, 'revoke')
  return target
}

function sessionsOf (number: number, which = ''): string { return `${number} ${which}session${number === 1 ? '' : 's'}` }
