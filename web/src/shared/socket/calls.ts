// For what somebody is called, from what the server says and what they have opened: so a reload knows it again. Pure.

import type { Role } from '@/api/types'
import type { Talk } from '@/api/frames'
import type { View } from '@/shared/socket/reducer'

export interface Call {
  /** The same for as long as it is the same call. */
  key: string
  /** `visitor` and `request` have a place at the desk, `waits` waits for one; the others are alarms. */
  kind: 'visitor' | 'request' | 'waits' | 'unanswered' | 'counselor-lost'
  since: number
  conversation: string | null
  /** Whom an alarm is about: the counselor who does not answer, or is gone. */
  counselor: string | null
  visitor: string | null
  /** The talks that a lost counselor left. */
  talks: readonly string[]
}

/** A talk is opened anew once it runs: who looked at somebody in the queue has not yet greeted them. */
export const openedKey = ({ id, status }: Pick<Talk, 'id' | 'status'>): string => `${status === 'WAITING' ? 'waits' : 'runs'}-${id}`

function fromTalk(talk: Talk, opened: ReadonlySet<string>): Call[] {
  const key = openedKey(talk)
  // Whoever answered, perhaps at another machine, has opened it.
  if (opened.has(key) || (talk.status === 'IN_PROGRESS' && talk.unansweredSince === null)) return []
  const kind = talk.status === 'WAITING' ? 'waits' : talk.conversationType === 'REQUEST_SUPERVISE' ? 'request' : 'visitor'
  return [{ key, kind, since: talk.startTime ?? talk.createdTime, conversation: talk.id, counselor: null, visitor: talk.visitor, talks: [] }]
}

/** Everything that calls the person `me` now: alarms first, each by how long it has stood. */
export function callsOf({ active, waiting, alarms }: Pick<View, 'active' | 'waiting' | 'alarms'>, opened: ReadonlySet<string>): Call[] {
  const alarmed = alarms.map((alarm): Call => (alarm.kind === 'unanswered'
    ? { key: `unanswered-${alarm.conversation}-${alarm.since}`, ...alarm, talks: [] }
    : { key: `lost-${alarm.counselor}-${alarm.since}`, ...alarm, conversation: null, visitor: null, talks: alarm.conversations }))
  const known = new Set(alarmed.map(({ conversation }) => conversation))
  const talks = [...active, ...waiting].filter(({ id }) => !known.has(id)).flatMap((talk) => fromTalk(talk, opened))
  const bySince = (a: Call, b: Call): number => a.since - b.since
  return [...alarmed.sort(bySince), ...talks.sort(bySince)]
}

/** Who waits in the queue has time; everything else is rung for. */
export const rings = ({ kind }: Call): boolean => kind !== 'waits'

/** Where a call leads; a supervisor who is asked about that talk to the one with the counselor, beside which it stands. */
export function wayOf({ kind, conversation }: Call, role: Role | null, active: readonly Talk[]): { name: string, params?: { id: string } } {
  if (kind === 'counselor-lost' || conversation === null) return { name: role === 'supervisor' ? 'overview' : 'console' }
  const beside = active.find(({ consultation }) => consultation === conversation)
  if (role === 'supervisor' && beside !== undefined) return { name: 'talk', params: { id: beside.id } }
  return { name: role === 'administrator' ? 'record' : 'talk', params: { id: conversation } }
}

/** Talks in which somebody waits for an answer, whoever waits longest first. */
export const unanswered = (talks: readonly Talk[]): Talk[] =>
  talks.filter(({ status, unansweredSince }) => status === 'IN_PROGRESS' && typeof unansweredSince === 'number')
    .sort((a, b) => (a.unansweredSince ?? 0) - (b.unansweredSince ?? 0))

/** Whom to go to next: whoever waits longest, and after the one that is open the one behind. */
export function nextUnanswered(talks: readonly Talk[], open: string | null): string | null {
  const ids = unanswered(talks).map(({ id }) => id)
  return ids[open === null ? 0 : (ids.indexOf(open) + 1) % Math.max(1, ids.length)] ?? null
}
