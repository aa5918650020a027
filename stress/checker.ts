import { idOfToken } from '../lib/record/ids.ts'
import { checkCounter } from './counter.ts'
import { Endings } from './endings.ts'
import { describe, type Event, type History, type ReportViolation, type Violation } from './history.ts'
import { checkKeys } from './keys.ts'
import { goesOn, type Issued, Lineage } from './lineage.ts'
import { endsSession, timeOf } from './measures.ts'
import { checkRefusal } from './refusals.ts'

/** The delay that a busy machine may add, beside the time limits of a load and a commit. */
const SLACK_MS = 2_000
/** The same for an ending, which has one time limit for all it does. */
const ENDING_SLACK_MS = 1_000

/** Finds the promises that were broken, from all answers and from the sessions that are stored at the end. */
export function check (history: History): Violation[] {
  const { events, absoluteMs, clocksAgree, staleMs = 0 } = history
  const lineage = new Lineage(events)
  const endings = new Endings(events, { absoluteMs, clocksAgree })
  const violations: Violation[] = []
  const report = (promise: string, event: Event, detail: string): void => {
    violations.push({ promise, detail: `${detail}: ${describe(event)}` })
  }
  for (const event of lineage.repeated) report('an id is issued once', event, 'it was there already')
  for (const event of events) {
    checkAnswer(event, history, report)
    const issued = lineage.of(event)
    if (event.status === 409) checkRefusal(event, issued, endings, report)
    if (issued !== undefined) checkAcceptance(event, issued, endings, { report, staleMs })
    else if (event.answer?.isAccepted === true) report('an id that was not issued is not accepted', event, 'nobody was given this cookie')
  }
  for (const issued of lineage.byToken.values()) {
    if (issued.children.length > 1) report('a session goes on in one place', issued.by, `${issued.children.length} sessions go on from it`)
  }
  for (const tokens of families(lineage)) {
    checkKeys(tokens, endings, { events, staleMs }, report)
    checkCounter(tokens, staleMs, report)
  }
  return [...violations, ...checkStored(history, lineage, endings)]
}

function checkAnswer (event: Event, { timeoutMs, mayFail }: History, report: ReportViolation): void {
  if (mayFail(event)) return
  const { status, kind, begin, end, holdMs, answer, issued } = event
  const isAnswered = status === 200 || status === 409
  if (endsSession(event)) {
    const isInTime = isAnswered && timeOf(event) <= timeoutMs + ENDING_SLACK_MS
    if (!isInTime) report('an ending is acknowledged in time', event, `it took ${Math.round(timeOf(event))} ms`)
  } else if (status === 503) report('who did nothing wrong gets no 503', event, 'no server is down')
  else if (!isAnswered) report('every request is answered', event, `it was answered with ${status}`)
  if (end - begin > holdMs * 2 + timeoutMs * 2 + SLACK_MS) report('an answer comes in time', event, `it took ${Math.round(end - begin)} ms`)
  const isBeginning = answer !== null && (kind === 'login' || (kind === 'create' && !answer.isAccepted))
  if (isBeginning && issued === null) report('a session that begins has a cookie', event, 'there is none')
}

function checkAcceptance (
  event: Event, issued: Issued, endings: Endings, { report, staleMs }: { report: ReportViolation, staleMs: number }
): void {
  if (event.answer === null) return
  if (!event.answer.isAccepted) {
    if (endings.isPossible(issued, event)) return
    report('a session stays until it is ended', event, `nobody ended what was ${describe(issued.by)}`)
    return
  }
  const ending = endings.certain(issued)
  if (ending !== null && event.begin - staleMs >= ending.at) {
    const what = ending.isRevocation ? 'a revoked session is not accepted' : 'an ended session is not accepted'
    report(what, event, `what is from ${describe(issued.by)} had ended by ${describe(ending.by)}`)
  }
  if (endings.isOverdue(issued, event)) report('a session ends at its deadline', event, 'the deadline had passed')
  if (event.kind === 'login' && !goesOn(event) && !endings.isPossible(issued, event)) {
    report('a sign-in keeps the data', event, 'nobody ended the session meanwhile')
  }
}

function checkStored ({ stored, events }: History, lineage: Lineage, endings: Endings): Violation[] {
  if (stored === null) return []
  const byId = new Map([...lineage.byToken.values()].map(issued => [idOfToken('session', issued.token), issued]))
  const dead = stored.filter(({ id }) => {
    const issued = byId.get(id)
    return issued !== undefined && endings.certain(issued) !== null
  })
  // A request without an answer may have stored a session of which no client has heard.
  const most = events.filter(({ status, kind }) => status !== 200 && status !== 409 && kind !== 'revoke').length
  const unknown = stored.filter(({ id }) => !byId.has(id))
  return [
    ...dead.map(({ id }) => ({ promise: 'an ended session is not listed', detail: id })),
    ...(unknown.length > most ? unknown.map(({ id }) => ({ promise: 'no session is stored that nobody was given', detail: id })) : [])
  ]
}

/** Each session together with the sessions that continue it under another id. */
function families ({ byToken }: Lineage): Issued[][] {
  const byRoot = new Map<Issued, Issued[]>()
  for (const issued of byToken.values()) {
    const family = byRoot.get(issued.root) ?? []
    family.push(issued)
    byRoot.set(issued.root, family)
  }
  return [...byRoot.values()]
}
