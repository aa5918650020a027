import type { Endings } from './endings.ts'
import type { Event, ReportViolation } from './history.ts'
import type { Issued } from './lineage.ts'

const CONFLICT = 'SES_CONFLICT'

/** Checks that a request which was refused with 409 had a reason: its session had ended, or others kept changing the session. */
export function checkRefusal (event: Event, issued: Issued | undefined, endings: Endings, report: ReportViolation): void {
  const { kind, code } = event
  if (kind === 'end' || kind === 'revoke') return report('a revocation is not refused', event, `it was refused with ${code}`)
  // A sign-in begins a new session where the old one is gone: only a revocation of its subject stands in its way, or a logout beside.
  const isEndedBeside = issued !== undefined && code !== CONFLICT && endings.isLoggedOutBeside(issued, event)
  const hasReason = kind === 'login'
    ? endings.isRevoking(event, event) || isEndedBeside || endings.isBarredByJump(event) || endings.hasOutlivedItself(event)
    : issued === undefined || endings.isPossible(issued, event)
  if (hasReason) return
  if (code !== CONFLICT) report('a session stays until it is ended', event, `it was refused with ${code}, and nobody ended the session`)
  else if (kind !== 'write' && kind !== 'count') report('an ending or a new id has a last resort', event, 'its tries ran out')
}
