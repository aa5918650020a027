import type { SessionMeta, SessionRecord } from '../../types/index.d.ts'

/** What a session is found by: its subject and its labels. */
type Keyed = Pick<SessionRecord, 'subject' | 'meta'>

/**
 * How the subject begins in the header of a record's text. No other part of a header can have this text: JSON without line breaks has
 * a space only inside a string, where the quote after it is escaped.
 */
const SUBJECT = ' {"subject":'
/** The same where the labels come first. */
const LABELS = ' {"labels":'
/** Follows the subject where the session has labels too. */
export const LABELS_FOLLOW = ',"labels":'
/**
 * Stands before each label, as white space of JSON, and nowhere else in a header, since JSON escapes a tab inside a string. So the tab
 * and the JSON of a label are in a header exactly where the session has the label, whatever the other parts of the header say.
 */
const TAB = '\t'

/** The subject in a header. */
export function subjectText (subject: string): string { return SUBJECT + JSON.stringify(subject) }

/** A label in a header. */
export function labelText (label: string): string { return TAB + JSON.stringify(label) }

/** The keys of a session as a header has them, up to the end of the last; the empty text for a session without keys. */
export function keysText ({ subject, meta }: Keyed): string {
  const labels = (meta?.labels ?? []).map(labelText).join()
  if (subject === null) return labels === '' ? '' : `${LABELS}[${labels}]`
  return labels === '' ? subjectText(subject) : `${subjectText(subject)}${LABELS_FOLLOW}[${labels}]`
}

/** The part of `meta` which is no key; `null` where nothing is left. */
export function withoutKeys (meta: SessionMeta | null): SessionMeta | null {
  if (meta === null || (meta.labels ?? []).length === 0) return meta
  const { labels: _, ...others } = meta
  return Object.keys(others).length === 0 ? null : others
}

/** The keys in a header; none for a header of a format that this version does not know. */
export function keysInHeader (header: string): Keyed {
  try {
    const { subject, labels } = JSON.parse(header.slice(header.indexOf('{'))) as { subject?: unknown, labels?: unknown }
    const texts = Array.isArray(labels) ? labels.filter(label => typeof label === 'string') : []
    return { subject: typeof subject === 'string' ? subject : null, meta: { labels: texts } }
  } catch {
    return { subject: null, meta: null }
  }
}
